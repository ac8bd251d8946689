"""Breakers and limiters are the fleet's: what one worker finds out, all know."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from ecoa.calling.scope import Scope, enter, leave
from ecoa.clock import monotonic
from ecoa.errors import CircuitOpen, StoreUnavailable
from ecoa.resilience import CircuitBreaker, RateLimiter
from ecoa.resilience.breaker import REFRESH
from ecoa.result import Usage
from ecoa.store.base import BreakerRow
from ecoa.store.memory import MemoryStore
from ecoa.testing.clock import virtual_time


@contextmanager
def working(store: Any, worker: str = "w1") -> Iterator[None]:
    """Inside of a run of this store."""
    token = enter(Scope(path="node", run_id="r", store=store, worker=worker))
    try:
        yield
    finally:
        leave(token)


async def fail(breaker: CircuitBreaker, times: int = 3) -> None:
    """Calls that fail."""
    for _ in range(times):
        with pytest.raises(ConnectionError):
            async with breaker:
                raise ConnectionError


async def succeed(breaker: CircuitBreaker) -> None:
    """A call that succeeds."""
    async with breaker:
        pass


def pair() -> tuple[CircuitBreaker, CircuitBreaker]:
    """One breaker in two workers."""
    return CircuitBreaker(3, 60, name="llm"), CircuitBreaker(3, 60, name="llm")


async def test_what_opens_here_is_open_there() -> None:
    """Within a quarter of a second of use."""
    store = MemoryStore()
    with virtual_time(), working(store):
        here, there = pair()
        await fail(here)

        await asyncio.sleep(REFRESH)
        await succeed(there)  # this call looks; the next ones know
        await asyncio.sleep(0)

        with pytest.raises(CircuitOpen) as refused:
            await succeed(there)
        assert refused.value.retry_after == pytest.approx(60 - REFRESH)


async def test_one_worker_probes_for_all() -> None:
    """The others are refused while it is at it, and go on when it succeeded."""
    store = MemoryStore()
    with virtual_time(), working(store):
        here, there = pair()
        await fail(here)
        await succeed(there)
        await asyncio.sleep(60)
        gate = asyncio.Event()

        async def probe() -> None:
            async with here:
                await gate.wait()

        probing = asyncio.create_task(probe())
        await asyncio.sleep(0)
        for _ in range(3):
            await asyncio.sleep(REFRESH)
            with pytest.raises(CircuitOpen):
                await succeed(there)
        gate.set()
        await probing
        await asyncio.sleep(REFRESH)
        with suppress(CircuitOpen):
            await succeed(there)  # this one looks
        await asyncio.sleep(0)

        await succeed(there)
        assert here.state == there.state == "closed"


async def test_a_failed_probe_is_everybodys() -> None:
    """The doubled wait, too."""
    store = MemoryStore()
    with virtual_time(), working(store):
        here, there = pair()
        await fail(here)
        await asyncio.sleep(60)
        await fail(here, 1)

        await succeed(there)
        await asyncio.sleep(0)

        with pytest.raises(CircuitOpen) as refused:
            await succeed(there)
        assert refused.value.retry_after == pytest.approx(120)


async def test_a_closed_breaker_asks_nobody_on_its_way() -> None:
    """A thousand calls in no time look at the store once, beside the calls."""
    asked = 0

    class Counting(MemoryStore):
        async def breaker(self, name: str) -> Any:
            nonlocal asked
            asked += 1
            return await super().breaker(name)

    with virtual_time(), working(Counting()):
        breaker = CircuitBreaker(3, 60, name="llm", failure_rate=0.5)
        for _ in range(1000):
            await succeed(breaker)

    assert asked <= 1


class Away(MemoryStore):
    """A database that does not answer."""

    async def breaker(self, name: str) -> Any:
        raise StoreUnavailable

    async def trip(self, name: str, **told: Any) -> Any:
        raise ConnectionRefusedError

    async def probe(self, name: str, **told: Any) -> bool:
        raise StoreUnavailable

    async def close_breaker(self, name: str, **told: Any) -> None:
        await asyncio.Event().wait()

    async def reserve(self, name: str, **told: Any) -> float:
        await asyncio.Event().wait()
        return 0.0


async def test_without_the_database_a_worker_decides_alone() -> None:
    """It opens, probes and closes as it would by itself, and never waits for long."""
    with virtual_time(), working(Away()):
        breaker = CircuitBreaker(3, 60, name="llm")
        await fail(breaker)
        with pytest.raises(CircuitOpen):
            await succeed(breaker)
        await asyncio.sleep(60)

        began = monotonic()
        await succeed(breaker)

        assert monotonic() - began == pytest.approx(1)
        await succeed(breaker)
        assert breaker.state == "closed"


async def test_what_the_fleet_never_heard_of_can_still_close() -> None:
    """It opened here while the database was away."""
    with virtual_time():
        breaker = CircuitBreaker(3, 60, name="llm")
        with working(Away()):
            await fail(breaker)
        await asyncio.sleep(60)

        with working(MemoryStore()):
            await succeed(breaker)

        assert breaker.state == "closed"


async def test_a_breaker_may_keep_to_itself() -> None:
    """shared=False, or no name."""
    store = MemoryStore()
    with virtual_time(), working(store):
        await fail(CircuitBreaker(3, 60, name="llm", shared=False))
        await fail(CircuitBreaker(3, 60))

        assert await store.breaker("llm") is None


async def took(limiter: RateLimiter) -> float:
    """Seconds that a reservation waited."""
    began = monotonic()
    async with limiter.reserve():
        return monotonic() - began


async def test_limits_are_the_fleets() -> None:
    """Two workers share a minute's requests, and Retry-After stops both."""
    store = MemoryStore()
    with virtual_time(), working(store):
        here, there = (RateLimiter("llm", requests_per_minute=60) for _ in range(2))

        waits = [await took(limiter) for limiter in [here, there] * 31]
        assert sum(waits) == pytest.approx(2)
        await here.block(20)

        assert await took(there) == pytest.approx(20)


