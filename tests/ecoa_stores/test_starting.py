"""Starting runs: once per key, whatever happens."""

from __future__ import annotations

import asyncio

import pytest

from ecoa.codec import dumps
from ecoa.engine.ids import uuid7
from ecoa.errors import EcoaError, IdempotencyConflict, NotFound
from ecoa.store.base import Store
from tests.ecoa_stores.cast import WORKER, begin, claim, end, keyed, new_run, node, statuses


async def test_a_first_node_is_handed_to_the_starter(store: Store) -> None:
    """A leased first node comes back with the start; a ready one waits for whoever claims it."""
    started = await store.start(new_run(node("a"), node("b", "ready")), worker=WORKER)
    claimed = await claim(store, worker="other")

    assert [(lease.path, lease.fence, lease.attempt) for lease in started.leases] == [("a", 1, 1)]
    assert [lease.path for lease in claimed] == ["b"]
    assert started.created and started.run.status == "running"


async def test_the_same_key_and_input_attach(store: Store) -> None:
    """A second start finds the running run and leases nothing of it."""
    first = await store.start(keyed(), worker=WORKER)
    second = await store.start(keyed(), worker="other")

    assert (second.created, second.run.id, list(second.leases)) == (False, first.run.id, [])


async def test_the_same_key_with_another_input_is_a_conflict(store: Store) -> None:
    """Never silently the old result."""
    await begin(store, keyed(fingerprint="one"))

    with pytest.raises(IdempotencyConflict):
        await store.start(keyed(fingerprint="two"), worker=WORKER)


async def test_racing_starts_make_one_run(store: Store) -> None:
    """Of twenty starts with one key one creates the run, the others attach."""
    started = await asyncio.gather(*(store.start(keyed(), worker=f"w{n}") for n in range(20)))

    assert sum(one.created for one in started) == 1
    assert len({one.run.id for one in started}) == 1


async def test_a_finished_run_is_found_by_its_key(store: Store) -> None:
    """The stored result, nothing is done again."""
    lease = await begin(store, keyed())
    await end(store, lease, ends="success", result='"all"')

    again = await store.start(keyed(), worker=WORKER)

    assert (again.created, again.run.status, again.run.result) == (False, "success", '"all"')
    assert await claim(store) == []


async def test_a_failed_run_goes_on_from_where_it_stopped(store: Store) -> None:
    """Done nodes stay done; the failed one is ready again."""
    first = await begin(store, keyed())
    (second,) = (await end(store, first, creates=[node("b", input="2")])).leases
    await end(store, second, "error", error={"type": "AgentError", "message": "no"}, ends="error")

    again = await store.start(keyed(), worker=WORKER)
    (lease,) = await claim(store)

    assert (again.created, again.run.id) == (False, first.run_id)
    assert (lease.path, lease.input) == ("b", "2") and lease.fence > second.fence
    assert await statuses(store, first.run_id) == {"a": "done", "b": "leased"}


async def test_a_key_may_be_used_anew_after_its_time(store: Store) -> None:
    """Not while the run goes on; then for as long as it says."""
    lease = await begin(store, keyed(key_ttl=0.0))
    attached = await store.start(keyed(key_ttl=0.0), worker=WORKER)
    await end(store, lease, ends="success", result="1")
    while not (anew := await store.start(keyed(key_ttl=0.0), worker=WORKER)).created:
        await asyncio.sleep(0.005)

    assert not attached.created
    assert anew.run.id != lease.run_id


async def test_runs_started_in_bulk_are_claimed_each_once(store: Store) -> None:
    """Twenty workers that ask at once share fifty runs."""
    made = await store.start_many([new_run(node("a", "ready")) for _ in range(50)])

    claims = await asyncio.gather(*(claim(store, worker=f"w{n}") for n in range(20)))

    leases = [lease for claimed in claims for lease in claimed]
    assert made == 50 and len(leases) == len({lease.run_id for lease in leases}) == 50


async def test_what_is_started_in_bulk_arrives_as_it_was_written(store: Store) -> None:
    """Backslashes, tabs and line ends in values and names, large values, nothing at all."""
    odd, large = 'a\tb\\n\nc\rd"ü', dumps("x" * 300_000)
    first = node("a", "ready", input=dumps(odd)), node("b", "ready", input=large), node("c", "ready")
    run = new_run(*first, input=large, session=odd, by=odd, parent=(uuid7(), odd))

    await store.start_many([run])
    leases = {lease.path: lease.input for lease in await claim(store)}
    row = await store.run(run.id)

    assert leases == {"a": dumps(odd), "b": large, "c": None}
    assert (row.input, row.session, row.parent) == (large, odd, run.parent)


async def test_what_is_urgent_is_claimed_first(store: Store) -> None:
    """By priority, then by age."""
    for name, priority in (("old", 0), ("urgent", 5), ("new", 0)):
        await store.start(new_run(node(name, "ready"), priority=priority), worker=None)

    claimed = [(await claim(store, limit=1))[0].path for _ in range(3)]

    assert claimed == ["urgent", "old", "new"]


async def test_only_known_pipelines_and_queues_are_claimed(store: Store) -> None:
    """A worker gets what it can run."""
    await store.start(new_run(node("a", "ready"), pipeline="other"), worker=None)
    await store.start(new_run(node("b", "ready", queue="slow")), worker=None)

    assert await claim(store) == []
    (slow,) = await store.claim(WORKER, pipelines=["order"], queues=["slow"], limit=5)
    assert slow.path == "b"


async def test_a_retry_revives_what_ended_with_the_run(store: Store) -> None:
    """The failed branch and those that were stopped because of it; not a run that succeeded."""
    started = await store.start(new_run(node("a"), node("b", "ready"), node("c")), worker=WORKER)
    a, c = started.leases
    await end(store, c)
    await end(store, a, "error", error={"type": "AgentError", "message": "no"}, ends="error")
    stopped = await statuses(store, a.run_id)

    await store.retry(a.run_id, by="ann")
    ready = await statuses(store, a.run_id)

    assert stopped == {"a": "error", "b": "cancelled", "c": "done"}
    assert ready == {"a": "ready", "b": "ready", "c": "done"}


async def test_a_run_that_succeeded_is_not_retried(store: Store) -> None:
    """It is done."""
    lease = await begin(store)
    await end(store, lease, ends="success", result="1")

    with pytest.raises(EcoaError):
        await store.retry(lease.run_id)


async def test_a_run_that_was_undone_is_not_set_going_again(store: Store) -> None:
    """What it did is undone: a retry is refused, and its start key leads to the failure that is stored."""
    failed = {"type": "AgentError", "message": "no"}
    lease = await begin(store, keyed(compensates=True))
    (undoing,) = (await end(store, lease, "error", error=failed, ends="error")).leases
    await end(store, undoing, ends="error")

    again = await store.start(keyed(compensates=True), worker=WORKER)
    with pytest.raises(EcoaError):
        await store.retry(lease.run_id)
    with pytest.raises(EcoaError):
        await store.retry(lease.run_id, path="a")

    assert (again.created, again.run.status, again.run.error) == (False, "error", failed)
    assert await claim(store) == []
    assert (await store.run(lease.run_id)).status == "error"


async def test_what_is_not_there_is_not_found(store: Store) -> None:
    """Runs and definitions."""
    with pytest.raises(NotFound):
        await store.run(new_run().id)
    with pytest.raises(NotFound):
        await store.definition("nothing")

    await store.define("order", "d1", {"name": "order", "steps": []})
    await store.define("order", "d1", {"name": "order", "steps": []})
    assert (await store.definition("d1"))["name"] == "order"
