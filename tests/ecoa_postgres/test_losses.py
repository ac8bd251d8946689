"""Connections that break: what was asked for is done once, or told to be lost."""

from __future__ import annotations

import asyncio

import psycopg
import pytest
from psycopg.pq import ExecStatus

from ecoa.errors import EcoaError, NotFound, StoreUnavailable
from ecoa.store.base import Finish, NewEvent
from ecoa.store.postgres import PostgresStore
from ecoa.store.postgres.quick import _check
from tests.ecoa_postgres.runs import finish, new_run, node

KILL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ecoa' AND pid <> %(own)s"
SLEEPERS = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'ecoa'"


async def kill_all(store: PostgresStore) -> None:
    """End every session of the store but the one that asks."""
    await store.db.rows(KILL.replace("%(own)s", "pg_backend_pid()"), {})


@pytest.mark.parametrize("events", [(), (NewEvent(kind="x"),)], ids=["short", "long"])
async def test_a_turn_is_written_over_a_new_connection(store: PostgresStore, events: tuple[NewEvent, ...]) -> None:
    """The session was killed while it lay idle: finish tries again, and writes once."""
    (lease,) = (await store.start(new_run(), worker="w")).leases
    async with store.db.pool.connection():  # so that the killer's session is another
        await kill_all(store)
    await kill_all(store)

    done = await store.finish(finish(lease, creates=[node("b")], events=events), worker="w")

    assert [lease.path for lease in done.leases] == ["b"]
    assert [n.status for n in await store.nodes(lease.run_id)] == ["done", "leased"]


async def test_a_commit_whose_answer_was_lost_is_found(store: PostgresStore) -> None:
    """The second try meets its own first one: it answers as that would have, with the lease it made."""
    (lease,) = (await store.start(new_run(), worker="w")).leases
    turn = finish(lease, creates=[node("b")])
    real, calls = store._finish, 0

    async def lossy(conn: object, given: Finish, *, worker: str) -> object:
        nonlocal calls
        calls += 1
        answer = await real(conn, given, worker=worker)  # type: ignore[arg-type]
        if calls == 1:
            raise StoreUnavailable("the answer is lost")
        return answer

    store._finish = lossy  # type: ignore[method-assign,assignment]

    done = await store.finish(turn, worker="w")

    assert calls == 2
    assert [(made.path, made.fence) for made in done.leases] == [("b", 1)]


async def test_a_cancelled_turn_leaves_the_pool_usable(store: PostgresStore) -> None:
    """Cancelled while it waits for a lock: its connection is given up, the next call gets another."""
    (lease,) = (await store.start(new_run(), worker="w")).leases
    async with store.db.transaction() as conn:
        await conn.execute("SELECT FROM pipelines_node FOR UPDATE")
        turn = asyncio.create_task(store.finish(finish(lease, creates=[node("b")]), worker="w"))
        while not await store.db.rows(SLEEPERS, {}):
            await asyncio.sleep(0.01)

        turn.cancel()
        await asyncio.wait([turn])

    assert turn.cancelled()
    assert (await store.run(lease.run_id)).status == "running"


async def test_a_project_that_does_not_exist_is_named(store: PostgresStore) -> None:
    """ECOA_PROJECT is wrong: the error says so."""
    other = PostgresStore(store.db.dsn, project="nowhere")

    with pytest.raises(NotFound, match=r"'nowhere'.* ECOA_PROJECT"):
        await other.open()
    await other.close()


async def test_a_transaction_pooler_is_refused(store: PostgresStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two connections that share a server process: enroll says what to set."""
    from ecoa.store.postgres import connect

    async def shared(_: object) -> int:
        return 1

    monkeypatch.setattr(connect, "backend_pid", shared)

    with pytest.raises(EcoaError, match="ECOA_DIRECT_DATABASE_URL"):
        await store.enroll("w", host="h", pid=1, pipelines=[], slots=1)


async def test_a_server_that_goes_away_without_a_word_is_a_lost_connection(store: PostgresStore) -> None:
    """As after a crash: an answer of libpq's own, without PostgreSQL's code. What asked is asked again."""
    async with store.db.pool.connection() as conn:
        wordless = conn.pgconn.make_empty_result(ExecStatus.FATAL_ERROR)

        for answered in ([wordless], []):
            with pytest.raises(psycopg.OperationalError):
                _check(answered)
