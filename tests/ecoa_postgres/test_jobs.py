"""Periodic work: what is over is forgotten, what is needed stays."""

from __future__ import annotations

import psycopg
import pytest

from ecoa.store.base import SessionWrites
from ecoa.store.postgres import PostgresStore, values
from ecoa_web.config import read_config
from pipelines.jobs import SQL, PipelineJobs
from tests.ecoa_postgres.runs import finish, new_run
from tests.engine_database import test_database

OLD = "UPDATE pipelines_run SET finished_at = finished_at - interval '40 days' WHERE id = %(run)s"


async def ended(store: PostgresStore, **changes: object) -> str:
    """A run that succeeded 40 days ago; its id."""
    (lease,) = (await store.start(new_run(**changes), worker="w")).leases
    await store.finish(finish(lease, ends="success"), worker="w")
    await store.db.rows(OLD, {"run": lease.run_id})
    return lease.run_id


def jobs(conn: psycopg.Connection) -> PipelineJobs:
    """The periodic work on a connection of its own."""
    return PipelineJobs(conn, config=read_config())


async def test_old_runs_go_with_their_nodes_and_large_values(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run past the retention leaves nothing; one that runs, or whose key is for ever, stays."""
    monkeypatch.setattr(values, "INLINE_BYTES", 1000)
    monkeypatch.setattr(values, "SMALL", 250)
    large = '"' + "x" * 2000 + '"'
    await ended(store, input=large)
    forever = await ended(store, idempotency_key="k", key_ttl=None, fingerprint="f")
    running = (await store.start(new_run(input=large), worker="w")).run.id

    with psycopg.connect(test_database(), autocommit=True) as conn:
        jobs(conn)._retire()
        conn.execute(SQL.forget_blobs, {"limit": 100})
        left = {str(row[0]) for row in conn.execute("SELECT id FROM pipelines_run")}
        nodes = conn.execute("SELECT count(*) FROM pipelines_node").fetchone()

    assert left == {forever, running}
    assert nodes == (2,)
    assert (await store.run(running)).input == large


async def test_blobs_go_with_their_last_run(store: PostgresStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody uses it any more: its parts are deleted."""
    monkeypatch.setattr(values, "INLINE_BYTES", 1000)
    monkeypatch.setattr(values, "SMALL", 250)
    await ended(store, input='"' + "x" * 2000 + '"')

    with psycopg.connect(test_database(), autocommit=True) as conn:
        jobs(conn)._retire()
        conn.execute(SQL.forget_blobs, {"limit": 100})

        assert conn.execute("SELECT count(*) FROM pipelines_blob").fetchone() == (0,)


async def test_sessions_end_unless_a_run_needs_them(store: PostgresStore) -> None:
    """Expired values are deleted; those of a session with an unfinished run are not."""
    await store.start(new_run(session="ada"), worker="w")
    for owner in ("ada", "ben"):
        await store.write_session(SessionWrites(owner=owner, values={"k": "1"}, ttl=0.0))

    with psycopg.connect(test_database(), autocommit=True) as conn:
        conn.execute(SQL.forget_sessions, {"limit": 100})
        owners = [row[0] for row in conn.execute("SELECT owner FROM pipelines_session")]

    assert owners == ["ada"]
    assert await store.read_session("ada")


async def test_what_belonged_to_a_deleted_project_goes(store: PostgresStore) -> None:
    """Hot tables have no foreign keys: a job follows the deletion."""
    await ended(store)

    with psycopg.connect(test_database(), autocommit=True) as conn:
        conn.execute("DELETE FROM accounts_project WHERE slug = %s", [store.db.project])
        jobs(conn)._forget_gone()
        counts = [
            conn.execute(f"SELECT count(*) FROM pipelines_{table}".encode()).fetchone()
            for table in ("run", "node", "event")
        ]

    assert counts == [(0,), (0,), (0,)]
