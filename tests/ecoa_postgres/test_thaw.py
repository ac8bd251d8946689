"""A worker that was frozen longer than its lease."""

from __future__ import annotations

from ecoa.store.postgres import PostgresStore

KNOWN = "SELECT id FROM pipelines_worker"


async def test_a_thawed_worker_is_known_again(store: PostgresStore) -> None:
    """Given up for dead and forgotten, it says that it lives: from then on its death is seen at once, as before."""
    await store.enroll("w", host="h", pid=1, pipelines=["order"], slots=1)
    await store.reap(lease=-1.0)
    assert await store.db.rows(KNOWN, {}) == []

    await store.beat("w", [])

    assert [row[0] for row in await store.db.rows(KNOWN, {})] == ["w"]
    await store.leave("w")
