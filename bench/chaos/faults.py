"""What is done to the processes, when, drawn from a seed. In the main thread: PostgreSQL ends with who starts it."""

from __future__ import annotations

import heapq
import itertools
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import psycopg

from bench.chaos.rig import Rig

CLOSE = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'ecoa'"
LEASE_S = 15.0  # a worker that is silent for so long is taken over


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Seconds between two faults of a kind, on average."""

    kill: float = 12
    freeze: float = 25
    restart: float = 90
    close: float = 20


@dataclass
class Faults:
    """A seeded play. `done` counts what was done."""

    rig: Rig
    plan: Plan
    random: Random
    done: Counter[str] = field(default_factory=Counter)
    _due: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _order: itertools.count[int] = field(default_factory=itertools.count)

    def play(self, seconds: float) -> None:
        """Faults for so long; what is frozen then goes on, what was killed is started again."""
        end = time.monotonic() + seconds
        kinds = (
            (self.plan.kill, self._kill),
            (self.plan.freeze, self._freeze),
            (self.plan.restart, self._restart),
            (self.plan.close, self._close),
        )
        for every, do in kinds:
            self._later(every * self.random.uniform(0.3, 1.0), self._repeat(every, do))
        while self._due and self._due[0][0] < end:
            at, _, do_now = heapq.heappop(self._due)
            time.sleep(max(0.0, at - time.monotonic()))
            do_now()
        time.sleep(max(0.0, end - time.monotonic()))
        self._due.clear()
        self.rig.thaw_workers()
        self.rig.revive_workers()

    def _repeat(self, every: float, do: Callable[[], None]) -> Callable[[], None]:
        def once() -> None:
            do()
            self._later(every * self.random.uniform(0.5, 1.5), once)

        return once

    def _later(self, seconds: float, do: Callable[[], None]) -> None:
        heapq.heappush(self._due, (time.monotonic() + seconds, next(self._order), do))

    def _kill(self) -> None:
        self.rig.kill_worker(self.random.randrange(len(self.rig.workers)))
        self.done["workers killed with -9"] += 1
        self._later(self.random.uniform(0.1, 1.0), self.rig.revive_workers)

    def _freeze(self) -> None:
        """Every third time longer than the lease, so that the worker wakes up fenced."""
        short = self.random.random() < 2 / 3
        worker = self.rig.freeze_worker(self.random.randrange(len(self.rig.workers)))
        self.done["workers frozen" if short else "workers frozen beyond their lease"] += 1
        seconds = self.random.uniform(1, 5) if short else LEASE_S + self.random.uniform(2, 6)
        self._later(seconds, lambda: self.rig.thaw_worker(worker))

    def _restart(self) -> None:
        self.rig.restart_postgres(down_s=self.random.uniform(0.0, 2.0))
        self.done["PostgreSQL crashed and restarted"] += 1

    def _close(self) -> None:
        """Every connection of the workers, of those who decide and of those who order."""
        try:
            with self.rig.superuser() as session:
                row: tuple[Any, ...] | None = session.execute(CLOSE).fetchone()
        except psycopg.OperationalError:  # it is just coming back
            return
        self.done["connections closed by the server"] += int(row[0]) if row else 0
