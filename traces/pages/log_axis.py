"""Round durations for the ticks of a log axis, from a microsecond to a month."""

from __future__ import annotations

from collections.abc import Iterable

from ecoa_web.format import SPACE

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000


def ladder(sizes: Iterable[int], *, minutes: Iterable[int], hours: Iterable[int], days: Iterable[int]) -> list[float]:
    """Decades up to a minute, then the numbers that clocks have."""
    decades = [size * 10.0**power for power in range(-3, 5) for size in sizes]
    clocks = ((MINUTE, minutes), (HOUR, hours), (DAY, days))
    return [ms for ms in decades if ms < MINUTE] + [
        float(unit * size) for unit, round_ones in clocks for size in round_ones
    ]


FINEST = ladder(range(1, 10), minutes=(1, 2, 3, 4, 5, 10, 15, 20, 30, 45), hours=range(1, 13), days=range(1, 31))
FINER = ladder((1, 2, 3, 5, 7), minutes=(1, 2, 3, 5, 10, 20, 30), hours=(1, 2, 3, 6, 12), days=(1, 2, 3, 7, 14))
FINE = ladder((1, 2, 5), minutes=(1, 2, 5, 10, 20, 30), hours=(1, 2, 5, 12), days=(1, 2, 5, 10, 30))
MIDDLE = ladder((1, 3), minutes=(1, 3, 10, 30), hours=(1, 3, 12), days=(1, 3, 10, 30))
COARSE = ladder((1,), minutes=(1, 10), hours=(1, 10), days=(1, 10))


def ticks(low: float, high: float, *, most: int) -> list[float]:
    """Round durations between two, as many as there is room for."""
    found: list[float] = []
    for rungs in (FINEST, FINER, FINE, MIDDLE, COARSE):
        found = [ms for ms in rungs if low <= ms <= high]
        if len(found) <= most:
            break
    return found


def label(ms: float) -> str:
    """A round duration in its one unit: 50 ms, 1 s, 2 m."""
    for size, unit in ((DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s"), (1, "ms")):
        if ms >= size:
            return f"{ms / size:g}{SPACE}{unit}"
    return f"{ms * 1000:g}{SPACE}µs"
