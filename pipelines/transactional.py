"""Agents with `effect="transactional"`: what they write through Django and the word that they are done are one commit.

A worker that dies before the commit leaves neither; the next one does it. One that dies after it leaves both; the next
one finds the ledger's entry and goes on with its result. Of two at once, the one without the lease is rolled back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, connection, transaction
from psycopg.conninfo import conninfo_to_dict

from ecoa.calling.scope import current
from ecoa.calling.threads import in_thread
from ecoa.codec import dumps, loads
from ecoa.errors import Fenced, Misuse
from ecoa.store import django_dsn
from ecoa.store.postgres import PostgresStore
from ecoa_web.db.named_sql import named_sql

if TYPE_CHECKING:
    from collections.abc import Callable

    from ecoa.calling.scope import Scope

SQL = named_sql(__file__)
PLACE = ("host", "port", "dbname")


async def in_transaction(call: Callable[[], Any]) -> Any:  # Any: what the agent answers
    """Call the agent in a thread, in a transaction of Django's; its output."""
    scope = current()
    if scope is None or scope.run_id is None or not isinstance(scope.store, PostgresStore):
        return await in_thread(_alone, call)
    _refuse_another_database(scope.store)
    return await in_thread(_with_completion, call, scope)


def _alone(call: Callable[[], Any]) -> Any:
    """Outside of stored runs: a transaction, and nothing that remembers it."""
    try:
        with transaction.atomic():
            return call()
    finally:
        connection.close()


def _with_completion(call: Callable[[], Any], scope: Scope) -> Any:
    try:
        with connection.cursor() as cursor:
            cursor.execute(SQL.find, {"key": scope.idempotency_key})
            if (row := cursor.fetchone()) is not None:
                return loads(row[0])
        with transaction.atomic():
            output = call()
            _complete(scope, dumps(output))
        return output
    finally:
        connection.close()  # back to the pool: threads of the engine are many


def _complete(scope: Scope, result: str) -> None:
    """The ledger's entry, written by whoever holds the node."""
    assert scope.run_id is not None
    values = {
        "key": scope.idempotency_key,
        "run": scope.run_id,
        "path": scope.path,
        "node": scope.path.partition("/")[0],
        "fence": scope.fence,
        "result": result,
    }
    try:
        with connection.cursor() as cursor:
            cursor.execute(SQL.complete, values)
            if cursor.rowcount != 1:
                raise Fenced(f"{scope.path} of run {scope.run_id} is another worker's now")
    except IntegrityError as done:
        raise Fenced(f"{scope.path} of run {scope.run_id} was done by another worker") from done


def _refuse_another_database(store: PostgresStore) -> None:
    """One commit needs one database."""
    own, engine = (conninfo_to_dict(dsn or "") for dsn in (django_dsn(), store.db.dsn))
    if any(str(own.get(name, "")) != str(engine.get(name, "")) for name in PLACE):
        raise Misuse(
            "A transactional agent needs its runs and its tables in one database, and ECOA_DATABASE_URL names another "
            "than Django's."
        )
