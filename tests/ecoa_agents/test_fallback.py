"""Another agent answers when this one failed for good."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ecoa.agent import Agent, agent
from ecoa.calling import call
from ecoa.calling.context import CallContext
from ecoa.calling.scope import Scope, StoredWait
from ecoa.errors import Rejected
from ecoa.resilience import CircuitBreaker, RetryPolicy
from ecoa.testing.clock import virtual_time


async def refuse(x: Any) -> Any:
    """Is down."""
    raise ConnectionError("down")


async def answer(x: Any) -> str:
    """The second provider's answer."""
    return f"second: {x}"


async def test_it_answers_when_every_attempt_failed() -> None:
    """Attempts are those of both; the history tells of the change."""
    with virtual_time():
        scope = Scope(path="classify")
        first = Agent("first", refuse, retry_policy=RetryPolicy(3), fallback=Agent("second", answer))
        result = await call(first, 1, scope)

    assert (result.status, result.data, result.attempts) == ("success", "second: 1", 4)
    told = next(event for event in scope.events if event.kind == "fallback")
    assert (told.data["agent"], told.data["to"]) == ("first", "second")


async def test_it_answers_at_once_when_the_breaker_is_open() -> None:
    """The one that is down is not even called."""
    with virtual_time():
        breaker = CircuitBreaker()
        breaker.trip()
        result = await Agent("first", refuse, breaker=breaker, fallback=Agent("second", answer)).run(1)

        assert result.data == "second: 1"
    assert result.duration == pytest.approx(0)


async def test_it_may_fail_too() -> None:
    """Then its failure is the result; fallbacks have fallbacks."""

    async def also(x: int) -> None:
        raise RuntimeError("also down")

    both = await Agent("first", refuse, fallback=Agent("second", also)).run(1)
    third = await Agent("first", refuse, fallback=Agent("second", also, fallback=Agent("third", answer))).run(1)

    assert both.error is not None and both.error.message == "also down"
    assert (third.data, third.attempts) == ("second: 1", 3)


async def test_it_does_not_answer_for_people_or_doubts() -> None:
    """A rejection stays one, and an effect in doubt is not done by another."""

    async def reject(x: int) -> None:
        raise Rejected

    async def charge(x: int) -> None:
        raise ConnectionError

    rejected = await Agent("first", reject, fallback=Agent("second", answer)).run(1)
    doubtful = await Agent("first", charge, effect="guarded", fallback=Agent("second", answer)).run(1)

    assert (rejected.status, doubtful.status) == ("rejected", "unknown")


async def test_an_effects_fallback_has_the_same_key() -> None:
    """Two ways to one remote: whichever gets through first counts, and the ledger answers the next call."""
    keys: list[str] = []

    async def lose(x: int, ctx: CallContext) -> None:
        keys.append(ctx.idempotency_key)
        raise ConnectionError

    async def pay(x: int, ctx: CallContext) -> str:
        keys.append(ctx.idempotency_key)
        return "paid"

    paying = Agent("pay", lose, effect="keyed", fallback=Agent("other", pay, effect="keyed"))
    first = await paying.run(1, idempotency_key="T-17")
    again = await paying.run(1, idempotency_key="T-17")

    assert (first.data, again.data, again.replayed) == ("paid", "paid", True)
    assert len(keys) == 2 and len(set(keys)) == 1


async def test_it_may_be_a_function_or_a_name() -> None:
    """Whatever can be an agent."""

    @agent
    async def second(x: int) -> str:
        return "by name"

    assert (await Agent("first", refuse, fallback=answer).run(1)).data == "second: 1"  # type: ignore[arg-type]
    assert (await Agent("first", refuse, fallback=Agent("second")).run(1)).data == "by name"


async def test_it_has_the_callers_time_not_the_failed_agents() -> None:
    """The total of the first is its own; what is left of the call is for both."""
    with virtual_time():

        async def hang(x: int) -> None:
            await asyncio.Event().wait()

        async def slow(x: int) -> str:
            await asyncio.sleep(5)
            return "done"

        slowly = Agent("first", hang, total_timeout=2, fallback=Agent("second", slow))
        patient, hasty = await slowly.run(1), await slowly.run(1, timeout=4)

        assert patient.status == "success"
        assert patient.duration == pytest.approx(7)
        assert hasty.status == "timeout"
        assert hasty.duration == pytest.approx(4)


async def test_a_stored_wait_of_the_fallback_goes_on_there() -> None:
    """The first is not asked again when the run goes on."""
    with virtual_time():
        asked: list[str] = []

        async def first(x: int) -> None:
            asked.append("first")
            raise ConnectionError

        async def second(x: int) -> str:
            asked.append("second")
            if asked.count("second") < 3:
                raise ConnectionError
            return "done"

        policy = RetryPolicy(3, initial=10, jitter="none")
        both = Agent("first", first, fallback=Agent("second", second, retry_policy=policy))
        state: Any = None
        for _ in range(2):
            with pytest.raises(StoredWait) as waits:
                await call(both, 1, Scope(path="n", run_id="r", durable=True, state=state))
            state = waits.value.state
        result = await call(both, 1, Scope(path="n", run_id="r", durable=True, state=state))

    assert (result.status, asked) == ("success", ["first", "second", "second", "second"])
