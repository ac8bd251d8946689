"""Inside of durable runs agents keep their promises, too."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ecoa.agent import Agent, Result, agent
from ecoa.calling.context import CallContext
from ecoa.context import SessionContext
from ecoa.orchestrator import CircuitBreaker, Pipeline, RetryPolicy
from ecoa.review import Approve, Edit, Reject, decide
from ecoa.store import use
from ecoa.store.memory import MemoryStore
from ecoa.testing.clock import virtual_time

RETRY = RetryPolicy(5, jitter="none")


async def finished(flow: Pipeline[Any, Any], x: Any, run_id: str) -> Result[Any]:
    """The result of a run that goes on."""
    return await (await flow.resume(run_id)).result(timeout=60)


async def test_long_waits_free_the_slot_and_count_on() -> None:
    """1 + 2 + 4 + 8 seconds: the last is stored, and the fifth attempt is the fifth."""
    attempts: list[tuple[int, str]] = []

    @agent
    async def flaky(x: int, ctx: CallContext) -> str:
        attempts.append((ctx.attempt, ctx.idempotency_key))
        if len(attempts) < 5:
            raise ConnectionError
        return "done"

    with virtual_time():
        flow: Pipeline[Any, Any] = Pipeline("waits", flaky, retry_policy=RETRY)
        result = await flow.run(1)

    assert result.data == "done"
    assert [number for number, _ in attempts] == [1, 2, 3, 4, 5]
    assert len({key for _, key in attempts}) == 1


@pytest.mark.parametrize("word", ["again", "done"])
async def test_a_person_settles_a_doubt(store: MemoryStore, word: str) -> None:
    """Nothing is sent until somebody says that it did not happen; saying that it did sends nothing."""
    sent: list[str] = []

    @agent(effect="guarded", timeout=1)
    async def charge(order: str) -> str:
        sent.append(order)
        if len(sent) == 1:
            raise ConnectionResetError("lost")
        return f"charged {order}"

    flow: Pipeline[Any, Any] = Pipeline("charges", charge, retry_policy=RETRY)
    with virtual_time():
        doubtful = await flow.run("T-17")
        assert (doubtful.status, sent) == ("unknown", ["T-17"])
        assert doubtful.run_id is not None

        await store.release(
            doubtful.run_id, "charge", decision=f'{{"decision": "{word}", "output": "by hand"}}', by="ann"
        )
        result = await finished(flow, "T-17", doubtful.run_id)

    assert result.status == "success"
    assert result.data == {"again": "charged T-17", "done": "by hand"}[word]
    assert len(sent) == {"again": 2, "done": 1}[word]


async def test_calls_in_a_node_have_paths_under_it() -> None:
    """And keys that a resume makes again."""
    seen: list[tuple[str, str | None]] = []

    @agent
    async def inner(x: int, ctx: CallContext) -> int:
        seen.append((ctx.path, ctx.run_id))
        return x + 1

    @agent
    async def outer(x: int) -> Any:
        return (await inner.run((await inner.run(x)).unwrap())).unwrap()

    flow: Pipeline[Any, Any] = Pipeline("nested", outer)
    result = await flow.run(1)

    assert result.data == 3
    assert seen == [("outer/inner#1", result.run_id), ("outer/inner#2", result.run_id)]


async def test_effects_of_calls_in_a_node_are_done_once() -> None:
    """The node fails after them and is tried again: the ledger answers."""
    paid: list[str] = []

    @agent(effect="keyed")
    async def pay(order: str) -> str:
        paid.append(order)
        return f"paid {order}"

    @agent
    async def checkout(order: str, ctx: CallContext) -> str:
        result = await Agent("pay").run(order)
        if len(paid) == 1 and not result.replayed:
            raise ConnectionError("after the payment")
        return f"{result.data}, replayed: {result.replayed}"

    with virtual_time():
        flow: Pipeline[Any, Any] = Pipeline("checkout", checkout.with_(retry_policy=RETRY))
        result = await flow.run("T-17")

    assert paid == ["T-17"]
    assert result.data == "paid T-17, replayed: True"


async def test_what_a_failed_attempt_wrote_in_the_session_vanishes() -> None:
    """The writes of the attempt that succeeded are committed with the node."""

    @agent
    async def note(x: int, ctx: CallContext) -> str:
        assert ctx.session is not None
        ctx.session.set(f"attempt {ctx.attempt}", True)
        if ctx.attempt == 1:
            raise ConnectionError
        return "done"

    with virtual_time():
        flow: Pipeline[Any, Any] = Pipeline("notes", note, retry_policy=RETRY)
        await flow.run(1, context=SessionContext("ann"))

        session = SessionContext("ann")
        assert session.get("attempt 2") is True
        assert session.get("attempt 1") is None


async def test_a_pipelines_breaker_is_the_fleets() -> None:
    """It has a name then, and is seen in the store."""
    store = MemoryStore()

    @agent
    async def down(x: int) -> None:
        raise ConnectionError

    breaker = CircuitBreaker(3, 60)
    with virtual_time():
        flow: Pipeline[Any, Any] = Pipeline("downs", down, retry_policy=RetryPolicy(3), breaker=breaker)
        with use(store):
            result = await flow.run(1)
        await asyncio.sleep(0)

    assert result.status == "error"
    assert breaker.name is not None
    row = await store.breaker(breaker.name)
    assert row is not None and row.state == "open"


@pytest.mark.parametrize(
    ("decision", "data"), [("approve", "draft, sent"), ("edit", "better, sent"), ("reject", "not sent")]
)
async def test_a_review_of_a_call_in_a_node_pauses_the_node(decision: str, data: str) -> None:
    """The node runs again with what people decided about that call's output."""

    @agent(require_review=lambda result: True)
    async def write(x: str) -> str:
        return "draft"

    @agent
    async def send(x: str) -> str:
        result = await write.run(x)
        return f"{result.data}, sent" if result else "not sent"

    words: dict[str, Approve | Edit | Reject] = {"approve": Approve(), "edit": Edit("better"), "reject": Reject("no")}
    flow: Pipeline[Any, Any] = Pipeline("letters", send)
    with virtual_time():
        paused = await flow.run("T-17")
        assert (paused.status, paused.run_id is not None) == ("paused", True)
        assert paused.review is not None
        await decide(paused.review.id, version=paused.review.version, by="ann", decision=words[decision])
        result = await finished(flow, "T-17", paused.run_id or "")

    assert result.data == data
