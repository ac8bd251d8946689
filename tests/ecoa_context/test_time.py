"""How long a session is remembered, and when waiting writes are committed, on virtual time."""

from __future__ import annotations

import asyncio

from ecoa.context import LATE, SessionContext
from ecoa.store import use
from ecoa.store.memory import MemoryStore
from ecoa.testing import virtual_time


def test_a_write_waits_at_most_a_second() -> None:
    """Nothing is closed and no agent called: it is committed all the same."""

    async def request() -> None:
        store = MemoryStore()
        with use(store):
            SessionContext("ada").set("x", 1)
            await asyncio.sleep(LATE / 2)
            assert await store.read_session("ada") == {}
            await asyncio.sleep(LATE)
            assert set(await store.read_session("ada")) == {"x"}

    with virtual_time():
        asyncio.run(request())


def test_a_session_lives_five_minutes_from_its_last_use() -> None:
    """Reads extend it; silence ends it."""

    async def request() -> None:
        with use(MemoryStore()):
            await SessionContext("ada").aset("x", 1)
            for _ in range(3):
                await asyncio.sleep(290)
                assert SessionContext("ada").get("x") == 1
            await asyncio.sleep(301)
            assert SessionContext("ada").get("x") is None

    with virtual_time():
        asyncio.run(request())
