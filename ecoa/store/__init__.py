"""Which store: PostgreSQL where its address is known, else this process's memory.

ECOA_DATABASE_URL           the server's database, for agents and workers beside an application
Django, app `pipelines`     the database that Django is connected to
neither                     MemoryStore: nothing survives the process
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ecoa.store.base import Store

DEFAULT_PROJECT = "default"
_lock = threading.Lock()
_used: list[Store] = []
_made: dict[tuple[str | None, ...], Store] = {}


def default_store() -> Store:
    """The store of this process; the same object until the environment or Django's database changes."""
    if _used:
        return _used[-1]
    place = (_dsn(), os.environ.get("ECOA_DIRECT_DATABASE_URL"), os.environ.get("ECOA_PROJECT") or DEFAULT_PROJECT)
    with _lock:
        if place not in _made:
            _made[place] = _make(*place)
        return _made[place]


@contextmanager
def use(store: Store) -> Iterator[Store]:
    """Make this the store for the length of a block, in every thread: for tests."""
    _used.append(store)
    try:
        yield store
    finally:
        _used.remove(store)


def _make(dsn: str | None, direct_dsn: str | None, project: str) -> Store:
    if dsn is None:
        from ecoa.store.memory import MemoryStore

        return MemoryStore()
    from ecoa.store.postgres import PostgresStore

    return PostgresStore(dsn, direct_dsn=direct_dsn, project=project)


def _dsn() -> str | None:
    return os.environ.get("ECOA_DATABASE_URL") or django_dsn()


def django_dsn() -> str | None:
    """Where Django's tables of pipelines are, when this process has Django set up with them."""
    apps, database = sys.modules.get("django.apps"), sys.modules.get("django.db")
    if apps is None or database is None or not apps.apps.ready or not apps.apps.is_installed("pipelines"):
        return None
    from psycopg.conninfo import make_conninfo

    settings: dict[str, Any] = database.connections["default"].settings_dict  # Django's own dictionary
    own = ("pool", "isolation_level", "server_side_binding", "assume_role", "service", "passfile")
    options = {name: value for name, value in settings["OPTIONS"].items() if name not in own}
    names = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "NAME"}
    given = {name: settings[key] for name, key in names.items() if settings[key]}
    return make_conninfo("", **options, **given)
