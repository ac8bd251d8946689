"""When the shop's providers are down: now and then by the clock, never in the first minutes after the shop opens."""

from __future__ import annotations

import time

from ecoa import clock

OPENED = time.time()  # of this process; the shop's hour of history lies before it


def is_down(*, first_s: float, every_s: float, for_s: float) -> bool:
    """Whether now is within an outage: the first one so long after the shop opened, then every so many seconds."""
    return (clock.now().timestamp() - OPENED - first_s) % every_s < for_s
