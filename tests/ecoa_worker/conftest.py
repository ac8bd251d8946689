"""The store of these tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from ecoa.store.postgres import PostgresStore
from tests.engine_database import empty_store


@pytest_asyncio.fixture
async def store(django_db_setup: None, django_db_blocker: object) -> AsyncIterator[PostgresStore]:
    """A PostgresStore on the test database."""
    async with empty_store() as made:
        yield made
