"""Both stores, the second on a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from ecoa.store import default_store, use
from ecoa.store.base import Store
from ecoa.store.bridge import close_bridge
from ecoa.store.memory import MemoryStore
from ecoa.store.postgres import PostgresStore
from ecoa_web.accounts.setup import ensure_default_project


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.django_db(transaction=True))])
def made(request: pytest.FixtureRequest) -> MemoryStore | PostgresStore:
    """One of its own: a store remembers its project's id, and tests empty the tables."""
    if request.param == "memory":
        return MemoryStore()
    ensure_default_project()
    django_s = default_store()
    assert isinstance(django_s, PostgresStore)
    return PostgresStore(django_s.db.dsn)


@pytest.fixture
async def store(made: MemoryStore | PostgresStore) -> AsyncIterator[Store]:
    """The store that contexts use."""
    with use(made):
        yield made
    await asyncio.to_thread(close_bridge, made)
    await made.close()
