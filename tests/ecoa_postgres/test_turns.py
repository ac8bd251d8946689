"""Turns: claimed once, finished by the holder only, handed over in one commit."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ecoa.errors import Fenced, ResultNotSerializable
from ecoa.store.base import Join, NewEvent
from ecoa.store.postgres import PostgresStore, values
from tests.ecoa_postgres.runs import finish, new_run, node, review

ALL: dict[str, Any] = {"pipelines": ["order"], "queues": ["default"], "limit": 10}


async def test_a_chain_is_handed_over_step_by_step(store: PostgresStore) -> None:
    """Each finish answers with the lease of the next node; the last one ends the run."""
    started = await store.start(new_run(), worker="w")
    (lease,) = started.leases

    (second,) = (await store.finish(finish(lease, creates=[node("b", input="2")]), worker="w")).leases
    ended = await store.finish(finish(second, ends="success", result='"all"'), worker="w")

    run = await store.run(lease.run_id)
    assert (second.path, second.input, second.fence, second.pipeline) == ("b", "2", 1, "order")
    assert (ended.run_status, run.status, run.result) == ("success", "success", '"all"')
    assert [(n.path, n.status) for n in await store.nodes(lease.run_id)] == [("a", "done"), ("b", "done")]
    assert [event.kind for event in await store.events(lease.run_id)] == ["started", "success"]


async def test_another_fence_writes_nothing(store: PostgresStore) -> None:
    """A worker that lost its node is Fenced, on the short way and on the long one."""
    (lease,) = (await store.start(new_run(), worker="w")).leases
    await store.leave("w")
    (again,) = await store.claim("v", **ALL)

    for turn in (finish(lease, creates=[node("b")]), finish(lease, events=[NewEvent(kind="x")])):
        with pytest.raises(Fenced):
            await store.finish(turn, worker="w")

    assert again.fence > lease.fence
    assert [n.path for n in await store.nodes(lease.run_id)] == ["a"]


async def test_a_node_is_claimed_by_one_worker(store: PostgresStore) -> None:
    """Twenty workers that ask at once share the nodes, each once."""
    await store.start_many([new_run(node("a", "ready")) for _ in range(50)])

    claims = await asyncio.gather(*(store.claim(f"w{n}", **ALL) for n in range(20)))

    leases = [lease for claimed in claims for lease in claimed]
    assert len(leases) == 50
    assert len({lease.run_id for lease in leases}) == 50
    assert (await store.run(leases[0].run_id)).status == "running"


async def test_a_lock_key_lets_one_run_at_a_time(store: PostgresStore) -> None:
    """Of two nodes with the same lock one is leased; the other when that one is done."""
    for _ in range(2):
        await store.start(new_run(node("a", "leased", lock_key="customer-1")), worker="w")

    claims = await asyncio.gather(*(store.claim(f"w{n}", **ALL) for n in range(4)))
    ((worker, lease),) = [(f"w{n}", lease) for n, claimed in enumerate(claims) for lease in claimed]
    await store.finish(finish(lease, ends="success"), worker=worker)
    (other,) = await store.claim("w", **ALL)

    assert other.run_id != lease.run_id


async def test_whoever_is_last_makes_the_join(store: PostgresStore) -> None:
    """Two branches that end at once make what follows once."""
    first = [node("fan", "open", opens=2), node("fan.x"), node("fan.y")]
    started = await store.start(new_run(*first), worker="w")
    join = Join(container="fan", then=node("join"))

    ends = await asyncio.gather(*(store.finish(finish(x, join=join), worker="w") for x in started.leases))

    assert sorted(len(end.leases) for end in ends) == [0, 1]
    assert [(n.path, n.status) for n in await store.nodes(started.run.id)][-1] == ("join", "leased")


async def test_a_pause_stores_the_review_and_its_message_together(store: PostgresStore) -> None:
    """The node is paused, the run too, and the notification waits to be sent."""
    (lease,) = (await store.start(new_run(), worker="w")).leases
    asked = review()

    ended = await store.finish(finish(lease, "paused", review=asked), worker="w")

    run = await store.run(lease.run_id)
    assert ended.run_status == run.status == "paused"
    assert [row[0] for row in run.reviews] == [asked.id]
    rows = await store.db.rows("SELECT channel, occasion, status FROM pipelines_message", {})
    assert rows == [("email", "request", "waiting")]


async def test_a_large_value_is_kept_in_parts_and_read_back(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above 256 KiB the row holds a pointer; readers and leases get the text."""
    monkeypatch.setattr(values, "PART_BYTES", 100_000)
    text = '"' + "é" * 200_000 + '"'
    (lease,) = (await store.start(new_run(), worker="w")).leases

    (second,) = (await store.finish(finish(lease, output=text, creates=[node("b", input=text)]), worker="w")).leases

    (row, _) = await store.nodes(lease.run_id)
    assert row.output == second.input == text
    assert await store.db.rows("SELECT count(*) FROM pipelines_blob", {}) == [(5,)]


async def test_a_value_beyond_the_limit_is_refused_by_name(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the node and the size; the node stays leased."""
    monkeypatch.setattr(values, "MAX_BYTES", 300_000)
    (lease,) = (await store.start(new_run(), worker="w")).leases

    with pytest.raises(ResultNotSerializable, match=r"'a' is 0\.4 MiB"):
        await store.finish(finish(lease, output='"' + "x" * 400_000 + '"'), worker="w")

    assert (await store.nodes(lease.run_id))[0].status == "leased"
