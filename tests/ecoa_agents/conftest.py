"""Every test has a store of its own, in memory, and agents of its own."""

from __future__ import annotations

from collections.abc import Iterator
from weakref import WeakValueDictionary

import pytest

from ecoa.calling import registry
from ecoa.store import use
from ecoa.store.memory import MemoryStore


@pytest.fixture(autouse=True)
def store() -> Iterator[MemoryStore]:
    """The default store."""
    with use(MemoryStore()) as memory:
        assert isinstance(memory, MemoryStore)
        yield memory


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names that other tests registered are free."""
    monkeypatch.setattr(registry, "_declared", {})
    monkeypatch.setattr(registry, "_made", WeakValueDictionary())
