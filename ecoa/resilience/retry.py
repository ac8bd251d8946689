"""When a failed call is made again, and after how long."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import Literal

from ecoa.errors import MalformedOutput, RateLimited
from ecoa.resilience.budget import RetryBudget
from ecoa.resilience.faults import NEVER_RETRIED, as_agent_error

type Jitter = Literal["full", "equal", "none"]
type RetryOn = type[Exception] | Iterable[type[Exception]] | Callable[[Exception], bool]


class RetryPolicy:
    """`max_attempts` calls in all. After call k it waits min(max_delay, initial * backoff_factor ** (k - 1)) seconds.

    With the defaults that is 1, 2, 4 and 8 seconds; no wait follows the last call. Jitter draws the wait from 0 to that
    (full), from half of it to all of it (equal), or takes it as it is (none). Throttled calls (429) and those with a
    Retry-After wait at least as long as they were told, then equal jitter on top.

    Tried again is what is declared transient: timeouts, connection errors, 408, 409, 425, 429, 5xx, and malformed
    output up to `malformed_retries` times. `retry_on` says it instead: exception types, or a function of the exception.
    """

    def __init__(  # noqa: PLR0913  # each is a knob of its own
        self,
        max_attempts: int = 5,
        backoff_factor: float = 2,
        *,
        initial: float = 1.0,
        max_delay: float = 60.0,
        jitter: Jitter = "full",
        retry_on: RetryOn | None = None,
        budget: RetryBudget | None = None,
        respect_retry_after: bool = True,
        malformed_retries: int = 2,
    ) -> None:
        if max_attempts < 1:
            raise ValueError(f"max_attempts counts every call, the first too: at least 1, not {max_attempts}")
        if not (backoff_factor > 0 and initial >= 0 and max_delay >= 0):
            raise ValueError("backoff_factor must be above 0, initial and max_delay at least 0")
        if jitter not in ("full", "equal", "none"):
            raise ValueError(f"jitter is full, equal or none, not {jitter!r}")
        self.max_attempts = max_attempts
        self.backoff_factor = backoff_factor
        self.initial = initial
        self.max_delay = max_delay
        self.jitter: Jitter = jitter
        self.budget = budget
        self.respect_retry_after = respect_retry_after
        self.malformed_retries = malformed_retries
        self.retry_on: Callable[[Exception], bool] | tuple[type[Exception], ...] | None = _check_of(retry_on)

    def delays(self) -> tuple[float, ...]:
        """The nominal wait after each call, without jitter; the last is not slept."""
        return tuple(self.delay(attempt) for attempt in range(1, self.max_attempts + 1))

    def delay(self, attempt: int) -> float:
        """The nominal wait after the call of this number, from 1."""
        try:
            return min(self.max_delay, self.initial * self.backoff_factor ** (attempt - 1))
        except OverflowError:
            return self.max_delay

    def wait(self, attempt: int, error: BaseException, *, random: Callable[[], float] = random.random) -> float:
        """Seconds to wait after this call failed with this error. `random` gives numbers from 0 to 1."""
        nominal = self.delay(attempt)
        told = getattr(error, "retry_after", None) if self.respect_retry_after else None
        if told is not None or isinstance(error, RateLimited):
            return max(0.0, told or 0.0) + _jittered("equal" if self.jitter != "none" else "none", nominal, random())
        return _jittered(self.jitter, nominal, random())

    def retries(self, exception: Exception, *, malformed: int = 0) -> bool:
        """Whether a call that failed so may be made again; `malformed`: how often its output was malformed so far."""
        error = as_agent_error(exception)
        if isinstance(error, NEVER_RETRIED):
            return False
        if self.retry_on is None:
            return error.transient and not (isinstance(error, MalformedOutput) and malformed > self.malformed_retries)
        asked = [exception, *([error.__cause__] if isinstance(error.__cause__, Exception) else [])]
        if isinstance(self.retry_on, tuple):
            return any(isinstance(one, self.retry_on) for one in [*asked, error])
        return self.retry_on(asked[-1])

    def allows(self, attempt: int, exception: Exception, *, malformed: int = 0) -> bool:
        """Whether another call may follow call number `attempt`; the budget is not asked."""
        return attempt < self.max_attempts and self.retries(exception, malformed=malformed)

    def __repr__(self) -> str:
        waits = ", ".join(f"{delay:g}" for delay in self.delays()[: min(self.max_attempts - 1, 8)])
        more = ", …" if self.max_attempts > 9 else ""
        told = f"waits {waits}{more} s, {self.jitter} jitter" if waits else "no retry"
        calls = "1 call" if self.max_attempts == 1 else f"{self.max_attempts} calls in all"
        return f"RetryPolicy(max_attempts={self.max_attempts}, backoff_factor={self.backoff_factor:g}: {calls}, {told})"


def _check_of(retry_on: RetryOn | None) -> Callable[[Exception], bool] | tuple[type[Exception], ...] | None:
    if retry_on is None:
        return None
    if isinstance(retry_on, type):
        return (retry_on,)
    if callable(retry_on):
        return retry_on
    types = tuple(retry_on)
    if not all(isinstance(one, type) and issubclass(one, Exception) for one in types):
        raise TypeError("retry_on takes exception types, or a function of the exception")
    return types


def _jittered(jitter: Jitter, nominal: float, drawn: float) -> float:
    match jitter:
        case "full":
            return nominal * drawn
        case "equal":
            return nominal / 2 + nominal / 2 * drawn
        case "none":
            return nominal
