"""A PostgresStore on the test database, and what it takes to look behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import psycopg
from django.db import connection
from psycopg.conninfo import make_conninfo

from ecoa.store.postgres import PostgresStore

EMPTIED = (
    "TRUNCATE pipelines_run, pipelines_node, pipelines_ready, pipelines_effect, pipelines_event, pipelines_worker,"
    " pipelines_breaker, pipelines_breaker_change, pipelines_limiter, pipelines_session, pipelines_blob,"
    " pipelines_blob_use, pipelines_definition CASCADE"
)


def test_database() -> str:
    """Its address."""
    settings = connection.settings_dict
    names = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "NAME"}
    return make_conninfo("", **{name: settings[key] for name, key in names.items() if settings[key]})


test_database.__test__ = False  # type: ignore[attr-defined]  # pytest would run it


def slug_of(store: PostgresStore) -> str:
    """The slug of a store's project."""
    return store.db.project


@asynccontextmanager
async def empty_store(**options: Any) -> AsyncIterator[PostgresStore]:
    """A store with a project of its own and nothing in it; gone with what it wrote afterwards."""
    dsn, slug = test_database(), f"engine-{uuid4().hex[:12]}"
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as conn:
        await conn.execute("INSERT INTO accounts_project (slug, name) VALUES (%s, %s)", (slug, slug))
        store = PostgresStore(dsn, project=slug, **options)
        try:
            yield store
        finally:
            await store.close()
            await conn.execute(EMPTIED)
            await conn.execute("DELETE FROM accounts_project WHERE slug = %s", (slug,))
