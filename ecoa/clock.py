"""The clock that ecoa reads: the machine's, or the one a test turns (ecoa.testing.virtual_time).

Inside a coroutine `asyncio.get_running_loop().time()` tells the same time as `monotonic()`, up to a constant.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol


class Source(Protocol):
    """What tells the time."""

    def time(self) -> float: ...

    def now(self) -> datetime: ...


class _Machine:
    """The machine's clock."""

    time: Callable[[], float] = staticmethod(time.monotonic)

    def now(self) -> datetime:
        return datetime.now(UTC)


MACHINE: Source = _Machine()
_source: Source = MACHINE


def monotonic() -> float:
    """Seconds that only grow: for deadlines, windows and durations."""
    return _source.time()


def now() -> datetime:
    """The wall clock, in UTC."""
    return _source.now()


def now_ns() -> int:
    """The wall clock in Unix nanoseconds, as spans have it."""
    if _source is MACHINE:
        return time.time_ns()
    return int(_source.now().timestamp() * 1_000_000) * 1_000


def use(source: Source) -> Source:
    """Read another clock from now on, in every thread; returns the one before."""
    global _source
    before, _source = _source, source
    return before
