"""Runs the engine's database work on Django's connection, and tells pages and workers after the commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection, transaction

from ecoa.store.postgres.liveness import CHANNEL
from ecoa.store.postgres.work import run_sync
from ecoa_web.live.publish import publish

if TYPE_CHECKING:
    from ecoa.store.postgres.work import Work


def do[T](work: Work[T], *, project_id: int, wakes: bool = False) -> T:
    """Do it in one transaction; then hint that the project changed and, when it made a step ready, ring the workers."""
    with transaction.atomic():
        done = read(work)
        transaction.on_commit(lambda: tell(project_id, wakes=wakes))
    return done


def read[T](work: Work[T]) -> T:
    """Do it in the transaction that there is, or statement by statement."""
    connection.ensure_connection()
    with connection.wrap_database_errors:
        return run_sync(connection.connection, work)


def tell(project_id: int, *, wakes: bool = False) -> None:
    """Hint to pages and, with `wakes`, to workers. Not within a transaction."""
    connection.ensure_connection()
    with connection.wrap_database_errors:
        if wakes:
            connection.connection.execute(f"NOTIFY {CHANNEL}")
        publish(connection.connection, [project_id])
