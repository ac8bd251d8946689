"""Every test has a store of its own, in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ecoa.store import use
from ecoa.store.memory import MemoryStore


@pytest.fixture(autouse=True)
def store() -> Iterator[MemoryStore]:
    """The default store."""
    with use(MemoryStore()) as memory:
        assert isinstance(memory, MemoryStore)
        yield memory
