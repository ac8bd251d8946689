"""Cancels, signals and reviews: each meets a turn that ends at that moment, and one of the two wins."""

from __future__ import annotations

import asyncio
import json

import pytest

from ecoa.errors import ReviewConflict, ReviewExpired
from ecoa.store.base import Ballot, ReviewFilter, Store
from tests.ecoa_stores.cast import begin, claim, end, new_run, node, review, soon, statuses

YES = Ballot(version=1, decision="approve", by="ann", via="web")


async def test_a_cancel_stops_what_nobody_works_on(store: Store) -> None:
    """Waiting and paused nodes at once; the run is cancelled then and there."""
    lease = await begin(store)
    await end(store, lease, "paused", review=review())

    run = await store.cancel(lease.run_id, reason="stop", by="ann")

    assert run.status == "cancelled" and not run.reviews
    assert await statuses(store, lease.run_id) == {"a": "cancelled"}


async def test_a_cancel_waits_for_who_is_at_it(store: Store) -> None:
    """The turn's end is kept, nothing follows it, and the run is cancelled."""
    lease = await begin(store)
    asked = await store.cancel(lease.run_id, reason="stop", by="ann")
    stop = await store.beat("worker", [(lease.run_id, "a", lease.fence)])

    ended = await end(store, lease, output='"kept"', creates=[node("b")])

    (row,) = await store.nodes(lease.run_id)
    assert asked.cancel_requested and asked.status == "running"
    assert stop == {(lease.run_id, "a")}
    assert (ended.run_status, row.output, list(ended.leases)) == ("cancelled", '"kept"', [])


async def test_a_cancel_and_an_end_agree(store: Store) -> None:
    """Whichever comes first, the run ends as one of the two and nothing is left over."""
    for _ in range(10):
        lease = await begin(store)
        await asyncio.gather(
            store.cancel(lease.run_id, reason="", by="ann"), end(store, lease, ends="success", result="1")
        )
        assert (await store.run(lease.run_id)).status in ("success", "cancelled")


async def test_a_signal_wakes_who_waits(store: Store) -> None:
    """Its value comes with the lease."""
    lease = await begin(store)
    await end(store, lease, "waiting", signal="go")
    assert await claim(store) == []

    first = await store.signal(lease.run_id, "go", "7", key="k")
    again = await store.signal(lease.run_id, "go", "8", key="k")

    woken = await soon(store)
    assert (first, again, woken.signal) == (True, False, "7")


async def test_a_signal_that_came_before_is_not_lost(store: Store) -> None:
    """Who begins to wait gets it at once; each signal once."""
    lease = await begin(store)
    await store.signal(lease.run_id, "go", "7", key="k")
    await end(store, lease, "waiting", signal="go")

    woken = await soon(store)
    await end(store, woken, "waiting", signal="go")

    assert woken.signal == "7"
    assert await claim(store) == []


async def test_a_wait_for_a_signal_may_end_by_time(store: Store) -> None:
    """Then the lease has none."""
    lease = await begin(store)
    await end(store, lease, "waiting", signal="go", delay=0.03, state='{"waiting": true}')

    woken = await soon(store)

    assert (woken.signal, woken.state) == (None, '{"waiting": true}')


async def test_a_review_is_decided_once(store: Store) -> None:
    """Twenty racing decisions: one counts, the others are conflicts, and the node goes on once."""
    lease = await begin(store)
    request = review()
    paused = await end(store, lease, "paused", review=request)

    ballots = [Ballot(version=1, decision="approve", by=f"person{n}", via="web") for n in range(20)]
    answers = await asyncio.gather(*(store.decide_review(request.id, one) for one in ballots), return_exceptions=True)

    (going,) = await claim(store)
    assert paused.run_status == "paused"
    assert sum(isinstance(answer, ReviewConflict) for answer in answers) == 19
    assert json.loads(going.decision or "{}")["decision"] == "approve" and going.resumed
    assert await claim(store) == []


async def test_an_edit_goes_on_instead(store: Store) -> None:
    """The decision carries the edited value."""
    lease = await begin(store)
    request = review()
    await end(store, lease, "paused", review=request)

    await store.decide_review(request.id, Ballot(version=1, decision="edit", by="ann", via="web", output='{"n":2}'))

    (going,) = await claim(store)
    decided = json.loads(going.decision or "{}")
    assert (decided["decision"], decided["output"], decided["by"]) == ("edit", {"n": 2}, "ann")


async def test_a_run_shows_who_it_waits_for(store: Store) -> None:
    """Its pending reviews; a paused branch does not pause its siblings."""
    one, two = (await store.start(new_run(node("a"), node("b")), worker="worker")).leases
    request = review()
    first = await end(store, one, "paused", review=request)
    second = await end(store, two)

    run = await store.run(one.run_id)
    assert (first.run_status, second.run_status) == ("running", "paused")
    assert [(id_, version, path) for id_, version, path, _ in run.reviews] == [(request.id, 1, "a")]
    assert [row.id for row in (await store.reviews(ReviewFilter(run_id=one.run_id))).rows] == [request.id]


async def test_what_expired_is_not_decided(store: Store) -> None:
    """410; with on_expire=reject the node goes on as rejected, with hold the run is held."""
    hold, reject = review(expires_in=0.01), review(expires_in=0.01, on_expire="reject")
    for request in (hold, reject):
        await end(store, await begin(store), "paused", review=request)
    await asyncio.sleep(0.02)

    with pytest.raises(ReviewExpired):
        await store.decide_review(hold.id, YES)
    await store.expire_reviews()

    (going,) = await claim(store)
    assert json.loads(going.decision or "{}")["decision"] == "reject"
    assert (await store.run((await store.review(hold.id)).run_id)).status == "held"


async def test_a_quorum_needs_that_many_persons(store: Store) -> None:
    """One person's second vote is a conflict; the second person's decides."""
    request = review(quorum=2)
    await end(store, await begin(store), "paused", review=request)

    first = await store.decide_review(request.id, YES)
    with pytest.raises(ReviewConflict):
        await store.decide_review(request.id, YES)
    second = await store.decide_review(request.id, Ballot(version=1, decision="approve", by="bob", via="web"))

    assert (first.status, second.status) == ("pending", "approved")
