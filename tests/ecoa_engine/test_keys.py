"""Start keys, and the founding story: a caller may always ask again."""

from __future__ import annotations

import asyncio

import pytest

from ecoa.agent import Agent
from ecoa.errors import IdempotencyConflict
from ecoa.orchestrator import Pipeline, RetryPolicy
from ecoa.store.memory import MemoryStore
from tests.ecoa_engine.cast import Shop, inc


async def test_an_order_ships_once_although_the_answer_came_late() -> None:
    """The fulfilment agent answers after its timeout, the caller replays with the same key: one parcel leaves."""
    shop = Shop()

    async def fulfil(order: str, *, ctx: object) -> str:
        answer = await shop.ship(order, ctx=ctx)  # type: ignore[arg-type]
        await asyncio.sleep(5 if shop.calls == 1 else 0)  # it is shipped, but the answer is late
        return answer

    flow = Pipeline("fulfilment", Agent("fulfil", fulfil, timeout=2, effect="keyed"))

    late = await flow.run("T-17", idempotency_key="T-17")
    again = await flow.run("T-17", idempotency_key="T-17")
    third = await flow.run("T-17", idempotency_key="T-17")

    assert (late.status, again.status, again.data) == ("timeout", "success", "shipped T-17")
    assert (third.replayed, third.data, third.run_id) == (True, "shipped T-17", late.run_id)
    assert (len(shop.shipped), shop.calls) == (1, 2)


async def test_the_same_key_waits_for_the_run_that_goes_on() -> None:
    """Ten callers, one run, one answer."""
    shop = Shop()
    flow = Pipeline("same", shop.agent())

    results = await asyncio.gather(*(flow.run("x", idempotency_key="k") for _ in range(10)))

    assert {result.run_id for result in results} == {results[0].run_id}
    assert {result.data for result in results} == {"shipped x"}
    assert shop.calls == 1


async def test_another_input_is_a_conflict() -> None:
    """The order in which keys are written makes no other input."""
    flow = Pipeline("conflict", Agent("same", lambda x: x))
    await flow.run({"a": 1, "b": 2}, idempotency_key="k")

    assert (await flow.run({"b": 2, "a": 1}, idempotency_key="k")).replayed
    with pytest.raises(IdempotencyConflict):
        await flow.run({"a": 1, "b": 3}, idempotency_key="k")


async def test_a_failed_run_does_not_repeat_what_is_done() -> None:
    """Resumed from its last checkpoint, not begun anew."""
    shop, broken = Shop(), True

    async def bill(x: str) -> str:
        if broken:
            raise ValueError("no")
        return f"billed {x}"

    flow = Pipeline("resumed", shop.agent(), bill)
    first = await flow.run("x", idempotency_key="k")
    broken = False
    again = await flow.run("x", idempotency_key="k")

    assert (first.status, again.status, again.data) == ("error", "success", "billed shipped x")
    assert (shop.calls, again.run_id, again.replayed) == (1, first.run_id, False)


async def test_resume_goes_on_with_a_failed_run() -> None:
    """By its id, without a key."""
    broken = True

    async def bill(x: int) -> int:
        if broken:
            raise ValueError("no")
        return x

    flow = Pipeline("by id", inc, bill)
    first = await flow.run(1)
    broken = False
    assert first.run_id is not None

    again = await (await Pipeline.resume(first.run_id)).result()

    assert (again.status, again.data) == ("success", 2)
    assert (await flow.replay(first.run_id)).replayed


async def test_a_keys_attempts_have_one_idempotency_key() -> None:
    """Over attempts, stored waits and resumes."""
    keys: list[str] = []

    async def pay(x: int, *, ctx: object) -> int:
        keys.append(ctx.idempotency_key)  # type: ignore[attr-defined]
        if len(keys) < 6:
            raise ConnectionError("down")
        return x

    retry = RetryPolicy(max_attempts=4, backoff_factor=3, jitter="none")
    flow = Pipeline("one key", Agent("pay", pay, retry_policy=retry, effect="keyed"))
    await flow.run(1, idempotency_key="k")
    result = await flow.run(1, idempotency_key="k")

    assert result.status == "success"
    assert len(keys) == 6 and len(set(keys)) == 1


async def test_a_run_inside_a_step_is_found_again(store: MemoryStore) -> None:
    """A step that runs again attaches to the run that it started before."""
    shop = Shop()
    inner = Pipeline("inner", shop.agent())
    calls = 0

    async def outer(x: str) -> str:
        nonlocal calls
        calls += 1
        answer = await inner.run(x)
        if calls == 1:
            raise ConnectionError("after the inner run")
        return str(answer.unwrap())

    result = await Pipeline("outer", Agent("outer", outer, retry_policy=RetryPolicy(max_attempts=2))).run("x")

    assert (result.data, calls) == ("shipped x", 2)
    assert sum(run.new.pipeline == "inner" for run in store.runs.values()) == shop.calls


async def test_a_failed_branch_goes_on_without_repeating_the_others() -> None:
    """Branches and items that are done stay done; what was stopped with the run goes on."""
    shop, broken = Shop(), True

    async def bill(x: int) -> int:
        await asyncio.sleep(1)
        if broken:
            raise ValueError("no")
        return x

    async def late(x: int) -> int:
        await asyncio.sleep(60)
        return x

    flow = Pipeline("branches").parallel(shop.agent(), bill, Pipeline([]).each(range, late, limit=2))
    first = await flow.run(3, idempotency_key="k")
    broken = False
    again = await flow.run(3, idempotency_key="k")

    assert (first.status, again.status, again.data) == ("error", "success", ["shipped 3", 3, [0, 1, 2]])
    assert shop.calls == 1
