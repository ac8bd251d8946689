"""How many retries a target gets altogether: a bucket that retries empty and first-try successes fill."""

from __future__ import annotations

import threading

from ecoa.errors import AgentTimeout


class RetryBudget:
    """Share one among all that call the same target. Empty, it makes failures final at once.

    A retry costs `retry_cost`, one after a timeout `timeout_cost`; a success at the first attempt gives `refund` back.
    With the defaults a target that is down gets about 100 retries from a process, then only first attempts.
    """

    def __init__(
        self, capacity: float = 500, retry_cost: float = 5, timeout_cost: float = 10, refund: float = 1
    ) -> None:
        if capacity <= 0 or min(retry_cost, timeout_cost, refund) < 0:
            raise ValueError("a retry budget needs a capacity above 0 and costs of at least 0")
        self.capacity = capacity
        self.retry_cost = retry_cost
        self.timeout_cost = timeout_cost
        self.refund = refund
        self.left: float = capacity
        self._lock = threading.Lock()

    def spend(self, error: BaseException) -> bool:
        """Pay for a retry after this error; False, and nothing is paid, when too little is left."""
        cost = self.timeout_cost if isinstance(error, AgentTimeout | TimeoutError) else self.retry_cost
        with self._lock:
            if self.left < cost:
                return False
            self.left -= cost
            return True

    def succeed(self) -> None:
        """A call succeeded at its first attempt."""
        with self._lock:
            self.left = min(self.capacity, self.left + self.refund)

    def __repr__(self) -> str:
        return f"RetryBudget({self.left:g} of {self.capacity:g} left)"
