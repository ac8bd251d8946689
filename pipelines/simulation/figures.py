"""The four figures of a day, and their intervals over days."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from pipelines.simulation.world import Served

GOOD = 0.8  # of a minute's requests must succeed for the minute to count as up
# Student's t for 95 %, by degrees of freedom.
_T = {
    1: 12.706,
    2: 4.303,
    3: 3.182,
    4: 2.776,
    5: 2.571,
    6: 2.447,
    7: 2.365,
    8: 2.306,
    9: 2.262,
    14: 2.145,
    19: 2.093,
    29: 2.045,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How a day went."""

    uptime: float  # percent of the minutes with requests
    latency: float  # mean seconds over all requests
    errors: float  # percent of requests
    duplicates: int  # requests whose order was placed more than once, counted by the order database
    requests: int
    calls: int  # of agents' models


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A mean over seeds with its 95 % interval."""

    mean: float
    low: float
    high: float
    least: float
    most: float


def figures(served: Sequence[Served], *, duplicates: int, calls: int) -> Figures:
    """The figures of a day's requests."""
    arrived: Counter[int] = Counter()
    succeeded: Counter[int] = Counter()
    for one in served:
        minute = int(one.arrived // 60)
        arrived[minute] += 1
        succeeded[minute] += one.succeeded
    up = sum(1 for minute, count in arrived.items() if succeeded[minute] >= GOOD * count)
    failed = sum(1 for one in served if not one.succeeded)
    return Figures(
        uptime=100 * up / len(arrived),
        latency=fmean(one.took for one in served),
        errors=100 * failed / len(served),
        duplicates=duplicates,
        requests=len(served),
        calls=calls,
    )


def estimate(values: Iterable[float]) -> Estimate:
    """The mean of a figure over seeds."""
    seen = list(values)
    mean = fmean(seen)
    freedom = len(seen) - 1
    half = 0.0
    if freedom > 0:
        t = _T[max(known for known in _T if known <= freedom)]  # the next lower degree: never too narrow
        half = t * stdev(seen) / math.sqrt(len(seen))
    return Estimate(mean=mean, low=mean - half, high=mean + half, least=min(seen), most=max(seen))
