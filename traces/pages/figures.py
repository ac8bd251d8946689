"""The six figures as the overview shows them: value, unit, line, change against the range before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ecoa_web.format import (
    MINUS,
    Parts,
    count_parts,
    duration_parts,
    money,
    percent_parts,
    rate_parts,
    text,
)
from traces.pages.sparkline import Sparkline, sparkline
from traces.queries.ingest import Ledger
from traces.queries.overview import Figures, Slice
from traces.queries.traces import Bar
from traces.queries.window import to_ns

USUAL = 0.1  # a change of less than a tenth is nothing to look at


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One figure. `query` narrows the traces it leads to; `state` says whether its change is bad."""

    label: str
    value: Parts
    line: Sparkline
    change: str = ""
    note: str = ""
    state: str = ""  # bad, warn or none
    query: str = ""
    page: str = "traces"  # where it leads


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """Slices over the range and the one before it, split at boundary_ns. The slice still filling is left out."""

    bars: list[Bar]
    slices: list[Slice]
    start_ns: int
    boundary_ns: int
    end_ns: int

    def of_bars(self, value: Callable[[Bar], float | None]) -> Sparkline:
        """A line of trace counts."""
        placed = [(to_ns(bar.start), value(bar)) for bar in self.bars]
        return self.split(placed)

    def of_slices(self, value: Callable[[Slice], float | None]) -> Sparkline:
        """A line of rollup sums, each per minute so that slices of any width compare."""
        return self.split([(part.start_ns, value(part)) for part in self.slices if self.whole(part)])

    def whole(self, part: Slice) -> bool:
        """Whether a slice lies within both ranges; the first and the last one seldom do."""
        return self.start_ns <= part.start_ns and part.end_ns <= self.end_ns

    def split(self, placed: Sequence[tuple[int, float | None]]) -> Sparkline:
        """The two lines, now and before."""
        return sparkline(
            [value for at, value in placed if at >= self.boundary_ns],
            [value for at, value in placed if at < self.boundary_ns],
        )

    @property
    def newest_received_per_second(self) -> float:
        """Spans a second in the newest whole slice."""
        whole = [part for part in self.slices if self.whole(part)]
        return whole[-1].received / ((whole[-1].end_ns - whole[-1].start_ns) / 1e9) if whole else 0.0


def cards(now: Figures, was: Figures, *, trend: Trend, ledger: Ledger, minutes: float) -> list[Card]:
    """Traces, error rate, latency, tokens, cost, spans."""
    return [
        traces_card(now, was, trend, minutes),
        errors_card(now, was, trend),
        latency_card(now, was, trend),
        tokens_card(now, was, trend),
        cost_card(now, was, trend),
        spans_card(trend, ledger, minutes),
    ]


def traces_card(now: Figures, was: Figures, trend: Trend, minutes: float) -> Card:
    [(number, unit)] = rate_parts(now.traces / minutes)
    change, note = relative(now.traces, was.traces)
    return Card(
        label="Traces",
        value=[(number, f"{unit} per min".strip())],
        line=trend.of_bars(lambda bar: bar.ok + bar.error + bar.running + bar.waiting),
        change=change,
        note=note,
    )


def errors_card(now: Figures, was: Figures, trend: Trend) -> Card:
    rate, before = share(now), share(was)
    change, note, state = "", "", ""
    if rate is not None and before is not None:
        points = (rate - before) * 100
        if abs(points) < 0.05:
            change, note = "±0 pts", "as usual"
        else:
            change = f"{signed(points, 1)} pts"
            note = f"was {text(percent_parts(before))}"
            state = "bad" if points >= 1 and rate >= 0.02 else ""
    return Card(
        label="Error rate",
        value=percent_parts(rate),
        line=trend.of_bars(error_share),
        change=change,
        note=note or f"{text(count_parts(now.failed))} of {text(count_parts(now.traces))}",
        state=state,
        query="status:error",
    )


