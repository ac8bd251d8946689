"""Turns: held by one worker, ended once, handed over in the same change."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ecoa.errors import Fenced, NotFound
from ecoa.store.base import Join, Lease, NewEvent, NewNode, Store
from tests.ecoa_stores.cast import WORKER, begin, claim, end, ending, new_run, node, soon, statuses

ERROR = {"type": "AgentError", "message": "no"}


async def test_a_chain_is_handed_over_step_by_step(store: Store) -> None:
    """Each finish answers with the lease of the next node; the last one ends the run."""
    first = await begin(store)
    (second,) = (await end(store, first, creates=[node("b", input="2")])).leases
    ended = await end(store, second, ends="success", result='"all"')

    run = await store.run(first.run_id)
    assert (second.path, second.input, second.attempt) == ("b", "2", 1)
    assert (ended.run_status, run.status, run.result, list(ended.leases)) == ("success", "success", '"all"', [])
    assert [(row.path, row.status) for row in await store.nodes(first.run_id)] == [("a", "done"), ("b", "done")]


async def test_who_lost_a_node_writes_nothing(store: Store) -> None:
    """Another worker has it: Fenced, on the short way and on the long one."""
    lease = await begin(store)
    await store.leave(WORKER)
    (again,) = await claim(store, worker="other")

    for turn in (ending(lease, creates=[node("b")]), ending(lease, events=[NewEvent(kind="x")])):
        with pytest.raises(Fenced):
            await store.finish(turn, worker=WORKER)

    assert again.fence > lease.fence
    assert await statuses(store, lease.run_id) == {"a": "leased"}


async def test_a_turn_ends_once(store: Store) -> None:
    """The same end again is Fenced."""
    lease = await begin(store)
    await end(store, lease, creates=[node("b")])

    with pytest.raises(Fenced):
        await end(store, lease, creates=[node("b")])


async def test_what_is_given_back_counts_as_no_attempt(store: Store) -> None:
    """A worker that leaves costs its nodes nothing."""
    await begin(store)
    await store.leave(WORKER)

    (again,) = await claim(store, worker="other")

    assert (again.attempt, again.takeovers) == (1, 0)


async def test_a_node_that_is_there_stays_as_it_is(store: Store) -> None:
    """Creating a done node again changes nothing; a failed one begins anew."""
    started = await store.start(new_run(node("a"), node("b")), worker=WORKER)
    a, b = started.leases
    await end(store, b, output='"kept"')

    ended = await end(store, a, creates=[node("b", input='"new"')])

    (row,) = await store.nodes(a.run_id, paths=["b"])
    assert (row.status, row.output, list(ended.leases)) == ("done", '"kept"', [])


async def test_whoever_ends_last_makes_the_join(store: Store) -> None:
    """A container counts its children down; at zero it is done and the join is leased to the last one."""
    box = NewNode(path="fan", kind="parallel", status="open", opens=3)
    leases = (await store.start(new_run(box, *(node(f"fan[{n}].x") for n in range(3))), worker=WORKER)).leases
    join = Join(container="fan", then=NewNode(path="fan.join", kind="join", status="leased"))

    handed = [list((await end(store, lease, join=join)).leases) for lease in leases]

    assert [len(each) for each in handed] == [0, 0, 1]
    assert handed[2][0].path == "fan.join"
    assert (await statuses(store, leases[0].run_id))["fan"] == "done"


async def test_a_quorum_cancels_the_rest(store: Store) -> None:
    """Ready and leased branches are cancelled; who was at it is Fenced."""
    box = NewNode(path="fan", kind="parallel", status="open", opens=1, spare=2)
    first = [box, node("fan[0].x"), node("fan[1].x"), node("fan[2].x", "ready")]
    one, two = (await store.start(new_run(*first), worker=WORKER)).leases
    join = Join(container="fan", then=NewNode(path="fan.join", kind="join", status="leased"), cancel_rest=True)

    (lease,) = (await end(store, one, join=join)).leases

    assert lease.path == "fan.join"
    with pytest.raises(Fenced):
        await end(store, two, join=join)
    found = await statuses(store, one.run_id)
    assert [found[f"fan[{n}].x"] for n in range(3)] == ["done", "cancelled", "cancelled"]


async def test_a_quorum_can_do_without_some(store: Store) -> None:
    """A failure takes from the spare; without any left it ends the run."""
    box = NewNode(path="fan", kind="parallel", status="open", opens=2, spare=1)
    leases = (await store.start(new_run(box, *(node(f"fan[{n}].x") for n in range(3))), worker=WORKER)).leases
    join = Join(container="fan", then=NewNode(path="fan.join", kind="join", status="leased"), cancel_rest=True)

    first = await end(store, leases[0], "error", error=ERROR, join=join, ends="error")
    second = await end(store, leases[1], "error", error=ERROR, join=join, ends="error")

    assert (first.run_status, second.run_status) == ("running", "error")
    assert (await store.run(leases[0].run_id)).error == ERROR


async def test_a_branch_fails_once_and_as_a_whole(store: Store) -> None:
    """What else goes on in a failed branch is cancelled: it neither takes from the spare again nor runs in vain."""
    box = NewNode(path="fan", kind="parallel", status="open", opens=1, spare=1)
    first = [box, node("fan[0].x[1].y"), node("fan[0].x[2].y"), node("fan[0].x[3].y", "ready"), node("fan[1].x")]
    one, two, other = (await store.start(new_run(*first), worker=WORKER)).leases
    join = Join(container="fan", then=NewNode(path="fan.join", kind="join", status="leased"), cancel_rest=True)
    failed = replace(join, branch="fan[0]")

    first_failure = await end(store, one, "error", error=ERROR, join=failed, ends="error")
    with pytest.raises(Fenced):
        await end(store, two, "error", error=ERROR, join=failed, ends="error")
    found = await statuses(store, one.run_id)
    (lease,) = (await end(store, other, join=join)).leases

    assert first_failure.run_status == "running" and lease.path == "fan.join"
    assert [found[f"fan[0].x[{n}].y"] for n in (1, 2, 3)] == ["error", "cancelled", "cancelled"]


async def test_a_retry_gives_back_what_failures_took(store: Store) -> None:
    """As many branches may fail again as at first; what was cancelled with a branch goes on with it."""
    box = NewNode(path="fan", kind="parallel", status="open", opens=2, spare=1)
    first = [box, node("fan[0].x"), node("fan[0].y", "ready"), node("fan[1].x"), node("fan[2].x")]
    leases = (await store.start(new_run(*first), worker=WORKER)).leases
    join = Join(container="fan", then=NewNode(path="fan.join", kind="join", status="leased"), cancel_rest=True)

    async def fail(lease: Lease) -> str:
        branch = replace(join, branch=lease.path[: lease.path.index("]") + 1])
        return (await end(store, lease, "error", error=ERROR, join=branch, ends="error")).run_status

    at_first = [await fail(lease) for lease in leases[:2]]
    await store.retry(leases[0].run_id)
    ready = await statuses(store, leases[0].run_id)
    again = {lease.path: lease for lease in await claim(store)}
    then = [await fail(again[path]) for path in ("fan[0].x", "fan[1].x")]

    assert (at_first, then) == (["running", "error"], ["running", "error"])
    assert ready.pop("fan") == "open" and set(ready.values()) == {"ready"}


async def test_a_branch_that_was_not_needed_is_not_retried(store: Store) -> None:
    """Its quorum was reached without it."""
    box = NewNode(path="fan", kind="parallel", status="open", opens=1, spare=1)
    one, two = (await store.start(new_run(box, node("fan[0].x"), node("fan[1].x")), worker=WORKER)).leases
    join = Join(container="fan", then=NewNode(path="fan.join", kind="join", status="leased"), cancel_rest=True)
    await end(store, one, "error", error=ERROR, join=replace(join, branch="fan[0]"), ends="error")
    (lease,) = (await end(store, two, join=join)).leases
    await end(store, lease, "error", error=ERROR, ends="error")

    await store.retry(one.run_id)

    assert [lease.path for lease in await claim(store)] == ["fan.join"]


async def test_a_retry_of_one_step_lets_the_run_end(store: Store) -> None:
    """Its container and what was stopped with the run go on, too; a step that did not fail is not found."""
    box = NewNode(path="fan", kind="parallel", status="open", opens=2)
    one, _ = (await store.start(new_run(box, node("fan[0].x"), node("fan[1].x")), worker=WORKER)).leases
    await end(store, one, "error", error=ERROR, ends="error")
    with pytest.raises(NotFound):
        await store.retry(one.run_id, path="fan[2].x")

    await store.retry(one.run_id, path=one.path)

    assert await statuses(store, one.run_id) == {"fan": "open", "fan[0].x": "ready", "fan[1].x": "ready"}


async def test_a_wait_is_not_claimed_before_its_time(store: Store) -> None:
    """Back-off: ready again after the delay, with what the turn before left."""
    lease = await begin(store)
    ended = await end(store, lease, "ready", delay=0.05, state='{"attempts": 1}')
    early = await claim(store)

    again = await soon(store)

    assert (ended.run_status, early) == ("running", [])
    assert (again.path, again.attempt, again.state) == ("a", 2, '{"attempts": 1}')


async def test_a_timer_wakes(store: Store) -> None:
    """A node made with a delay is claimed when it is over."""
    lease = await begin(store)
    await end(store, lease, creates=[NewNode(path="t", kind="timer", delay=0.05)])

    assert await claim(store) == []
    assert (await soon(store)).path == "t"


async def test_one_node_of_a_lock_runs_at_a_time(store: Store) -> None:
    """The second is claimed when the first has ended."""
    for name in ("a", "b"):
        await store.start(new_run(node(name, "ready", lock_key="ann")), worker=None)
    (first,) = await claim(store)

    await end(store, first, ends="success", result="1")

    assert (await soon(store)).path == "b"


async def test_a_run_that_compensates_does_so_before_it_ends(store: Store) -> None:
    """An error makes "$compensate" for the writer; the run's error stays that of the failure."""
    lease = await begin(store, new_run(compensates=True))
    ended = await end(store, lease, "error", error=ERROR, ends="error")
    (undo,) = ended.leases
    last = await end(store, undo, ends="error")

    run = await store.run(lease.run_id)
    assert (undo.path, undo.kind, ended.run_status) == ("$compensate", "compensate", "compensating")
    assert (last.run_status, run.error) == ("error", ERROR)


