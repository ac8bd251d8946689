"""What a breaker counts: the failures of a while, and the share of failures among the latest calls."""

from __future__ import annotations

from collections import deque

LATEST = 20  # calls that the rate is taken over
BUSY = 100  # calls a window above which an absolute threshold opens on noise


class Window:
    """Failures of the last `seconds`: too many when `threshold` of them came and enough of the latest calls failed."""

    def __init__(self, seconds: float, *, threshold: int, rate: float, minimum_calls: int) -> None:
        self.seconds = seconds
        self.rate = rate
        self.minimum_calls = minimum_calls
        self._failures: deque[float] = deque(maxlen=threshold)
        self._calls: deque[tuple[float, bool]] = deque(maxlen=max(LATEST, minimum_calls))
        self._counted_from = float("-inf")
        self._counted = 0

    def add(self, now: float, *, failed: bool) -> bool:
        """Count a call; whether the breaker has to open."""
        self._calls.append((now, failed))
        self._count(now)
        if not failed:
            return False
        self._failures.append(now)
        return self._full(now) and self._share(now) >= self.rate

    def clear(self) -> None:
        """Forget everything."""
        self._failures.clear()
        self._calls.clear()

    @property
    def busy(self) -> bool:
        """Whether over 100 calls came within a window."""
        return self._counted > BUSY

    def _full(self, now: float) -> bool:
        return len(self._failures) == self._failures.maxlen and self._failures[0] > now - self.seconds

    def _share(self, now: float) -> float:
        """Of failures among the latest calls of the window; none, while those are fewer than the minimum."""
        recent = [failed for at, failed in self._calls if at > now - self.seconds]
        return sum(recent) / len(recent) if len(recent) >= max(1, self.minimum_calls) else -1.0

    def _count(self, now: float) -> None:
        if now - self._counted_from >= self.seconds:
            self._counted_from, self._counted = now, 0
        self._counted += 1