def latency_card(now: Figures, was: Figures, trend: Trend) -> Card:
    change, note, state = "", "no agent calls" if now.agent_p95_ms is None else "", ""
    if now.agent_p95_ms is not None and was.agent_p95_ms:
        ratio = now.agent_p95_ms / was.agent_p95_ms - 1
        difference = text(duration_parts(abs(now.agent_p95_ms - was.agent_p95_ms)))
        change = f"{'+' if ratio >= 0 else MINUS}{difference}"
        note = slower(ratio)
        state = "warn" if ratio >= 0.25 else ""
    return Card(
        label="Agent latency p95",
        value=duration_parts(now.agent_p95_ms),
        line=trend.of_slices(lambda part: part.agent_p95_ms),
        page="agents",
        change=change,
        note=note.replace("%", "\N{NO-BREAK SPACE}%"),
        state=state,
    )


def tokens_card(now: Figures, was: Figures, trend: Trend) -> Card:
    change, note = relative(tokens(now), tokens(was))
    return Card(
        label="Tokens",
        page="costs",
        value=count_parts(tokens(now)),
        line=trend.of_slices(lambda part: per_minute(part, part.tokens)),
        change=change,
        note=note,
    )


def cost_card(now: Figures, was: Figures, trend: Trend) -> Card:
    change, note = relative(now.cost_usd, was.cost_usd)
    if now.unpriced_calls:
        note = f"{text(count_parts(now.unpriced_calls))} calls unpriced"
    return Card(
        label="Cost",
        page="costs",
        value=[(money(now.cost_usd), "")],
        line=trend.of_slices(lambda part: per_minute(part, part.cost_usd)),
        change=change,
        note=note,
    )


def spans_card(trend: Trend, ledger: Ledger, minutes: float) -> Card:
    pace = ledger.received_spans / minutes
    [(number, unit)] = rate_parts(pace / 60 if pace >= 60 else pace)
    waits = ledger.oldest_pending_s
    late = waits is not None and waits > 5
    return Card(
        label="Spans received",
        value=[(number, f"{unit} per {'s' if pace >= 60 else 'min'}".strip())],
        line=trend.of_slices(lambda part: per_minute(part, part.received)),
        change=text(duration_parts(waits * 1000)) if late and waits else "",
        note="the oldest waits" if late else "stored as they come",
        state="warn" if late else "",
    )


def slower(ratio: float) -> str:
    """How much slower or faster, in words."""
    if abs(ratio) < USUAL:
        return "as usual"
    if ratio >= 1:
        return f"{1 + ratio:,.1f} times as long"
    return f"{abs(ratio):.0%} {'slower' if ratio > 0 else 'faster'}"


def per_minute(part: Slice, number: float) -> float:
    return number / ((part.end_ns - part.start_ns) / 60e9)


def tokens(figures: Figures) -> int | None:
    if figures.input_tokens is None and figures.output_tokens is None:
        return None
    return (figures.input_tokens or 0) + (figures.output_tokens or 0)


def share(figures: Figures) -> float | None:
    return figures.failed / figures.traces if figures.traces else None


def error_share(bar: Bar) -> float | None:
    whole = bar.ok + bar.error + bar.running + bar.waiting
    return bar.error / whole if whole else None


def relative(now: float | None, was: float | None) -> tuple[str, str]:
    """A change in percent with a word for it; from nothing there is none to give."""
    if not now or not was:
        return "", "none before" if now else "none"
    ratio = now / was - 1
    if ratio >= 9:
        return f"{now / was:,.0f}\N{NO-BREAK SPACE}\N{MULTIPLICATION SIGN}", "of before"
    digits = 1 if abs(ratio) < USUAL else 0
    return f"{signed(ratio * 100, digits)}\N{NO-BREAK SPACE}%", "as usual" if abs(ratio) < USUAL else "against before"


def signed(number: float, digits: int) -> str:
    """With its sign, the minus a real one."""
    return f"{'+' if number >= 0 else MINUS}{abs(number):.{digits}f}"
