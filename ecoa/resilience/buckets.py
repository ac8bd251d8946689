"""Token buckets of one process: full at first, filled at their limit a minute, in debt when more was taken."""

from __future__ import annotations

import threading
from collections.abc import Mapping

MINUTE = 60.0


class Buckets:
    """One bucket for each dimension of a limiter. May be used by several threads."""

    def __init__(self, limits: Mapping[str, float], *, now: float) -> None:
        self.limits = dict(limits)  # a minute
        self.blocked_until = float("-inf")
        self._levels = dict(limits)
        self._at = now
        self._lock = threading.Lock()

    def take(self, amounts: Mapping[str, float], *, now: float) -> float:
        """Take, into debt if need be; the moment from which the debt is paid."""
        with self._lock:
            self._fill(now)
            wait = 0.0
            for of, amount in amounts.items():
                self._levels[of] -= amount
                wait = max(wait, -self._levels[of] / self.limits[of] * MINUTE)
            return now + wait

    def give(self, amounts: Mapping[str, float], *, now: float) -> None:
        """Put back; negative amounts take more."""
        with self._lock:
            self._fill(now)
            for of, amount in amounts.items():
                self._levels[of] = min(self.limits[of], self._levels[of] + amount)

    def lower(self, levels: Mapping[str, float], *, now: float) -> None:
        """The provider says that no more than this is left."""
        with self._lock:
            self._fill(now)
            for of in levels.keys() & self._levels.keys():
                self._levels[of] = min(self._levels[of], levels[of])

    def block(self, until: float) -> None:
        """Nothing may begin before."""
        self.blocked_until = max(self.blocked_until, until)

    def level(self, of: str, *, now: float) -> float:
        """What may be taken now."""
        with self._lock:
            self._fill(now)
            return self._levels[of]

    def _fill(self, now: float) -> None:
        gone = max(0.0, now - self._at)
        self._at = max(self._at, now)
        for of, limit in self.limits.items():
            self._levels[of] = min(limit, self._levels[of] + gone * limit / MINUTE)
