"""Breakers and limiters of everybody in this process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ecoa.store.base import BreakerRow
from ecoa.store.memory.state import State


@dataclass(slots=True, eq=False)
class Breaker:
    """A breaker's row."""

    state: Literal["closed", "open", "half_open"] = "closed"
    wait: float = 60.0
    opened: float | None = None
    retry: float | None = None
    probe_until: float = 0.0
    version: int = 1


@dataclass(slots=True, eq=False)
class Bucket:
    """What may be taken now, by dimension."""

    levels: dict[str, float] = field(default_factory=dict)
    rates: dict[str, float] = field(default_factory=dict)  # a second
    updated: float = 0.0
    blocked_until: float = 0.0


class Limits(State):
    """Breakers and limiters by name."""

    def __init__(self, **options: Any) -> None:  # Any: State's
        super().__init__(**options)
        self._breakers: dict[str, Breaker] = {}
        self._buckets: dict[str, Bucket] = {}

    async def breaker(self, name: str) -> BreakerRow | None:
        """As everybody sees it; None when it never opened."""
        with self.lock:
            found = self._breakers.get(name)
            return None if found is None else self._breaker_row(name, found)

    async def trip(self, name: str, *, wait: float, reason: str) -> BreakerRow:
        """Open it for `wait` seconds; one that is open stays as it is."""
        with self.lock:
            breaker = self._breakers.setdefault(name, Breaker())
            if breaker.state != "open":
                breaker.state, breaker.wait = "open", wait
                breaker.opened = self.now()
                breaker.retry = breaker.opened + wait
                breaker.version += 1
            return self._breaker_row(name, breaker)

    async def probe(self, name: str, *, worker: str, lease: float) -> bool:
        """Take the one half-open probe, when its time has come."""
        with self.lock:
            breaker, now = self._breakers.get(name), self.now()
            if breaker is None or breaker.state == "closed":
                return False
            if now < (breaker.probe_until if breaker.state == "half_open" else breaker.retry or 0.0):
                return False
            breaker.state = "half_open"
            breaker.probe_until = now + lease
            breaker.version += 1
            return True

    async def close_breaker(self, name: str, *, by: str) -> None:
        """Let calls through again."""
        with self.lock:
            breaker = self._breakers.setdefault(name, Breaker())
            breaker.state, breaker.opened, breaker.retry = "closed", None, None
            breaker.version += 1

    async def reserve(self, name: str, *, limits: Mapping[str, float], amounts: Mapping[str, float]) -> float:
        """Take the amounts and return 0, or take nothing and return seconds to wait."""
        with self.lock:
            bucket = self._refilled(name, limits)
            wait = bucket.blocked_until - bucket.updated
            for dimension, amount in amounts.items():
                if dimension in limits:
                    missing = min(amount, limits[dimension]) - bucket.levels[dimension]
                    wait = max(wait, missing / bucket.rates[dimension])
            if wait > 1e-9:
                return wait
            for dimension, amount in amounts.items():
                if dimension in limits:
                    bucket.levels[dimension] -= amount
            return 0.0

    async def adjust(self, name: str, *, amounts: Mapping[str, float]) -> None:
        """Correct what was taken by what was used."""
        with self.lock:
            bucket = self._buckets.setdefault(name, Bucket(updated=self.now()))
            for dimension, amount in amounts.items():
                if dimension in bucket.levels:
                    bucket.levels[dimension] -= amount

    async def block(self, name: str, *, seconds: float) -> None:
        """Nobody takes anything for so long."""
        with self.lock:
            bucket = self._buckets.setdefault(name, Bucket(updated=self.now()))
            bucket.blocked_until = max(bucket.blocked_until, self.now() + seconds)

    def _breaker_row(self, name: str, breaker: Breaker) -> BreakerRow:
        now = self.now()
        return BreakerRow(
            name=name,
            state=breaker.state,
            opened_at_s=None if breaker.opened is None else now - breaker.opened,
            retry_in=None if breaker.retry is None else max(breaker.retry - now, 0.0),
            wait=breaker.wait,
            version=breaker.version,
        )

    def _refilled(self, name: str, limits: Mapping[str, float]) -> Bucket:
        """The bucket as it is now; one begins full."""
        now = self.now()
        bucket = self._buckets.setdefault(name, Bucket(updated=now))
        passed, bucket.updated = now - bucket.updated, now
        for dimension, limit in limits.items():
            level = bucket.levels.get(dimension, limit)
            bucket.rates[dimension] = limit / 60
            bucket.levels[dimension] = min(level + passed * limit / 60, limit)
        return bucket
