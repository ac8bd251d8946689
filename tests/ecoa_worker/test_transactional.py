"""effect="transactional": the caller's rows and the word that the step is done are one commit."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from ecoa.store.postgres import PostgresStore
from tests.ecoa_worker.processes import begun, crew, ended, told
from tests.ecoa_worker.shop import sales
from tests.engine_database import slug_of, test_database

pytestmark = pytest.mark.slow  # starts processes

SOLD = "SELECT count(*) FROM accounts_project WHERE slug = %(slug)s"


async def test_a_crash_before_the_commit_leaves_neither(store: PostgresStore, tmp_path: Path) -> None:
    """The row and the completion vanish together; the next worker writes both."""
    slug = f"sold-{uuid4().hex[:8]}"
    with crew(test_database(), slug_of(store)) as workers:
        run_id = await begun(store, sales, {"folder": str(tmp_path), "slug": slug, "dies": "before"})

        assert workers.hire("django").wait() == 9
        before = await store.db.rows(SOLD, {"slug": slug}), await store.effects(run_id)
        (tmp_path / "gate").touch()
        workers.hire("django")
        run = await ended(store, run_id)

    assert before == ([(0,)], [])
    assert run.result == f'"{slug}"'
    assert await store.db.rows(SOLD, {"slug": slug}) == [(1,)]
    assert [effect.status for effect in await store.effects(run_id)] == ["done"]


async def test_a_crash_after_the_commit_leaves_both(store: PostgresStore, tmp_path: Path) -> None:
    """The next worker finds the completion and goes on with its result: the agent is not called again."""
    slug = f"sold-{uuid4().hex[:8]}"
    with crew(test_database(), slug_of(store)) as workers:
        run_id = await begun(store, sales, {"folder": str(tmp_path), "slug": slug, "dies": "after"})

        assert workers.hire("django-dies-after").wait() == 9
        after = await store.db.rows(SOLD, {"slug": slug}), [e.status for e in await store.effects(run_id)]
        workers.hire("django")
        run = await ended(store, run_id)

    assert after == ([(1,)], ["done"])
    assert (run.status, run.result) == ("success", f'"{slug}"')
    assert await told(tmp_path, lambda lines: len(lines) == 1)
    assert await store.db.rows(SOLD, {"slug": slug}) == [(1,)]
