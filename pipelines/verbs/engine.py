"""The engine's own store from Django's threads: it lives on one event loop beside them, with a few connections.

For verbs that need no transaction with Django's own tables. A verb is committed when `ask` returns.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from django.db import transaction

from ecoa.errors import StoreUnavailable
from ecoa.store import django_dsn
from ecoa.store.postgres import PostgresStore
from pipelines.verbs.transaction import tell

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from ecoa_web.accounts.models import Project

PATIENCE_S = 15.0  # the store itself gives up after ten
CONNECTIONS = 4

_lock = threading.Lock()
_loops: list[asyncio.AbstractEventLoop] = []
_stores: dict[tuple[str, str], PostgresStore] = {}


def ask[T](project: Project, verb: Callable[[PostgresStore], Coroutine[Any, Any, T]]) -> T:
    """What the verb answers; pages are told that the project changed."""
    store = _store(project.slug)
    asked = asyncio.run_coroutine_threadsafe(verb(store), _loop())
    try:
        answer = asked.result(PATIENCE_S)
    except TimeoutError as cause:
        asked.cancel()
        raise StoreUnavailable("the database does not answer") from cause
    project_id = project.pk
    transaction.on_commit(lambda: tell(project_id))
    return answer


def close() -> None:
    """Give the connections back; the next verb opens them again."""
    with _lock:
        stores = list(_stores.values())
        _stores.clear()
    for store in stores:
        asyncio.run_coroutine_threadsafe(store.close(), _loop()).result(PATIENCE_S)


def _store(slug: str) -> PostgresStore:
    dsn = django_dsn() or ""
    with _lock:
        if (dsn, slug) not in _stores:
            _stores[dsn, slug] = PostgresStore(dsn, project=slug, connections=CONNECTIONS)
        return _stores[dsn, slug]


def _loop() -> asyncio.AbstractEventLoop:
    with _lock:
        if not _loops:
            loop = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="ecoa-verbs", daemon=True).start()
            _loops.append(loop)
        return _loops[0]