async def test_without_the_database_each_keeps_the_limit_itself() -> None:
    """After a second's patience."""
    with virtual_time(), working(Away()):
        limiter = RateLimiter("llm", requests_per_minute=60)

        assert await took(limiter) == pytest.approx(1)
        assert limiter.buckets.level("requests", now=monotonic()) == pytest.approx(59)


async def test_a_cancelled_probe_lets_another_go() -> None:
    """It was cancelled while it asked the fleet."""

    class Slow(MemoryStore):
        async def probe(self, name: str, **told: Any) -> bool:
            await asyncio.sleep(0.5)
            return await super().probe(name, **told)

    with virtual_time(), working(Slow()):
        breaker = CircuitBreaker(3, 60, name="llm")
        await fail(breaker)
        await asyncio.sleep(60)

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await succeed(breaker)
        await asyncio.sleep(0.1)
        await succeed(breaker)

        assert breaker.state == "closed"


async def test_a_probe_that_lost_the_race_is_refused() -> None:
    """Two workers ask at once; one is told to come back."""
    store = MemoryStore()
    with virtual_time(), working(store):
        here, there = pair()
        await fail(here)
        await there.admit()
        await asyncio.sleep(0)
        await asyncio.sleep(60)

        tickets = await asyncio.gather(here.admit(), there.admit(), return_exceptions=True)

    assert sum(isinstance(ticket, CircuitOpen) for ticket in tickets) == 1


async def test_a_breaker_that_a_person_holds_closed_does_not_open() -> None:
    """What became of a trip holds, not what was wished."""

    class Held(MemoryStore):
        async def trip(self, name: str, **told: Any) -> BreakerRow:
            return BreakerRow(name=name, state="closed", opened_at_s=None, retry_in=None, wait=60, version=1)

    with virtual_time(), working(Held()):
        breaker = CircuitBreaker(3, 60, name="llm")
        for _ in range(3):
            await fail(breaker)

        assert breaker.state == "closed"


async def test_what_was_used_is_told_to_the_fleet() -> None:
    """Both workers see what is left after a settlement."""
    with virtual_time(), working(MemoryStore()):
        here, there = (RateLimiter("llm", tokens_per_minute=600) for _ in range(2))

        async with here.reserve(tokens=100) as reservation:
            reservation.settle(Usage(input_tokens=660))
        began = monotonic()
        async with there.reserve(tokens=10):
            pass

        assert monotonic() - began == pytest.approx(7)


async def test_what_a_half_open_row_says_is_followed() -> None:
    """Somebody probes: this worker waits for what comes of it."""
    store = MemoryStore()
    with virtual_time(), working(store):
        here, there = pair()
        await fail(here)
        await asyncio.sleep(60)
        await here.admit()

        await succeed(there)  # it does not know yet
        await asyncio.sleep(0)

        with pytest.raises(CircuitOpen) as refused:
            await succeed(there)
        assert refused.value.retry_after == pytest.approx(REFRESH)
