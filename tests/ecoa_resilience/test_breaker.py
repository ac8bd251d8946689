"""A breaker stops calls to what is down, and asks with one call whether it is back."""

from __future__ import annotations

import asyncio
import logging

import pytest

from ecoa.errors import (
    AgentError,
    AgentTimeout,
    CircuitOpen,
    MalformedOutput,
    Misuse,
    Overloaded,
    RateLimited,
    TransientError,
)
from ecoa.resilience import BreakerChange, CircuitBreaker
from ecoa.review import NeedsReview
from ecoa.testing.clock import Clock, virtual_time


def state_of(breaker: CircuitBreaker) -> str:
    """It changes behind a type checker's back."""
    return breaker.state


async def fail(breaker: CircuitBreaker, times: int = 1, error: Exception | None = None) -> None:
    """Calls through the breaker that fail."""
    for _ in range(times):
        with pytest.raises(type(error or AgentError())):
            async with breaker:
                raise error or AgentError("down")


async def succeed(breaker: CircuitBreaker, times: int = 1) -> None:
    """Calls through the breaker that succeed."""
    for _ in range(times):
        async with breaker:
            pass


async def test_three_failures_open_it() -> None:
    """CircuitBreaker(3, 60): the fourth call is refused and told when to come back."""
    with virtual_time():
        breaker = CircuitBreaker(failure_threshold=3, recovery_timeout=60)

        await fail(breaker, 2)
        assert state_of(breaker) == "closed"
        await fail(breaker)

        assert state_of(breaker) == "open"
        with pytest.raises(CircuitOpen) as refused:
            await succeed(breaker)
        assert refused.value.retry_after == pytest.approx(60)


async def test_failures_of_another_minute_do_not_count() -> None:
    """Three failures over more than the window are not three failures in it."""
    with virtual_time():
        breaker = CircuitBreaker(3, 60)

        for _ in range(6):
            await fail(breaker)
            await asyncio.sleep(31)

        assert state_of(breaker) == "closed"


async def test_few_failures_among_many_calls_do_not_open_it() -> None:
    """At high traffic three failures a minute are noise: half of the latest twenty calls must have failed."""
    with virtual_time():
        breaker = CircuitBreaker(3, 60)

        for _ in range(10):
            await succeed(breaker, 9)
            await fail(breaker)

        assert state_of(breaker) == "closed"


async def test_a_plain_count_can_be_asked_for() -> None:
    """failure_rate=0 opens at the threshold, whatever else succeeded."""
    with virtual_time():
        breaker = CircuitBreaker(3, 60, failure_rate=0)

        await succeed(breaker, 50)
        await fail(breaker, 3)

        assert state_of(breaker) == "open"


async def test_it_can_wait_for_a_minimum_of_calls() -> None:
    """minimum_calls=10 does not judge by three."""
    with virtual_time():
        breaker = CircuitBreaker(3, 60, minimum_calls=10)

        await fail(breaker, 9)
        assert state_of(breaker) == "closed"
        await fail(breaker)

        assert state_of(breaker) == "open"


async def test_one_call_probes() -> None:
    """After the wait one call goes through; the others are refused until it is back."""
    with virtual_time():
        breaker, gate = CircuitBreaker(3, 60), asyncio.Event()
        await fail(breaker, 3)
        await asyncio.sleep(60)
        assert state_of(breaker) == "half_open"

        async def probe() -> None:
            async with breaker:
                await gate.wait()

        probing = asyncio.create_task(probe())
        await asyncio.sleep(0)
        for _ in range(5):
            with pytest.raises(CircuitOpen):
                await succeed(breaker)
        gate.set()
        await probing

        assert state_of(breaker) == "closed"
        await succeed(breaker)


async def test_failed_probes_double_the_wait() -> None:
    """60, 120, 240, 480 and then 600 seconds, no more; a success starts over."""
    with virtual_time():
        breaker, waits = CircuitBreaker(3, 60), []
        await fail(breaker, 3)

        for _ in range(6):
            waits.append(round(breaker.retry_after))
            await asyncio.sleep(breaker.retry_after)
            await fail(breaker)
        await asyncio.sleep(breaker.retry_after)
        await succeed(breaker)
        await fail(breaker, 3)

        assert waits == [60, 120, 240, 480, 600, 600]
        assert round(breaker.retry_after) == 60


async def test_a_probe_that_says_nothing_lets_another_go() -> None:
    """A probe that was cancelled or throttled neither closes nor opens."""
    with virtual_time():
        breaker = CircuitBreaker(3, 60)
        await fail(breaker, 3)
        await asyncio.sleep(60)

        await fail(breaker, error=RateLimited())
        with pytest.raises(asyncio.CancelledError):
            async with breaker:
                raise asyncio.CancelledError
        assert state_of(breaker) == "half_open"
        await succeed(breaker)

        assert state_of(breaker) == "closed"


async def test_a_lost_probe_does_not_keep_it_shut() -> None:
    """A probe that never ends counts as lost after the recovery timeout."""
    with virtual_time():
        breaker = CircuitBreaker(3, 60)
        await fail(breaker, 3)
        await asyncio.sleep(60)
        await breaker.admit()

        with pytest.raises(CircuitOpen):
            await breaker.admit()
        await asyncio.sleep(60)
        await succeed(breaker)

        assert state_of(breaker) == "closed"


async def test_late_answers_to_earlier_calls_change_nothing() -> None:
    """A call that began before it opened cannot close it, nor fail its probe."""
    with virtual_time():
        breaker = CircuitBreaker(3, 60)
        early_good, early_bad = await breaker.admit(), await breaker.admit()
        await fail(breaker, 3)

        await breaker.settle(early_good, None)
        assert state_of(breaker) == "open"
        await asyncio.sleep(60)
        probe = await breaker.admit()
        await breaker.settle(early_bad, TimeoutError())
        await breaker.settle(probe, None)

        assert state_of(breaker) == "closed"


