"""One report of all of it: both arms over the seeds, what each part is worth, more and fewer faults, other claims."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from pipelines.simulation.claims import HISTORY, PEAK, claims
from pipelines.simulation.days import PROCESSES, Play, Played, play
from pipelines.simulation.faults import Mix
from pipelines.simulation.figures import Estimate, Figures, estimate
from pipelines.simulation.orchestrated import ABLATION, Setup

FIGURES = ("uptime", "latency", "errors", "duplicates")
SWEEP = (0.5, 1.5, 2.0, 3.0)  # times the faults
ABLATED = 3  # seeds
NO_FALLBACK = ABLATION["no fallback"]

type Report = dict[str, Any]  # JSON
type Told = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the report is to hold."""

    seeds: Sequence[int]
    days: float = 1.0
    ablation: bool = False
    sweep: bool = False
    claims: bool = False
    peak: float = PEAK
    history: int = HISTORY


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A figure that has to come out, and whether it did."""

    what: str
    wanted: str
    got: str
    met: bool


def report(asked: Asked, *, told: Told = lambda _: None) -> Report:
    """Play everything that is asked for."""
    plays = _plays(asked)
    with ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("spawn")) as pool:
        running = {name: pool.submit(play, one) for name, one in plays.items()}
        others = (
            asdict(claims(pool, seed=asked.seeds[0], peak=asked.peak, history=asked.history)) if asked.claims else None
        )
        played = {}
        for done, (name, future) in enumerate(running.items(), start=1):
            played[name] = future.result()
            told(f"{done}/{len(running)} {' '.join(map(str, name))}: {_brief(played[name].figures)}")
    made = _report(asked, played)
    return made if others is None else {**made, "claims": others}


def goals(made: Report) -> list[Goal]:
    """What must come out over the seeds: means, and on every seed no duplicate of the orchestrated chain."""
    naive, ours = ({name: Estimate(**value) for name, value in made["arms"][arm].items()} for arm in ARMS)
    return [
        _goal("naive uptime", naive["uptime"], 93.5, 95.0, "%"),
        _goal("naive mean latency", naive["latency"], 2.0, 2.9, "s"),
        _goal("naive error rate", naive["errors"], 8.0, 9.5, "%"),
        _goal("naive duplicates", naive["duplicates"], 8.0, 20.0, "a day"),
        _goal("orchestrated uptime", ours["uptime"], 99.8, 100.0, "%"),
        _goal("orchestrated mean latency", ours["latency"], 0.0, 1.2, "s"),
        _goal("orchestrated error rate", ours["errors"], 0.0, 0.4, "%"),
        Goal(
            what="orchestrated duplicates",
            wanted="0 on every seed",
            got=f"at most {ours['duplicates'].most:g}",
            met=ours["duplicates"].most == 0,
        ),
    ]


def _brief(one: Figures) -> str:
    return f"{one.uptime:.2f} % up, {one.latency:.3f} s, {one.errors:.2f} % errors, {one.duplicates} duplicates"


def _goal(what: str, got: Estimate, low: float, high: float, unit: str) -> Goal:
    return Goal(
        what=what, wanted=f"{low:g} to {high:g} {unit}", got=f"{got.mean:.2f} {unit}", met=low <= got.mean <= high
    )


ARMS = ("naive", "orchestrated")


def _plays(asked: Asked) -> Mapping[tuple[Any, ...], Play]:
    """Every day that has to be played, by what it is for."""
    duration, first = asked.days * 86400, asked.seeds[0]
    wanted: dict[tuple[Any, ...], Play] = {}
    for seed in asked.seeds:
        for arm, setup in zip(ARMS, (None, Setup()), strict=True):
            wanted[arm, seed] = Play(seed=seed, setup=setup, duration=duration, course=seed == first)
    if asked.ablation:
        for name, less in ABLATION.items():
            for seed in asked.seeds[:ABLATED] if less != Setup() else ():
                wanted[name, seed] = Play(seed=seed, setup=less, duration=duration)
    if asked.sweep:
        for factor in SWEEP:
            for arm, setup in ((ARMS[0], None), (ARMS[1], Setup()), ("no fallback", NO_FALLBACK)):
                mix = Mix().times(factor)
                wanted["sweep", factor, arm] = Play(seed=first, setup=setup, duration=duration, mix=mix)
        wanted["sweep", 1.0, "no fallback"] = Play(seed=first, setup=NO_FALLBACK, duration=duration)
    return wanted


def _report(asked: Asked, played: Mapping[tuple[Any, ...], Played]) -> Report:
    first = asked.seeds[0]
    made: Report = {
        "seeds": list(asked.seeds),
        "days": asked.days,
        "mix": asdict(Mix()),
        "requests": sum(played["naive", seed].figures.requests for seed in asked.seeds),
        "arms": {arm: _estimates([played[arm, seed].figures for seed in asked.seeds]) for arm in ARMS},
        "by_seed": {arm: [asdict(played[arm, seed].figures) for seed in asked.seeds] for arm in ARMS},
        "course": {
            "seed": first,
            "outages": played["naive", first].outages,
            **{arm: [asdict(point) for point in played[arm, first].course] for arm in ARMS},
        },
    }
    made["goals"] = [asdict(goal) for goal in goals(made)]
    if asked.ablation:
        made["ablation"] = _ablation(asked.seeds[:ABLATED], played)
    if asked.sweep:
        made["sweep"] = _sweep(first, played)
    return made


def _ablation(seeds: Sequence[int], played: Mapping[tuple[Any, ...], Played]) -> Report:
    rows = {name: [played[_full(name, setup), seed].figures for seed in seeds] for name, setup in ABLATION.items()}
    rows["naive chain"] = [played["naive", seed].figures for seed in seeds]
    return {"seeds": list(seeds), "rows": [{"name": name, **_estimates(those)} for name, those in rows.items()]}


def _full(name: str, setup: Setup) -> str:
    return ARMS[1] if setup == Setup() else name


def _sweep(seed: int, played: Mapping[tuple[Any, ...], Played]) -> Report:
    def figures(factor: float, arm: str) -> Figures:
        return played["sweep", factor, arm].figures if ("sweep", factor, arm) in played else played[arm, seed].figures

    arms = (*ARMS, "no fallback")
    factors = sorted({1.0, *SWEEP})
    return {
        "seed": seed,
        "rows": [{"factor": factor, **{arm: asdict(figures(factor, arm)) for arm in arms}} for factor in factors],
    }


def _estimates(those: Sequence[Figures]) -> dict[str, Any]:
    return {name: asdict(estimate(getattr(one, name) for one in those)) for name in FIGURES}
