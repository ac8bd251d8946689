"""Every node does what it says, and names of its instances are where they belong."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ecoa.agent import Agent
from ecoa.orchestrator import Pipeline, RetryPolicy
from ecoa.store.memory import MemoryStore
from tests.ecoa_engine.cast import double, fail, forever, inc, total


async def paths(store: MemoryStore, run_id: str | None) -> list[str]:
    """Of the nodes of a run."""
    return [row.path for row in await store.nodes(run_id or "")]


async def test_steps_follow_each_other() -> None:
    """Each gets what the one before it answered."""
    result = await Pipeline("chain", inc, double, inc).run(3)

    assert (result.status, result.data, result.replayed) == ("success", 9, False)
    assert result.run_id and len(result.trace_id) == 32


async def test_branches_get_the_same_input(store: MemoryStore) -> None:
    """Their outputs go on as a list in order, or as what the join makes of it."""
    fan = Pipeline("fan").parallel(inc, double, Pipeline([inc, inc]), name="fan")
    joined = Pipeline("joined").parallel(inc, double, join=total)

    result = await fan.run(5)

    assert result.data == [6, 10, 7]
    assert (await joined.run(5)).data == 16
    assert set(await paths(store, result.run_id)) == {
        "fan",
        "fan[inc].inc",
        "fan[double].double",
        "fan[inc#2].inc",
        "fan[inc#2].inc#2",
        "fan.join",
    }


async def test_a_quorum_is_enough() -> None:
    """Slow and failing branches are left out, and cancelled."""
    result = await Pipeline("quorum").parallel(forever, inc, fail, double, quorum=2).run(5)

    assert (result.status, result.data) == ("success", [6, 10])


async def test_a_branch_counts_once_however_often_it_fails() -> None:
    """Two items that fail in one branch are one failed branch."""
    both = asyncio.Barrier(2)

    async def fall(x: int) -> int:
        await both.wait()
        raise ValueError("no")

    async def late(x: int) -> int:
        await asyncio.sleep(60)
        return x

    items = Pipeline([]).each(range, fall)
    result = await Pipeline("once").parallel(items, inc, late, quorum=2).run(2)

    assert (result.status, result.data) == ("success", [3, 2])


async def test_a_failing_branch_fails_the_run() -> None:
    """Without a quorum every branch is needed."""
    result = await Pipeline("all").parallel(forever, fail).run(5)

    assert result.status == "error" and "no to 5" in str(result.error)


async def test_items_are_known_by_their_own_keys(store: MemoryStore) -> None:
    """Keys of a mapping, an item's id, the item itself; outputs in order."""
    each = Pipeline("each").each(lambda orders: orders, lambda order: order["n"] * 2, name="fan")

    result = await each.run([{"id": "b/1", "n": 1}, {"id": "a", "n": 2}, {"id": "a", "n": 3}])

    assert result.data == [2, 4, 6]
    assert {"fan[b%2F1].lambda", "fan[a].lambda", "fan[a#2].lambda"} <= set(await paths(store, result.run_id))


async def test_no_more_items_than_the_limit_run_at_a_time() -> None:
    """The end of one begins another."""
    inside = most = 0

    async def work(n: int) -> int:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(1 + n % 3)
        inside -= 1
        return n

    result = await Pipeline("limited").each(range, work, limit=4).run(30)

    assert result.data == list(range(30))
    assert most == 4


async def test_no_items_is_an_empty_list() -> None:
    """Nothing to do is done at once."""
    assert (await Pipeline("none").each(lambda _: [], inc).then(total).run(1)).data == 0


async def test_one_of_two_ways_is_taken(store: MemoryStore) -> None:
    """Without `otherwise` the input goes on as it is."""
    way = Pipeline("way").when(lambda x: x > 3, Pipeline([inc, double]), double).then(inc)
    half = Pipeline("half").when(lambda x: x > 3, inc).then(inc)

    high = await way.run(5)

    assert (high.data, (await way.run(1)).data, (await half.run(1)).data) == (13, 3, 2)
    assert "when[yes].double" in await paths(store, high.run_id)


async def test_a_loop_goes_round_until_it_is_done(store: MemoryStore) -> None:
    """Each round has paths of its own; rounds that are not enough fail the run."""
    result = await Pipeline("rounds").loop(inc, until=lambda x: x >= 5, name="loop").then(double).run(2)
    endless = await Pipeline("endless").loop(inc, until=lambda x: False, max_rounds=3).run(0)

    assert result.data == 10
    assert "loop@3.inc" in await paths(store, result.run_id)
    assert (endless.status, endless.error and endless.error.type) == ("error", "MaxRounds")


async def test_pipelines_are_steps(store: MemoryStore) -> None:
    """Inside the same run, under their name."""
    sub = Pipeline("sub", inc).when(lambda x: x > 0, double)
    result = await Pipeline("outer", sub).then(sub, inc).run(1)

    assert result.data == 11
    assert {"sub/inc", "sub/when[yes].double", "sub#2/inc", "inc"} <= set(await paths(store, result.run_id))


async def test_containers_nest() -> None:
    """Each in parallel in when in loop, and what ends with a way is still an output."""
    inner = Pipeline([]).each(range, Pipeline([]).when(lambda x: x % 2 == 0, inc)).then(total)
    nested = Pipeline("nested").loop(
        Pipeline([]).when(lambda x: True, Pipeline([]).parallel(inner, inc, join=total)), until=lambda x: x > 20
    )

    async def by_hand(x: int) -> int:
        while True:
            x = sum(n + 1 if n % 2 == 0 else n for n in range(x)) + x + 1
            if x > 20:
                return x

    assert (await nested.run(3)).data == await by_hand(3)


async def test_a_pipelines_policies_are_for_agents_without(store: MemoryStore) -> None:
    """The agent's own go first."""
    calls: list[str] = []

    async def flaky(x: int) -> int:
        calls.append("flaky")
        raise ConnectionError("down")

    retry = RetryPolicy(max_attempts=3, jitter="none")
    own = Agent("own", flaky, retry_policy=RetryPolicy(max_attempts=1))
    await Pipeline("shared", Agent("flaky", flaky), retry_policy=retry).run(1)
    shared = len(calls)
    await Pipeline("own", own, retry_policy=retry).run(1)

    assert (shared, len(calls)) == (3, 4)


@pytest.mark.slow  # 100,000 durable steps
async def test_length_has_no_limit(store: MemoryStore) -> None:
    """100,000 steps, and 20,000 items: no recursion anywhere."""
    chain = await Pipeline("long", *[inc] * 100_000).run(0)
    items = await Pipeline("wide").each(range, inc).run(20_000)

    assert chain.data == 100_000
    assert items.data is not None and len(items.data) == items.data[-1] == 20_000


async def test_finished_runs_are_forgotten_in_the_end() -> None:
    """The store in memory keeps the latest; a process that runs for a year stays small."""
    from ecoa.store import use

    with use(MemoryStore(keep_finished=10)) as store:
        assert isinstance(store, MemoryStore)
        for n in range(50):
            await Pipeline("many", inc).run(n, idempotency_key=str(n))

        assert len(store.runs) == 10
        assert len(store.keys) == 10


async def test_a_mistake_in_a_function_of_the_graph_fails_the_run() -> None:
    """Not the worker."""
    result: Any = await Pipeline("wrong").when(lambda x: x.nothing, inc).run(1)

    assert result.status == "error" and result.error.type == "AttributeError"