class Status(Exception):
    """An HTTP client's exception."""

    def __init__(self, code: int) -> None:
        super().__init__(f"HTTP {code}")
        self.status_code = code


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError(),
        AgentTimeout(),
        ConnectionError(),
        Overloaded(),
        TransientError(),
        AgentError("failed"),
        Status(502),
        OSError(5, "I/O"),
        RuntimeError("unknown"),
    ],
)
async def test_illness_counts(error: Exception) -> None:
    """Timeouts, connection errors, 5xx, an AgentError about the whole, and what nobody knows."""
    with virtual_time():
        breaker = CircuitBreaker(3, 60)

        await fail(breaker, 3, error)

        assert state_of(breaker) == "open"


@pytest.mark.parametrize(
    "error",
    [RateLimited(), MalformedOutput(), ValueError("bad input"), TypeError(), Status(404), Status(429), CircuitOpen()],
)
async def test_what_is_not_the_targets_fault_does_not_count(error: Exception) -> None:
    """Throttling, 4xx, malformed output and mistakes in the input say nothing about health."""
    with virtual_time():
        breaker = CircuitBreaker(3, 60)

        await fail(breaker, 10, error)

        assert state_of(breaker) == "closed"


async def test_ignored_exceptions_do_not_count() -> None:
    """ignore= names more of them."""
    breaker = CircuitBreaker(3, 60, ignore=(KeyError, RuntimeError))

    await fail(breaker, 10, RuntimeError("known"))

    assert state_of(breaker) == "closed"


async def test_it_decorates_functions() -> None:
    """Async and plain ones."""
    breaker = CircuitBreaker(1, 60)

    @breaker
    async def ask() -> str:
        return "yes"

    @breaker
    def ask_plainly() -> str:
        raise ConnectionError

    assert await ask() == "yes"
    with pytest.raises(ConnectionError):
        ask_plainly()
    with pytest.raises(CircuitOpen):
        await ask()


def test_it_works_without_a_loop() -> None:
    """`with breaker:` in plain code, on the clock that tests turn."""
    with virtual_time() as clock:
        breaker = CircuitBreaker(2, 10)
        for _ in range(2):
            with pytest.raises(ConnectionError), breaker:
                raise ConnectionError

        with pytest.raises(CircuitOpen), breaker:
            pass
        clock.advance(10)
        with breaker:
            pass

        assert state_of(breaker) == "closed"


async def test_blocks_may_nest() -> None:
    """Two breakers around one call each hear how it ended; one breaker twice does too."""
    outer, inner = CircuitBreaker(2, 60), CircuitBreaker(1, 60)

    with pytest.raises(ConnectionError):
        async with outer, inner, outer:
            raise ConnectionError

    assert inner.state == "open"
    assert outer.state == "open"


async def test_listeners_hear_every_change() -> None:
    """With the state, the reason and the breaker's name."""
    with virtual_time():
        heard: list[BreakerChange] = []
        breaker = CircuitBreaker(1, 60, name="llm", shared=False)
        breaker.on_change(heard.append)

        await fail(breaker, error=ConnectionError("refused"))
        await asyncio.sleep(60)
        await succeed(breaker)

        assert [change.state for change in heard] == ["open", "half_open", "closed"]
        assert heard[0].reason == "ConnectionError: refused"
        assert {change.name for change in heard} == {"llm"}


async def test_a_busy_breaker_without_a_rate_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """Over a hundred calls a window with nothing but a count is worth a warning, once."""
    with virtual_time(), caplog.at_level(logging.WARNING, "ecoa.resilience"):
        await succeed(CircuitBreaker(3, 60, failure_rate=0.5), 300)
        assert not caplog.records
        await succeed(CircuitBreaker(3, 60), 300)

    assert len([record for record in caplog.records if "failure_rate" in record.message]) == 1


def test_breakers_that_cannot_be_meant_are_refused() -> None:
    """Where they are written."""
    for wrong in ({"failure_threshold": 0}, {"recovery_timeout": 0}, {"window": 0.0}, {"failure_rate": 2.0}):
        with pytest.raises(ValueError):
            CircuitBreaker(**wrong)


def test_people_can_open_and_close_it() -> None:
    """By hand, in this process."""
    with virtual_time() as clock:
        assert isinstance(clock, Clock)
        breaker = CircuitBreaker()

        breaker.trip("maintenance")
        assert state_of(breaker) == "open"
        breaker.reset()

        assert state_of(breaker) == "closed"


async def test_blocks_may_end_in_any_order() -> None:
    """And in another task than they began in."""
    first, second = CircuitBreaker(1, 60), CircuitBreaker(1, 60)

    await first.__aenter__()
    await second.__aenter__()
    await first.__aexit__(ConnectionError, ConnectionError(), None)
    await second.__aexit__(None, None, None)
    assert (state_of(first), state_of(second)) == ("open", "closed")

    await asyncio.create_task(second.__aenter__())
    await second.__aexit__(ConnectionError, ConnectionError(), None)
    assert state_of(second) == "open"


async def test_a_mistake_says_nothing_about_the_target() -> None:
    """Nor does a question to people."""
    breaker = CircuitBreaker(1, 60)

    await fail(breaker, error=NeedsReview("amount over limit"))
    await fail(breaker, error=Misuse())

    assert state_of(breaker) == "closed"


def test_it_shows_what_it_is() -> None:
    """Its name, its threshold and its state."""
    assert repr(CircuitBreaker(3, 60, name="llm")) == "CircuitBreaker('llm', 3 in 60 s, closed)"
