"""A report as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipelines.simulation.report import ARMS, Report

HEADINGS = {
    "uptime": "uptime %",
    "latency": "mean latency s",
    "errors": "error rate %",
    "duplicates": "duplicate orders",
}
HONEST = (
    "The fault mix was chosen so that the naive column comes out near the figures claimed for it; the orchestrated "
    "column is an outcome. Without a second provider the uptime gain is about zero.",
    "Both arms meet the same faults, drawn from a hash of seed, request, agent, attempt and provider. The orchestrated "
    "arm runs the shipped agents, breaker and pipeline on the memory store, in virtual time: computing costs nothing.",
)


def text_of(made: Report) -> str:
    """Everything that the report holds, as tables."""
    return "\n".join(_lines(made))


def mix_in_words(mix: Mapping[str, Any]) -> str:
    """The faults that both arms met."""
    return (
        f"Faults: primary provider out {mix['out']:.1%} of the day in {mix['outages']} windows, alternately down and "
        f"hanging; secondary {mix['secondary_out']:.2%}, inside one of them; of calls {mix['hang']:.2%} hang, "
        f"{mix['error']:.2%} answer 5xx, {mix['malformed']:.2%} malformed; {mix['lost']:.2%} of orders are committed "
        f"and their answer is lost; {mix['invalid']:.2%} of requests can never succeed."
    )


def _lines(made: Report) -> Iterator[str]:
    seeds = made["seeds"]
    named = f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]} to {seeds[-1]}, means with 95 % intervals"
    yield f"{made['requests']:,} requests, {made['days']:g} day{'s' if made['days'] != 1 else ''} a seed, {named}"
    yield ""
    yield from _table(
        ["", *ARMS],
        [[heading, *(_told(made["arms"][arm][name]) for arm in ARMS)] for name, heading in HEADINGS.items()],
    )
    for part, lines in (("ablation", _ablation), ("sweep", _sweep), ("claims", _claims)):
        if part in made:
            yield ""
            yield from lines(made[part])
    yield ""
    yield mix_in_words(made["mix"])
    yield from HONEST
    if made["days"] == 1:
        yield ""
        yield from _table(
            ["goal", "wanted", "got", ""],
            [
                [goal["what"], goal["wanted"], goal["got"], "met" if goal["met"] else "NOT MET"]
                for goal in made["goals"]
            ],
        )


def _ablation(part: Mapping[str, Any]) -> Iterator[str]:
    yield f"What each part is worth (seeds {', '.join(map(str, part['seeds']))})"
    rows = [[row["name"], *(f"{row[name]['mean']:.2f}" for name in HEADINGS)] for row in part["rows"]]
    yield from _table(["without", *HEADINGS.values()], rows)


def _sweep(part: Mapping[str, Any]) -> Iterator[str]:
    yield f"More and fewer faults (seed {part['seed']}): uptime % / mean latency s / error rate % / duplicates"
    arms = (*ARMS, "no fallback")
    rows = [[f"x {row['factor']:g}", *(_four(row[arm]) for arm in arms)] for row in part["rows"]]
    yield from _table(["faults", *arms], rows)


def _claims(part: Mapping[str, Any]) -> Iterator[str]:
    yield "Breakers and throughput: 64 slots, 60 requests/s offered, 2 s timeout then the second provider"
    rows = [
        [
            f"{one['share']:.0%} of the peak",
            f"{one['without']:.1f}",
            f"{one['with_breaker']:.1f}",
            f"{100 * (one['with_breaker'] / one['without'] - 1):+.0f} %",
        ]
        for one in part["throughput"]
    ]
    yield from _table(["provider hangs for", "without, requests/s", "with a breaker", "gain"], rows)
    yield ""
    yield "Jitter and retry storms: total calls until the server has served all, at most 12 calls each"
    rows = [
        [f"{one['clients']:,}", f"{one['room']} in 100 ms", one["jitter"], f"{one['calls']:,}", f"{one['served']:,}"]
        for one in part["storms"]
    ]
    yield from _table(["clients", "room", "jitter", "calls", "served"], rows)
    yield ""
    times = part["timeouts"]
    yield "Timeouts: share of calls that meet theirs, agents with medians of 0.15, 0.45, 1.1 and 0.8 s"
    learned = ", ".join(f"{seconds:.1f}" for seconds in times["seconds"])
    yield from _table(
        ["timeout", "of calls"],
        [
            ["1 s for all", f"{times['one_for_all']:.1f} %"],
            [f"1.5 x p99.9 of each: {learned} s", f"{times['learned']:.3f} %"],
        ],
    )


def _told(estimate: Mapping[str, float]) -> str:
    if estimate["least"] == estimate["most"]:
        return f"{estimate['mean']:.4g}" if estimate["mean"] else "0"
    return f"{estimate['mean']:.2f} ({estimate['low']:.2f} to {estimate['high']:.2f})"


def _four(figures: Mapping[str, Any]) -> str:
    told = (f"{figures['uptime']:.2f}", f"{figures['latency']:.2f}", f"{figures['errors']:.2f}")
    return " / ".join((*told, str(figures["duplicates"])))


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in [headings, *rows]) for column in range(len(headings))]
    for row in [headings, *rows]:
        first, *others = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join([first, *(cell.strip().rjust(width) for cell, width in zip(others, widths[1:], strict=True))])
