"""Every store there is: one contract for all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from ecoa.store.base import Store
from ecoa.store.memory import MemoryStore
from tests.engine_database import empty_store


@pytest_asyncio.fixture(params=["memory", "postgres"])
async def store(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: object
) -> AsyncIterator[Store]:
    """A store with nothing in it."""
    if request.param == "memory":
        yield MemoryStore()
        return
    async with empty_store() as made:
        yield made
