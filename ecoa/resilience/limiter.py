"""Limits a minute that a provider sets: taken before the call, corrected by what the call used."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from ecoa.calling.scope import current
from ecoa.clock import monotonic
from ecoa.errors import RateLimited
from ecoa.resilience import fleet
from ecoa.resilience.buckets import Buckets
from ecoa.resilience.bulkhead import Bulkhead
from ecoa.resilience.faults import as_agent_error, status_of
from ecoa.result import Usage

REMAINING = {  # what providers say is left, by dimension
    "requests": ("x-ratelimit-remaining-requests", "anthropic-ratelimit-requests-remaining"),
    "tokens": ("x-ratelimit-remaining-tokens", "anthropic-ratelimit-tokens-remaining"),
    "input_tokens": ("anthropic-ratelimit-input-tokens-remaining",),
    "output_tokens": ("anthropic-ratelimit-output-tokens-remaining",),
}


class RateLimiter:
    """Calls wait in order until there is room for them; the whole fleet shares the limits of a name through the store.

        async with limiter.reserve(tokens=800) as reservation:
            answer = await call()
            reservation.settle(answer.usage, answer.headers)

    A call that would have to wait beyond its deadline raises RateLimited at once. Retry-After stops everybody.
    """

    def __init__(
        self,
        name: str,
        *,
        requests_per_minute: int | None = None,
        tokens_per_minute: int | None = None,
        input_tokens_per_minute: int | None = None,
        output_tokens_per_minute: int | None = None,
        concurrency: int | None = None,
    ) -> None:
        limits = {
            "requests": requests_per_minute,
            "tokens": tokens_per_minute,
            "input_tokens": input_tokens_per_minute,
            "output_tokens": output_tokens_per_minute,
        }
        if any(limit is not None and limit <= 0 for limit in limits.values()):
            raise ValueError("limits are numbers above 0; leave out what is not limited")
        self.name = name
        self.limits: dict[str, float] = {of: float(limit) for of, limit in limits.items() if limit is not None}
        self.bulkhead = Bulkhead(concurrency) if concurrency else None
        self.buckets = Buckets(self.limits, now=monotonic())

    @property
    def counts_tokens(self) -> bool:
        """Whether a reservation should estimate tokens."""
        return self.limits.keys() - {"requests"} != set()

    def reserve(
        self, *, tokens: int = 0, input_tokens: int | None = None, output_tokens: int | None = None
    ) -> Reservation:
        """One request and so many tokens; without a split, `tokens` stands for input."""
        wanted = {
            "requests": 1.0,
            "tokens": float(tokens or (input_tokens or 0) + (output_tokens or 0)),
            "input_tokens": float(tokens if input_tokens is None else input_tokens),
            "output_tokens": float(output_tokens or 0),
        }
        # More than a whole minute's worth would wait for ever.
        amounts = {of: min(wanted[of], limit) for of, limit in self.limits.items()}
        return Reservation(self, amounts)

    async def block(self, seconds: float) -> None:
        """Nobody in the fleet begins a call for so long."""
        self.buckets.block(monotonic() + seconds)
        if (store := fleet.shared_store()) is not None:
            await fleet.ask(f"limiter {self.name}", store.block(self.name, seconds=seconds))

    def __repr__(self) -> str:
        told = ", ".join(f"{limit:g} {of} a minute" for of, limit in self.limits.items())
        return f"RateLimiter({self.name!r}: {told})"


class Reservation:
    """Room for one call, held while its `async with` block runs."""

    __slots__ = ("_amounts", "_correction", "_limiter", "_told")

    def __init__(self, limiter: RateLimiter, amounts: Mapping[str, float]) -> None:
        self._limiter = limiter
        self._amounts = amounts
        self._correction: dict[str, float] = {}  # what was used beyond the reservation; negative: less
        self._told: Mapping[str, str] = {}

    def settle(self, usage: Usage | None = None, headers: Mapping[str, Any] | None = None) -> None:
        """Correct the estimate by what was used, and by what the provider's headers say."""
        if usage is not None:
            used = _amounts_of(usage)
            self._correction = {of: used[of] - taken for of, taken in self._amounts.items() if of in used}
        if headers is not None:
            self._told = {str(name).lower(): str(value) for name, value in headers.items()}

    async def __aenter__(self) -> Self:
        if self._limiter.bulkhead is not None:
            await self._limiter.bulkhead.acquire()
        try:
            await self._take()
        except BaseException:
            self._leave()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._leave()
        self._limiter.buckets.give({of: -amount for of, amount in self._correction.items()}, now=monotonic())
        self._limiter.buckets.lower(_remaining(self._told), now=monotonic())
        store = fleet.shared_store()
        if store is not None and any(self._correction.values()):
            await fleet.ask(f"limiter {self._limiter.name}", store.adjust(self._limiter.name, amounts=self._correction))
        if wait := _told_to_wait(error) or _retry_after(self._told):
            await self._limiter.block(wait)

    def _leave(self) -> None:
        if self._limiter.bulkhead is not None:
            self._limiter.bulkhead.release()

    async def _take(self) -> None:
        if (store := fleet.shared_store()) is None or not await self._take_from(store):
            await self._take_here()

    async def _take_from(self, store: Any) -> bool:  # Store; False: it is away
        while True:
            asked = store.reserve(self._limiter.name, limits=self._limiter.limits, amounts=self._amounts)
            wait = await fleet.ask(f"limiter {self._limiter.name}", asked)
            if not wait:
                return wait is not None
            await _pause(wait)

    async def _take_here(self) -> None:
        """Take at once and wait off the debt, so that calls go in the order they came."""
        buckets = self._limiter.buckets
        ready_at = buckets.take(self._amounts, now=monotonic())
        try:
            while (wait := max(ready_at, buckets.blocked_until) - monotonic()) > 0:
                await _pause(wait)
        except BaseException:
            buckets.give(self._amounts, now=monotonic())
            raise


async def _pause(seconds: float) -> None:
    scope = current()
    if scope is None:
        await asyncio.sleep(seconds)
        return
    if scope.remaining is not None and seconds > scope.remaining:
        raise RateLimited(f"the limit has room in {seconds:.1f} s, later than the deadline", retry_after=seconds)
    await scope.wait(seconds, "limiter")


def _told_to_wait(error: BaseException | None) -> float | None:
    """Seconds that a refusal says, of ecoa's connectors or of any HTTP client."""
    if isinstance(error, Exception) and (isinstance(error, RateLimited) or status_of(error) == 429):
        return as_agent_error(error).retry_after
    return None


def _amounts_of(usage: Usage) -> dict[str, float]:
    """As providers count: cached input is input that was mostly paid for before, reasoning is output."""
    given = usage.input_tokens + usage.cache_write_tokens
    made = usage.output_tokens + usage.reasoning_tokens
    return {"tokens": float(given + made), "input_tokens": float(given), "output_tokens": float(made)}


def _remaining(headers: Mapping[str, str]) -> dict[str, float]:
    told = {}
    for of, names in REMAINING.items():
        for name in names:
            if (text := headers.get(name, "")).isdigit():
                told[of] = float(text)
    return told


def _retry_after(headers: Mapping[str, str]) -> float | None:
    if "retry-after" not in headers and "retry-after-ms" not in headers:
        return None
    from ecoa.connectors.failures import retry_after

    return retry_after(headers)
