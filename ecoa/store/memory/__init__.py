"""Everything in this process: the store of scripts and tests. What it holds is gone when the process ends."""

from __future__ import annotations

from ecoa.store.memory.effect import Effects
from ecoa.store.memory.limit import Limits
from ecoa.store.memory.review import Reviews
from ecoa.store.memory.run import Runs
from ecoa.store.memory.session import Sessions
from ecoa.store.memory.turn import Turns

__all__ = ["MemoryStore"]


class MemoryStore(Turns, Runs, Reviews, Effects, Sessions, Limits):
    """The whole store in memory: no method ever waits for anything but `idle`, `watch` and `follow`.

    `keep_finished` runs stay readable after their end; older ones are forgotten.
    """

    durable = False  # nothing survives the process
