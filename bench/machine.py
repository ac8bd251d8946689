"""How busy the machine is: figures taken beside other work are worth little."""

from __future__ import annotations

import sys
import time
from typing import NamedTuple

import psutil

LOOK_S = 3.0


class Spent(NamedTuple):
    """CPU seconds of the whole machine since it started."""

    busy: float
    stolen: float


def spent() -> Spent:
    times = psutil.cpu_times()
    stolen = float(getattr(times, "steal", 0.0))
    idle = times.idle + float(getattr(times, "iowait", 0.0))
    return Spent(sum(times[:8]) - idle - stolen, stolen)


def wait_quiet(*, cores: float = 0.35, at_most_s: float = 120.0) -> float:
    """Wait until other work takes less than so many cores; what it takes at the end."""
    deadline = time.monotonic() + at_most_s
    while True:
        before = spent().busy
        time.sleep(LOOK_S)
        busy = (spent().busy - before) / LOOK_S
        if busy < cores:
            return busy
        if time.monotonic() > deadline:
            print(f"the machine is not quiet: other work takes {busy:.2f} cores", file=sys.stderr)
            return busy


def core_speed_s() -> float:
    """CPU seconds of a fixed loop: how fast a core is just now."""
    begun = time.process_time()
    total = 0
    for number in range(2_000_000):
        total += number
    return time.process_time() - begun