async def test_an_end_stops_what_else_goes_on(store: Store) -> None:
    """Siblings are cancelled: the waiting at once, the leased by their fence."""
    one, two = (await store.start(new_run(node("a"), node("b"), node("c", "ready")), worker=WORKER)).leases

    await end(store, one, "error", error=ERROR, ends="error")

    assert await claim(store) == []
    with pytest.raises(Fenced):
        await end(store, two)


async def test_a_held_node_goes_on_with_a_persons_word(store: Store) -> None:
    """The run is held until somebody releases the node; the lease tells what they said."""
    lease = await begin(store)
    ended = await end(store, lease, "unknown", error={"type": "EffectUnknown", "message": "?"})
    before = await store.run(lease.run_id)

    await store.release(lease.run_id, "a", decision='{"decision": "again"}', by="ann")
    (again,) = await claim(store)

    assert (ended.run_status, (before.error or {})["type"]) == ("held", "EffectUnknown")
    assert again.decision is not None and "again" in again.decision


async def test_a_run_over_its_deadline_ends(store: Store) -> None:
    """Reaping ends it as an error, whoever is at it."""
    lease = await begin(store, new_run(timeout=0.02))
    while (run := await store.run(lease.run_id)).status == "running":
        await store.reap(lease=15)
        await store.idle(0.02)

    assert (run.status, (run.error or {})["type"]) == ("error", "AgentTimeout")
    with pytest.raises(Fenced):
        await end(store, lease)


async def test_history_is_told_in_order_until_the_end(store: Store) -> None:
    """`follow` ends with the run; what turns recorded is in it."""
    lease = await begin(store)
    await store.record(lease.run_id, [NewEvent(kind="mine", path="a", data={"n": 1})])
    await end(store, lease, ends="success", result="1", events=[NewEvent(kind="attempt", path="a")])

    kinds = [event.kind async for event in store.follow(lease.run_id)]

    assert kinds == ["started", "mine", "attempt", "success"]
    assert [event.kind for event in await store.events(lease.run_id)] == kinds


async def test_a_run_moves_to_another_definition(store: Store) -> None:
    """Leases carry the definition that the run is under now."""
    lease = await begin(store)
    await store.migrate(lease.run_id, definition_hash="d2")

    (following,) = (await end(store, lease, creates=[node("b")])).leases

    assert (lease.definition_hash, following.definition_hash) == ("d1", "d2")
