"""What the documents show runs as it is written there."""

from __future__ import annotations

import asyncio
import gc
import warnings
from typing import Any, assert_type

from ecoa.agent import Agent, AgentError, agent
from ecoa.context import SessionContext
from ecoa.orchestrator import CircuitBreaker, Pipeline, RetryPolicy
from ecoa.result import Result
from ecoa.store import use
from ecoa.store.memory import MemoryStore

breaker = CircuitBreaker(failure_threshold=3, recovery_timeout=60)
retry = RetryPolicy(max_attempts=5, backoff_factor=2)


@agent
class Triage:
    """A class with run()."""

    async def run(self, ticket: Any) -> Any:
        """Pass it on."""
        return ticket


@agent(name="refund", timeout=3, retry_policy=retry, effect="keyed")
async def refund(ticket: Any, *, ctx: Any) -> Any:
    """Keyed."""
    return {"ticket": ticket, "key": ctx.idempotency_key}


class TicketFlow:
    """Plain control flow around agents."""

    async def run(self, ticket_id: str) -> Any:
        """As written."""
        async with breaker:
            triage = Agent("triage", retry_policy=retry)
            result = await triage.run(ticket_id)
            if result.status == "success":
                return await Agent("refund", retry_policy=retry).run(result.data)
            raise AgentError("triage failed")


@agent(name="intent")
async def intent(message: str) -> str:
    """What they want."""
    return "return" if "back" in message else "other"


@agent(name="returns")
async def returns(ctx_: SessionContext) -> str:
    """Gets the session."""
    return f"about {ctx_.get('last_message')}"


async def answer(user_id: str, message: str) -> Any:
    """State across calls."""
    ctx = SessionContext(user_id)
    ctx.set("last_message", message)
    intent = await Agent[Any, Any]("intent").run(message)
    ctx.set("intent", intent.data)
    if ctx.get("intent") == "return":
        return await Agent[Any, Any]("returns").run(ctx)
    return None


flow = Pipeline("tickets", Triage, refund, retry_policy=retry, breaker=breaker)


async def test_the_usage_block_runs_as_written() -> None:
    """Agents by name, a flow by hand, a session, a durable pipeline with a start key."""
    by_hand = await TicketFlow().run("T-16")
    said = await answer("ann", "I want to give it back")
    result: Any = await flow.run("T-17", idempotency_key="T-17")
    again = await flow.run("T-17", idempotency_key="T-17")

    assert by_hand.data["ticket"] == "T-16"
    assert said.data == "about I want to give it back"
    assert (result.status, result.data["ticket"], len(result.data["key"])) == ("success", "T-17", 64)
    assert again.replayed and again.data == result.data


def test_many_loops_follow_each_other_in_a_process() -> None:
    """Each run of a loop has an engine of its own; what waits goes on in the next; nothing is left behind."""

    async def inc(x: int) -> int:
        return x + 1

    async def last(x: int) -> int:
        return 10 * x

    paused = Pipeline("paused", inc).wait_for("go").then(last)
    with use(MemoryStore()), warnings.catch_warnings():
        warnings.simplefilter("error")
        for n in range(5):
            assert asyncio.run(Pipeline("short", inc).run(n)).data == n + 1
        run_id = asyncio.run(_started(paused))
        assert asyncio.run(_told(run_id)).data == 70
        _closed_without_cancelling(Pipeline("short", inc))
        gc.collect()


async def _started(pipeline: Pipeline) -> str:
    return (await pipeline.start(1)).id


async def _told(run_id: str) -> Any:
    handle = await Pipeline.resume(run_id)
    await handle.signal("go", 7, key="k")
    return await handle.result()


def _closed_without_cancelling(pipeline: Pipeline) -> None:
    loop = asyncio.new_event_loop()
    assert loop.run_until_complete(pipeline.run(1)).data == 2
    loop.close()


def test_plain_code_runs_pipelines_too() -> None:
    """run_sync, again and again."""
    with use(MemoryStore()):
        assert [Pipeline("plain", Agent("same", lambda x: x)).run_sync(n).data for n in range(3)] == [0, 1, 2]


async def test_pipelines_without_types_are_of_any() -> None:
    """A type checker asks for no annotation; what is annotated stays so."""
    plain = Pipeline("plain", Triage)
    typed: Pipeline[str, int] = Pipeline("typed", len)

    with use(MemoryStore()):
        loose = await Pipeline("loose", Triage, Triage).run("ticket")
        strict = await typed.then(abs).run("ticket")

    assert_type(plain, Pipeline[Any, Any])
    assert_type(loose, Result[Any])
    assert_type(strict, Result[int])
    assert (loose.data, strict.data) == ("ticket", 6)
