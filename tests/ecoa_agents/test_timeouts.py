"""Nothing takes longer than it may, and nobody gets more time than who asked them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ecoa.agent import Agent, agent
from ecoa.calling.context import CallContext
from ecoa.calling.scope import Scope, enter, leave
from ecoa.clock import monotonic
from ecoa.resilience import RetryPolicy
from ecoa.testing.clock import virtual_time


async def hang(x: Any) -> None:
    """Never answers."""
    await asyncio.Event().wait()


async def test_an_attempt_ends_at_its_timeout() -> None:
    """Status timeout, and the message says how long it waited."""
    with virtual_time():
        result = await Agent("a", hang, timeout=3).run(1)

        assert (result.status, result.attempts) == ("timeout", 1)
        assert result.duration == pytest.approx(3)
        assert result.error is not None and result.error.message == "a gave no answer within 3 s"


async def test_every_attempt_has_its_own_time() -> None:
    """Timeouts are transient."""
    with virtual_time():
        result = await Agent("a", hang, timeout=3, retry_policy=RetryPolicy(3, jitter="none")).run(1)

        assert result.attempts == 3
        assert result.duration == pytest.approx(3 + 1 + 3 + 2 + 3)


async def test_the_total_covers_attempts_and_waits() -> None:
    """No attempt is begun, and no wait slept, that cannot end in time."""
    with virtual_time():
        policy = RetryPolicy(9, jitter="none")
        result = await Agent("a", hang, timeout=3, total_timeout=8, retry_policy=policy).run(1)

        assert result.status == "timeout"
        assert result.attempts == 2
        assert result.duration == pytest.approx(7)  # 3 + 1 + 3; the next wait of 2 s would pass 8 s


async def test_the_last_attempt_gets_what_is_left() -> None:
    """The total cuts an attempt short."""
    with virtual_time():
        policy = RetryPolicy(9, jitter="none")
        result = await Agent("a", hang, timeout=3, total_timeout=6, retry_policy=policy).run(1)

        assert result.duration == pytest.approx(6)


async def test_a_call_can_be_given_less() -> None:
    """run(timeout=) is for the whole call."""
    with virtual_time():
        assert (await Agent("a", hang, timeout=30).run(1, timeout=0.5)).duration == pytest.approx(0.5)


async def test_a_call_in_a_call_never_gets_more_than_is_left() -> None:
    """Deadlines propagate through every level."""
    left: list[float | None] = []

    @agent(timeout=60)
    async def inner(x: int, ctx: CallContext) -> None:
        left.append(ctx.remaining())
        await hang(x)

    @agent(timeout=10, total_timeout=4)
    async def outer(x: int) -> str:
        await asyncio.sleep(1)
        return (await inner.run(x)).status

    with virtual_time():
        result = await outer.run(1)

        assert left == [pytest.approx(3)]
        assert result.status == "timeout"
        assert result.duration == pytest.approx(4)


async def test_a_deadline_around_the_call_holds() -> None:
    """The engine's, for instance."""
    with virtual_time():
        token = enter(Scope(path="node", deadline=monotonic() + 2))
        result = await Agent("a", hang, timeout=30, retry_policy=RetryPolicy()).run(1)
        leave(token)

        assert (result.status, result.attempts) == ("timeout", 1)
        assert result.duration == pytest.approx(2)


async def test_no_attempt_begins_without_time() -> None:
    """A deadline that is over costs no call."""
    calls: list[int] = []
    token = enter(Scope(path="node", deadline=monotonic() - 1))
    result = await Agent("a", calls.append).run(1)
    leave(token)

    assert (result.status, calls) == ("timeout", [])


async def test_a_timeout_of_the_agents_own_is_its_failure() -> None:
    """A TimeoutError from inside is told as it was raised."""

    async def asks(x: int) -> None:
        raise TimeoutError("the database")

    result = await Agent("a", asks, timeout=3).run(1)

    assert result.status == "timeout"
    assert result.error is not None and result.error.message == "the database"


async def test_a_silent_agent_is_taken_for_dead() -> None:
    """A long call lives as long as it says so."""

    @agent(heartbeat=5, timeout=60)
    async def long(beats: int, ctx: CallContext) -> str:
        for _ in range(beats):
            await asyncio.sleep(4)
            ctx.heartbeat()
        await asyncio.sleep(4)
        if beats == 3:
            await asyncio.sleep(4)
        return "done"

    with virtual_time():
        lively, silent, slow = [await long.run(beats) for beats in (5, 3, 20)]

    assert lively.status == "success"
    assert lively.duration == pytest.approx(24)
    assert silent.status == "timeout"
    assert silent.duration == pytest.approx(17)
    assert silent.error is not None and "was silent for 5 s" in silent.error.message
    assert slow.status == "timeout"
    assert slow.duration == pytest.approx(60)


async def test_waiting_for_a_place_has_an_end_too() -> None:
    """A full agent costs no more than the caller's time."""
    with virtual_time():

        async def slow(x: int) -> None:
            await asyncio.sleep(100)

        full = Agent("a", slow, concurrency=1)
        first = asyncio.create_task(full.run(1))
        await asyncio.sleep(0)
        second = await full.run(2, timeout=5)

        assert (second.status, (await first).status) == ("timeout", "success")
        assert second.duration == pytest.approx(5)
        assert second.error is not None and "no place was free" in second.error.message
