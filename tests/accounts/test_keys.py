"""API keys: shown once, stored as a digest, limited to their scopes and project, revoked within a second."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, LiteralString

import psycopg
import pytest
from channels.db import database_sync_to_async
from django.conf import settings
from django.db import connection
from django.test import Client

from ecoa_web.accounts import key_cache, keys
from ecoa_web.accounts.key_cache import KeyCache, KeyInfo
from ecoa_web.accounts.models import ApiKey, AuditEntry, Project, Scope, User
from tests.accounts.conftest import SignedIn

ROW = (7, 3, ["ingest"])


class Database:
    """Answers the cache's statements from memory, and counts them."""

    def __init__(self) -> None:
        self.rows: list[tuple[Any, ...]] = [ROW]
        self.asked = 0
        self.noted: list[object] = []

    async def __call__(self, statement: LiteralString, params: Sequence[object]) -> list[tuple[Any, ...]]:
        if statement == key_cache.SQL.key_used:
            self.noted += params
            return []
        self.asked += 1
        await asyncio.sleep(0)
        return self.rows


@pytest.fixture
def database() -> Database:
    return Database()


def test_a_key_is_found_by_its_secret_and_its_secret_is_nowhere(project: Project) -> None:
    """What the database holds of a key is its digest and a few characters to tell keys apart."""
    key, secret = keys.new_key(project, name="worker", scopes=[Scope.INGEST], by=None)

    found = keys.find_key(secret)
    with connection.cursor() as cursor:
        cursor.execute("SELECT accounts_apikey::text FROM accounts_apikey")
        stored = cursor.fetchall()

    assert found is not None
    assert found == KeyInfo(id=key.pk, project_id=project.pk, scopes=frozenset({"ingest"}))
    assert secret.startswith("ecoa_")
    assert len(secret) == 48
    assert secret not in str(stored)


@pytest.mark.parametrize("secret", ["", "ecoa_", "x" * 48, "ecoa_" + "é" * 43, "\udcff", "x" * 2000, b"\xff\xfe"])
def test_what_is_no_key_finds_nothing(project: Project, secret: str | bytes) -> None:
    """Whatever bytes come, the answer is no, not an error."""
    assert keys.find_key(secret) is None


def test_a_revoked_key_finds_nothing(project: Project) -> None:
    """Revoking works once and at once where there is no cache."""
    key, secret = keys.new_key(project, name="worker", scopes=[Scope.INGEST], by=None)

    assert keys.revoke(key) is True
    assert keys.revoke(key) is False
    assert keys.find_key(secret) is None


async def test_the_cache_asks_once_for_many_requests(database: Database) -> None:
    """A hundred requests with one key at once are one query."""
    cache = KeyCache(database)

    found = await asyncio.gather(*(cache.find("k" * 40) for _ in range(100)))

    assert database.asked == 1
    assert {info.id for info in found if info} == {7}


