"""A worker's house over the test database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection
from psycopg.conninfo import make_conninfo
from pytest_django import DjangoDbBlocker

from tests.store.house import TABLES, House


@pytest.fixture(scope="session")
def dsn(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> str:
    """libpq's address of the test database."""
    with django_db_blocker.unblock():
        connection.ensure_connection()
        info = connection.connection.info
        parts = {"host": info.host, "port": info.port, "user": info.user, "dbname": info.dbname}
        connection.close()
    return make_conninfo(**parts)


@pytest.fixture
def house(dsn: str) -> Iterator[House]:
    """An empty database and a worker's connection to it."""
    house = House(dsn)
    yield house
    house.conn.execute(f"TRUNCATE {TABLES}")
    house.conn.close()
