"""Databases that ECOA does not know yet: what needs them says what to do, what can do without goes on alone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import psycopg
import pytest
import pytest_asyncio
from psycopg.conninfo import make_conninfo

from ecoa.agent import agent
from ecoa.context import SessionContext
from ecoa.errors import CircuitOpen, StoreNotReady
from ecoa.orchestrator import CircuitBreaker, Pipeline, RateLimiter
from ecoa.resilience import fleet
from ecoa.store import use
from ecoa.store.bridge import close_bridge
from ecoa.store.postgres import PostgresStore
from tests.engine_database import test_database


@pytest_asyncio.fixture(params=["tables", "project"])
async def missing(
    request: pytest.FixtureRequest, django_db_setup: None, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[str]:
    """The default store's database has no tables, or no such project: which."""
    monkeypatch.setattr(fleet, "_warned", {})
    here, empty = test_database(), "ecoa_no_tables"
    async with await psycopg.AsyncConnection.connect(here, autocommit=True) as conn:
        if request.param == "tables":
            await conn.execute(f"DROP DATABASE IF EXISTS {empty}")
            await conn.execute(f"CREATE DATABASE {empty}")
            here = make_conninfo(here, dbname=empty)
        store = PostgresStore(here, project="nobody-made-it")
        try:
            with use(store):
                yield request.param
        finally:
            close_bridge(store)
            await store.close()
            if request.param == "tables":
                await conn.execute(f"DROP DATABASE {empty} WITH (FORCE)")


async def test_limits_are_kept_by_this_process_alone(missing: str, caplog: pytest.LogCaptureFixture) -> None:
    """Breakers and limiters decide with what they know themselves, and say so once each."""
    breaker = CircuitBreaker(failure_threshold=2, name="payments")
    limiter = RateLimiter("model", requests_per_minute=600)
    unhandled: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unhandled.append(context))

    with caplog.at_level(logging.WARNING, "ecoa.resilience"):
        for _ in range(3):
            async with limiter.reserve():
                pass
        for _ in range(2):
            with pytest.raises(ConnectionError):
                async with breaker:
                    raise ConnectionError
        await asyncio.gather(*fleet._asking)
        breaker._looked = float("-inf")
        with pytest.raises(CircuitOpen):
            await breaker.check()
        await asyncio.gather(*fleet._asking)

    assert breaker.state == "open"
    told = [record.getMessage() for record in caplog.records]
    assert sorted(line.split(":")[0] for line in told) == ["breaker payments", "limiter model"]
    assert unhandled == []


async def test_runs_and_sessions_say_what_to_do(missing: str) -> None:
    """One clear sentence, as often as it is tried."""
    words = "ECOA_PROJECT" if missing == "project" else "manage.py migrate"

    @agent
    async def shout(text: str) -> str:
        return text.upper()

    for _ in range(2):
        with pytest.raises(StoreNotReady, match=words):
            await Pipeline("not-ready", shout).run("hello")
    with pytest.raises(StoreNotReady, match=words):
        SessionContext("ann").get("cart")
    with pytest.raises(StoreNotReady, match=words):
        async with SessionContext("ann"):
            pass