async def test_the_cache_forgets_within_a_second(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A revoked key stops working, and a new one starts to, at most a second later."""
    cache = KeyCache(database)
    clock = [100.0]
    monkeypatch.setattr("ecoa_web.accounts.key_cache.time.monotonic", lambda: clock[0])
    assert await cache.find("k" * 40)

    database.rows = []
    clock[0] += 1.0
    assert await cache.find("k" * 40) is None

    database.rows = [ROW]
    clock[0] += 1.0
    assert await cache.find("k" * 40)


async def test_made_up_keys_do_not_push_real_ones_out(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache stays small under a flood, and what it knew it still knows."""
    monkeypatch.setattr(key_cache, "MAX_HELD", 10)
    cache = KeyCache(database)
    await cache.find("real" * 10)
    database.rows = []

    for number in range(100):
        await cache.find(f"made up {number}")
    asked = database.asked

    assert await cache.find("real" * 10)
    assert database.asked == asked
    assert len(cache._unknown) == 10


async def test_a_database_that_is_away_is_not_a_wrong_key(database: Database) -> None:
    """The error reaches the caller, who answers 503; the next request asks again."""
    cache = KeyCache(database)

    async def away(statement: LiteralString, params: Sequence[object]) -> list[tuple[Any, ...]]:
        raise psycopg.OperationalError("away")

    cache._run = away
    with pytest.raises(psycopg.OperationalError):
        await cache.find("k" * 40)
    cache._run = database

    assert await cache.find("k" * 40)


async def test_use_is_noted_once_a_minute(database: Database) -> None:
    """The hot path writes nothing; a task beside it does, rarely."""
    cache = KeyCache(database)

    for _ in range(50):
        await cache.find("k" * 40)
    await asyncio.gather(*cache._notes)

    assert database.noted == [7]


@pytest.fixture
async def pool(transactional_db: None) -> AsyncIterator[Any]:
    from psycopg_pool import AsyncConnectionPool

    parameters = connection.get_connection_params()
    known = {name: parameters[name] for name in ("dbname", "user", "password", "host", "port") if parameters.get(name)}
    async with AsyncConnectionPool(kwargs=known, min_size=1, max_size=2, open=False) as opened:
        yield opened


async def test_the_cache_works_over_a_pool(pool: Any) -> None:  # psycopg's pool is generic over what tests ignore
    """As in the receiver: no Django between the request and the database."""

    def made() -> tuple[ApiKey, str]:
        project = Project.objects.create(slug="pool", name="Pool")
        return keys.new_key(project, name="worker", scopes=[Scope.INGEST, Scope.READ], by=None)

    key, secret = await database_sync_to_async(made)()
    cache = KeyCache.over(pool)

    found = await cache.find(secret.encode())
    await asyncio.gather(*cache._notes)
    used = await database_sync_to_async(lambda: ApiKey.objects.get(pk=key.pk).last_used_at)()

    assert found is not None
    assert found.allows(Scope.READ)
    assert not found.allows(Scope.ADMIN)
    assert used is not None


def test_an_owner_makes_a_key_and_sees_it_once(owner: User, project: Project, signed_in: SignedIn) -> None:
    """The answer to the form holds the key and the agent's environment; the list never does."""
    browser = signed_in(owner)

    made = browser.post("/p/shop/settings/keys/", {"name": "worker", "scopes": ["ingest"]})
    secret = made.context["secret"]
    listed = browser.get("/p/shop/settings/keys/").content.decode()

    assert keys.find_key(secret) is not None
    assert f"authorization=Bearer%20{secret}" in made.content.decode()
    assert "OTEL_EXPORTER_OTLP_ENDPOINT=http" in made.content.decode()
    assert made.headers["Cache-Control"] == "no-store"
    assert secret not in listed
    assert secret[:12] in listed
    assert AuditEntry.objects.filter(project=project, action="made the key", actor=owner).count() == 1
    assert secret not in str(list(AuditEntry.objects.values()))


def test_a_key_without_scopes_is_not_made(owner: User, project: Project, signed_in: SignedIn) -> None:
    """The form says so beside the field and keeps the name."""
    answer = signed_in(owner).post("/p/shop/settings/keys/", {"name": "worker"})

    assert answer.status_code == 200
    assert "Choose at least one." in answer.content.decode()
    assert 'value="worker"' in answer.content.decode()
    assert not ApiKey.objects.exists()


def test_revoking_asks_first(owner: User, project: Project, signed_in: SignedIn) -> None:
    """Looking at the question changes nothing; answering it does."""
    key, secret = keys.new_key(project, name="worker", scopes=[Scope.INGEST], by=owner)
    browser = signed_in(owner)

    browser.get(f"/p/shop/settings/keys/{key.pk}/revoke/")
    before = keys.find_key(secret)
    browser.post(f"/p/shop/settings/keys/{key.pk}/revoke/")

    assert before is not None
    assert keys.find_key(secret) is None
    assert AuditEntry.objects.filter(action="revoked the key", subject="worker").exists()


def test_metrics_need_a_key_that_may_read(project: Project) -> None:
    """No key: 401. A key that may only send: 403."""
    reader = keys.new_key(project, name="prometheus", scopes=[Scope.READ], by=None)[1]
    sender = keys.new_key(project, name="worker", scopes=[Scope.INGEST], by=None)[1]
    client = Client()

    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"authorization": "Bearer wrong"}).status_code == 401
    assert client.get("/metrics", headers={"authorization": f"Bearer {sender}"}).status_code == 403
    assert client.get("/metrics", headers={"authorization": f"Bearer {reader}"}).status_code == 200
    assert client.get("/metrics", headers={"x-api-key": reader}).status_code == 200


def test_last_used_moves_once_a_minute(project: Project) -> None:
    """A busy key costs the database one update a minute."""
    key, secret = keys.new_key(project, name="worker", scopes=[Scope.INGEST], by=None)
    info = keys.find_key(secret)
    assert info is not None

    keys.note_use(info)
    first = ApiKey.objects.get(pk=key.pk).last_used_at
    keys.note_use(info)

    assert first is not None
    assert ApiKey.objects.get(pk=key.pk).last_used_at == first


def test_environment_lines_name_the_receiver(project: Project) -> None:
    """On one's own machine agents send to the receiver's port."""
    from ecoa_web.accounts.snippets import otel_environment

    assert f":{settings.CONFIG.otlp_http_port}" in otel_environment(settings.CONFIG, "k")[0]
