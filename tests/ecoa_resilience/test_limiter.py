"""Limits a minute are kept, and corrected by what was used."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecoa.calling.scope import Scope, enter, leave
from ecoa.clock import monotonic
from ecoa.errors import RateLimited
from ecoa.resilience import RateLimiter
from ecoa.resilience.buckets import Buckets
from ecoa.result import Usage
from ecoa.testing.clock import virtual_time


async def took(limiter: RateLimiter, tokens: int = 0) -> float:
    """Seconds that a reservation waited."""
    began = monotonic()
    async with limiter.reserve(tokens=tokens):
        return monotonic() - began


async def test_requests_go_at_their_rate() -> None:
    """Sixty a minute: a full bucket at once, then one a second."""
    with virtual_time():
        limiter = RateLimiter("llm", requests_per_minute=60)

        waits = [await took(limiter) for _ in range(63)]

        assert waits[:60] == [0] * 60
        assert waits[60:] == pytest.approx([1, 1, 1])


async def test_waiting_is_in_order() -> None:
    """A large reservation is not overtaken by small ones for ever."""
    with virtual_time():
        limiter, order = RateLimiter("llm", tokens_per_minute=600), []
        await took(limiter, 600)

        async def call(name: str, tokens: int) -> None:
            async with limiter.reserve(tokens=tokens):
                order.append((name, monotonic()))

        began = monotonic()
        async with asyncio.TaskGroup() as group:
            for name, tokens in (("large", 500), ("small", 10), ("smaller", 5)):
                group.create_task(call(name, tokens))

        assert [name for name, _ in order] == ["large", "small", "smaller"]
        assert [at - began for _, at in order] == pytest.approx([50, 51, 51.5])


async def test_what_was_not_used_comes_back() -> None:
    """An estimate of 500 tokens that used 100 leaves 400 for others, and the other way round."""
    with virtual_time():
        limiter = RateLimiter("llm", tokens_per_minute=600)

        async with limiter.reserve(tokens=500) as reservation:
            reservation.settle(Usage(input_tokens=60, output_tokens=30, reasoning_tokens=10))
        assert limiter.buckets.level("tokens", now=monotonic()) == pytest.approx(500)
        async with limiter.reserve(tokens=100) as reservation:
            reservation.settle(Usage(input_tokens=700))

        assert limiter.buckets.level("tokens", now=monotonic()) == pytest.approx(-200)
        assert await took(limiter, 1) == pytest.approx(20.1)


async def test_headers_lower_the_level() -> None:
    """A provider that says five requests are left knows better: others use the same key."""
    with virtual_time():
        limiter = RateLimiter("llm", requests_per_minute=60)

        async with limiter.reserve() as reservation:
            reservation.settle(None, {"X-RateLimit-Remaining-Requests": "1"})

        assert [await took(limiter) for _ in range(2)] == pytest.approx([0, 1])


async def test_retry_after_stops_everybody() -> None:
    """Those who wait already, too."""
    with virtual_time():
        limiter, began = RateLimiter("llm", requests_per_minute=60), monotonic()

        with pytest.raises(RateLimited):
            async with limiter.reserve():
                raise RateLimited(retry_after=30)
        async with asyncio.TaskGroup() as group:
            calls = [group.create_task(took(limiter)) for _ in range(3)]

        assert [call.result() for call in calls] == pytest.approx([30, 30, 30])
        assert monotonic() - began == pytest.approx(30)


async def test_calls_that_cannot_be_in_time_are_told_at_once() -> None:
    """A wait beyond the caller's deadline is RateLimited now, and takes nothing."""
    with virtual_time():
        limiter = RateLimiter("llm", requests_per_minute=60)
        for _ in range(60):
            await took(limiter)
        token = enter(Scope(path="a", deadline=monotonic() + 0.5))

        with pytest.raises(RateLimited) as refused:
            await took(limiter)
        leave(token)

        assert refused.value.retry_after == pytest.approx(1)
        assert limiter.buckets.level("requests", now=monotonic()) == pytest.approx(0)


async def test_more_than_a_minutes_worth_takes_the_whole_minute() -> None:
    """A request larger than the limit goes when the bucket is full, not never."""
    with virtual_time():
        limiter = RateLimiter("llm", tokens_per_minute=600)

        assert await took(limiter, 5000) == 0
        assert await took(limiter, 5000) == pytest.approx(60)


async def test_it_bounds_concurrency() -> None:
    """concurrency=2: two at a time."""
    limiter, inside, most = RateLimiter("llm", concurrency=2), 0, 0

    async def call() -> None:
        nonlocal inside, most
        async with limiter.reserve():
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(call() for _ in range(10)))

    assert most == 2


def test_limits_are_numbers_above_0() -> None:
    """A limit of nothing would wait for ever."""
    with pytest.raises(ValueError):
        RateLimiter("llm", requests_per_minute=0)


@given(st.lists(st.tuples(st.floats(0, 30), st.floats(0, 100)), max_size=60))
def test_no_minute_gets_more_than_a_bucket_and_its_filling(takes: list[tuple[float, float]]) -> None:
    """What starts within any time t is at most capacity + t * rate, and starts are in order."""
    buckets, now, starts = Buckets({"tokens": 100.0}, now=0.0), 0.0, []
    for pause, amount in takes:
        now += pause
        starts.append((buckets.take({"tokens": amount}, now=now), amount))

    assert all(early <= late + 1e-6 for (early, _), (late, _) in pairwise(starts))
    for first, (begin, _) in enumerate(starts):
        taken = 0.0
        for end, amount in starts[first:]:
            taken += amount
            assert taken <= 100 + (end - begin) * 100 / 60 + 1e-6


async def test_any_clients_refusal_stops_everybody() -> None:
    """An exception with status 429 and Retry-After, or headers that were settled."""

    class Refused(Exception):
        response = SimpleNamespace(status_code=429, headers={"Retry-After": "30"})

    with virtual_time():
        limiter = RateLimiter("llm", requests_per_minute=60)
        with pytest.raises(Refused):
            async with limiter.reserve():
                raise Refused
        assert await took(limiter) == pytest.approx(30)
        async with limiter.reserve() as reservation:
            reservation.settle(None, {"retry-after": "20"})
        assert await took(limiter) == pytest.approx(20)


def test_it_shows_its_limits() -> None:
    """And its name."""
    assert repr(RateLimiter("llm", requests_per_minute=60)) == "RateLimiter('llm': 60 requests a minute)"
