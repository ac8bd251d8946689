"""Waits, timeouts, signals, cancels: on virtual time."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from ecoa.agent import Agent
from ecoa.orchestrator import Pipeline, RetryPolicy
from ecoa.store.memory import MemoryStore
from tests.ecoa_engine.cast import Shop, double, forever, inc


def now() -> float:
    """Seconds on the loop's clock."""
    return asyncio.get_running_loop().time()


async def test_a_long_wait_holds_no_slot(store: MemoryStore) -> None:
    """More than five seconds are stored; the attempts are counted on."""
    calls: list[float] = []

    async def flaky(x: int, *, ctx: Any) -> int:
        calls.append(now())
        if ctx.attempt < 4:
            raise ConnectionError("down")
        return ctx.attempt  # type: ignore[no-any-return]

    retry = RetryPolicy(max_attempts=5, backoff_factor=4, jitter="none")  # 1, 4, 16 seconds
    handle = await Pipeline("waits", Agent("flaky", flaky, retry_policy=retry)).start(1)
    await asyncio.sleep(10)
    (row,) = await store.nodes(handle.id)
    result = await handle.result()

    assert (row.status, row.worker) == ("ready", None)
    assert result.data == 4
    assert [round(moment - calls[0]) for moment in calls] == [0, 1, 5, 21]


async def test_a_timer_outlasts_anything() -> None:
    """Three days later."""
    began = now()

    result = await (await Pipeline("later", inc).sleep(timedelta(days=3)).then(double).start(1)).result()

    assert (result.data, round(now() - began)) == (4, 3 * 86400)


async def test_a_signal_carries_a_value() -> None:
    """Sent before or while the run waits for it, once a key; nobody sends it: a timeout."""
    waits = Pipeline("waits", inc).wait_for("paid", timeout=timedelta(hours=1)).then(double)
    early, late, never = await waits.start(1), await waits.start(1), await waits.start(1)
    await early.signal("paid", 10, key="k")
    await asyncio.sleep(60)
    await late.signal("paid", 20, key="k")
    await late.signal("paid", 30, key="k")

    assert ((await early.result()).data, (await late.result()).data) == (20, 40)
    assert (await never.result()).status == "timeout"


async def test_a_runs_time_is_everybodys() -> None:
    """It ends a call, a pause and a wait."""
    call = Pipeline("call", forever, timeout=30)
    pause = Pipeline("pause", inc, timeout=30).review()
    wait = Pipeline("wait", inc, timeout=30).sleep(timedelta(hours=1))

    for flow in (call, pause, wait):
        began = now()
        assert (await (await flow.start(1)).result()).status == "timeout"
        assert round(now() - began) == 30


async def test_waiting_for_a_result_may_be_given_up() -> None:
    """The run goes on."""
    handle = await Pipeline("slow", inc).sleep(timedelta(minutes=1)).start(1)

    with pytest.raises(TimeoutError):
        await handle.result(timeout=5)
    assert (await handle.result()).data == 2


async def test_a_cancel_reaches_a_running_step() -> None:
    """It gets CancelledError; what is not begun never is."""
    seen: list[str] = []

    async def step(x: int) -> int:
        try:
            await asyncio.sleep(1e6)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise
        return x

    handle = await Pipeline("cancelled", step, inc).start(1)
    await asyncio.sleep(1)
    began = now()
    await handle.cancel("changed my mind", by="ann")
    result = await handle.result()

    assert (result.status, seen, now() - began) == ("cancelled", ["cancelled"], 0)
    assert str(result.error) == "changed my mind"


async def test_a_guarded_effect_is_finished_first(store: MemoryStore) -> None:
    """A cancel does not interrupt it: what it did is recorded."""

    async def pay(x: int) -> str:
        await asyncio.sleep(10)
        return f"paid {x}"

    handle = await Pipeline("guarded", Agent("pay", pay, effect="guarded"), inc).start(1)
    await asyncio.sleep(1)
    await handle.cancel()
    result = await handle.result()

    (effect,) = await store.effects(handle.id)
    assert (result.status, effect.status, effect.result) == ("cancelled", "done", '"paid 1"')


async def test_a_paused_run_is_cancelled_at_once() -> None:
    """Its review is closed with it."""
    handle = await Pipeline("paused", inc).review().start(1)
    asked = await handle.outcome()
    await handle.cancel()

    assert asked.review is not None
    assert (await handle.status(), (await handle.store.review(asked.review.id)).status) == ("cancelled", "cancelled")


async def test_the_history_is_told_to_its_end() -> None:
    """From the first line on, ending with the run."""
    handle = await Pipeline("told", inc).wait_for("go").start(1)
    lines = asyncio.create_task(_kinds(handle))
    await asyncio.sleep(1)
    await handle.signal("go", 1, key="k")

    kinds = await lines
    assert kinds[0] == "started" and "signal" in kinds and kinds[-1] == "success"


async def _kinds(handle: Any) -> list[str]:
    return [event.kind async for event in handle.events()]


async def test_sessions_commit_with_their_step(store: MemoryStore) -> None:
    """A failed attempt's writes vanish; the next step sees what the one before wrote."""
    from ecoa.context import SessionContext

    tries = 0

    async def write(x: int, *, ctx: Any) -> int:
        nonlocal tries
        tries += 1
        ctx.session.set(f"try{tries}", x)
        if tries == 1:
            raise ConnectionError("down")
        return x

    async def read(x: int, *, ctx: Any) -> Any:
        return (ctx.session.get("try1"), ctx.session.get("try2"))

    flow = Pipeline("session", Agent("write", write, retry_policy=RetryPolicy(max_attempts=2)), read)

    assert (await flow.run(7, context=SessionContext("ann"))).data == (None, 7)


async def test_no_step_runs_twice_at_a_time() -> None:
    """Sixty-four slots, a thousand runs."""
    shop = Shop()
    flow = Pipeline("many", shop.agent())

    results = await asyncio.gather(*(flow.run(n, idempotency_key=str(n)) for n in range(1000)))

    assert all(results) and shop.calls == len(shop.shipped) == 1000
