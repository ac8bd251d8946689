"""A receiver on free ports in this process, over a real database."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import uvloop
from django.db import connection
from psycopg.conninfo import make_conninfo
from pytest_django import DjangoDbBlocker

from ecoa_web.accounts.key_cache import digest
from ecoa_web.config import Config, read_config
from tests.receiver.client import Client
from tests.receiver.inbox import Inbox
from traces.receiver.limits import ReceiverLimits, receiver_limits
from traces.receiver.server import Receiver

type AddKey = Callable[..., str]


@pytest.fixture(scope="session")
def dsn(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> str:
    """libpq's address of the test database."""
    with django_db_blocker.unblock():
        connection.ensure_connection()
        info = connection.connection.info
        parts = {"host": info.host, "port": info.port, "user": info.user, "dbname": info.dbname}
        connection.close()
    return make_conninfo(**parts)


@pytest.fixture(scope="session")
def config(dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """Settings of a receiver on free ports."""
    return replace(
        read_config(),
        bind="127.0.0.1",
        otlp_http_port=0,
        otlp_grpc_port=0,
        database_url=dsn,
        data_dir=tmp_path_factory.mktemp("data"),
        cors_origins=("https://app.example.com",),
    )


@contextmanager
def running(config: Config, limits: ReceiverLimits | None = None) -> Iterator[Receiver]:
    """A receiver in a thread of its own, with uvloop as in production."""
    started = threading.Event()
    box: list[Receiver] = []

    async def run(stop: asyncio.Event) -> None:
        receiver = Receiver(config, limits or receiver_limits(config))
        await receiver.start()
        box.append(receiver)
        started.set()
        await stop.wait()
        await receiver.stop()

    loop = uvloop.new_event_loop()
    stop = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(run(stop),), name="receiver")
    thread.start()
    assert started.wait(10), "the receiver did not start"
    try:
        yield box[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        loop.close()


@pytest.fixture(scope="module")
def receiver(config: Config) -> Iterator[Receiver]:
    """One receiver for the tests of a module."""
    with running(config) as started:
        yield started


@pytest.fixture
def add_key(dsn: str) -> Iterator[AddKey]:
    """Makes API keys of project "receiver", for as long as the test lasts."""

    def add(*scopes: str) -> str:
        secret = "ecoa_" + secrets.token_urlsafe(32)
        with psycopg.connect(dsn, autocommit=True) as database:
            row = database.execute(
                "INSERT INTO accounts_project (slug, name) VALUES ('receiver', 'Receiver')"
                " ON CONFLICT (slug) DO UPDATE SET name = EXCLUDED.name RETURNING id"
            ).fetchone()
            assert row is not None
            database.execute(
                "INSERT INTO accounts_apikey (project_id, name, digest, prefix, scopes) VALUES (%s, 'k', %s, 'k', %s)",
                [row[0], digest(secret), list(scopes)],
            )
        return secret

    yield add
    with psycopg.connect(dsn, autocommit=True) as database:
        database.execute(
            "DELETE FROM accounts_apikey USING accounts_project p WHERE p.id = project_id AND p.slug = 'receiver'"
        )
        database.execute("DELETE FROM accounts_project WHERE slug = 'receiver'")


@pytest.fixture
def key(add_key: AddKey) -> str:
    """A key that may send spans."""
    return add_key("ingest")


@pytest.fixture
def inbox(dsn: str) -> Iterator[Inbox]:
    """The inbox, emptied."""
    with psycopg.connect(dsn, autocommit=True) as database:
        emptied = Inbox(database)
        yield emptied
        emptied.clear()


@pytest.fixture
def client(receiver: Receiver, key: str) -> Iterator[Client]:
    """An HTTP client with a key."""
    with Client(receiver.http_port, {"Authorization": f"Bearer {key}"}) as made:
        yield made


@pytest.fixture(scope="session")
def malformed() -> Path:
    """Bad or barely legal requests as real clients and attackers sent them."""
    return Path(__file__).parent / "malformed"
