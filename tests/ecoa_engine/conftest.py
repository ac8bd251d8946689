"""Virtual time and a store of its own for every test; agents that count."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from ecoa.store import use
from ecoa.store.memory import MemoryStore
from ecoa.testing.clock import virtual_time


@pytest_asyncio.fixture(autouse=True)
async def store() -> AsyncIterator[MemoryStore]:
    """Waits take no time."""
    with virtual_time(), use(MemoryStore()) as made:
        assert isinstance(made, MemoryStore)
        yield made
