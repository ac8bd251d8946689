"""What a fleet shares: effects, sessions, breakers, limits."""

from __future__ import annotations

import asyncio

import pytest

from ecoa.errors import Fenced, IdempotencyConflict, SessionConflict
from ecoa.store.base import Effect, EffectDone, SessionWrites, Store
from tests.ecoa_stores.cast import begin, claim, end


async def intend(
    store: Store, key: str = "k", *, scope: str = "agent:pay", digest: str = "d", fence: int | None = None
) -> Effect:
    """Commit an intent."""
    return await store.intend(key=key, scope=scope, path="a", effect="guarded", fence=fence, digest=digest, ttl=None)


async def test_an_effect_is_intended_once(store: Store) -> None:
    """Racing intents: one is fresh; another input is a conflict."""
    rows = await asyncio.gather(*(intend(store) for _ in range(10)))

    assert sum(row.fresh for row in rows) == 1 and {row.status for row in rows} == {"intended"}
    with pytest.raises(IdempotencyConflict):
        await intend(store, digest="other")


async def test_a_settled_effect_tells_its_result(store: Store) -> None:
    """Done stays done; one that surely failed may be intended anew."""
    await intend(store)
    await store.settle(EffectDone(key="k", status="failed"))
    anew = await intend(store)
    await store.settle(EffectDone(key="k", status="done", result='"paid"'))
    await store.settle(EffectDone(key="k", status="unknown"))

    row = await intend(store)
    assert (anew.fresh, anew.status) == (True, "intended")
    assert (row.fresh, row.status, row.result) == (False, "done", '"paid"')


async def test_an_effect_of_a_run_ends_with_its_node(store: Store) -> None:
    """Only who holds the node may intend; the ledger is written with the turn."""
    lease = await begin(store)
    await intend(store, scope=lease.run_id, fence=lease.fence)
    with pytest.raises(Fenced):
        await intend(store, "other", scope=lease.run_id, fence=lease.fence + 1)

    await end(store, lease, ends="success", result="1", effect=EffectDone(key="k", status="done", result="1"))

    assert [(row.path, row.status, row.result) for row in await store.effects(lease.run_id)] == [("a", "done", "1")]


async def test_sessions_merge_key_by_key(store: Store) -> None:
    """Two that write different keys both count; None deletes."""
    await asyncio.gather(
        store.write_session(SessionWrites(owner="ann", values={"x": "1"})),
        store.write_session(SessionWrites(owner="ann", values={"y": "2"})),
    )
    await store.write_session(SessionWrites(owner="ann", values={"x": None}))

    found = await store.read_session("ann")
    assert {key: text for key, (text, _) in found.items()} == {"y": "2"}
    assert await store.read_session("bob") == {}


async def test_a_swap_needs_the_version_it_read(store: Store) -> None:
    """Of two swaps on one version one is left out."""
    first = await store.write_session(SessionWrites(owner="ann", values={"n": "1"}, expect={"n": 0}))
    swaps = await asyncio.gather(
        *(store.write_session(SessionWrites(owner="ann", values={"n": str(n)}, expect=dict(first))) for n in (2, 3))
    )

    assert sorted(len(swap) for swap in swaps) == [0, 1]


async def test_a_nodes_session_commits_with_it(store: Store) -> None:
    """A failed swap writes nothing at all: the turn is still open."""
    lease = await begin(store)
    version = (await store.write_session(SessionWrites(owner="ann", values={"n": "1"})))["n"]

    with pytest.raises(SessionConflict):
        stale = SessionWrites(owner="ann", values={"n": "9"}, expect={"n": version + 1})
        await end(store, lease, session=stale, ends="success", result="1")
    assert (await store.run(lease.run_id)).status == "running"
    fresh = SessionWrites(owner="ann", values={"n": "2", "m": "3"}, expect={"n": version})
    await end(store, lease, session=fresh, ends="success", result="1")

    assert {key: text for key, (text, _) in (await store.read_session("ann")).items()} == {"n": "2", "m": "3"}


async def test_values_are_forgotten_after_their_time(store: Store) -> None:
    """The time runs from the last use."""
    await store.write_session(SessionWrites(owner="ann", values={"n": "1"}, ttl=0.03))
    await asyncio.sleep(0.06)

    assert await store.read_session("ann") == {}


async def test_a_breaker_lets_one_probe_through(store: Store) -> None:
    """Of twenty workers one, when the wait is over; a close lets everybody."""
    assert await store.breaker("stripe") is None
    row = await store.trip("stripe", wait=0.02, reason="3 failures")
    early = await store.probe("stripe", worker="w", lease=10)
    await asyncio.sleep(0.03)

    probes = await asyncio.gather(*(store.probe("stripe", worker=f"w{n}", lease=10) for n in range(20)))
    half = await store.breaker("stripe")
    await store.close_breaker("stripe", by="w")
    closed = await store.breaker("stripe")

    assert (row.state, early, sum(probes)) == ("open", False, 1)
    assert half is not None and closed is not None
    assert (half.state, closed.state) == ("half_open", "closed") and row.version < half.version < closed.version


async def test_a_limit_is_taken_or_waited_for(store: Store) -> None:
    """What does not fit takes nothing and tells the wait; corrections give back."""
    limits = {"requests": 60.0, "tokens": 600.0}
    first = await store.reserve("openai", limits=limits, amounts={"requests": 1, "tokens": 590})
    wait = await store.reserve("openai", limits=limits, amounts={"requests": 1, "tokens": 100})
    await store.adjust("openai", amounts={"tokens": -490})
    again = await store.reserve("openai", limits=limits, amounts={"requests": 1, "tokens": 100})

    assert (first, again) == (0.0, 0.0)
    assert 8 < wait <= 9


async def test_a_block_stops_everybody(store: Store) -> None:
    """Retry-After: nobody takes anything until it is over."""
    await store.block("openai", seconds=30)

    wait = await store.reserve("openai", limits={"requests": 60.0}, amounts={"requests": 1})

    assert 29 < wait <= 30
    assert await claim(store) == []
