"""Rebuilding derived rows from the inbox, after a mapping rule or a price has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ecoa_web.db.named_sql import named_sql
from traces.span import Outcome
from traces.store.claim import DERIVED_LOCK

if TYPE_CHECKING:
    from psycopg import Connection

SQL = named_sql(__file__)


def replay(conn: Connection[Any], *, project_id: int | None = None) -> tuple[int, int]:
    """Forget what is derived (of one project, or of all) and let every batch wait again; how many batches and spans."""
    with conn.transaction():
        conn.execute(SQL.lock, {"lock": DERIVED_LOCK})
        _forget(conn, project_id)
        conn.execute(SQL.enqueue, {"project": project_id})
    return waiting(conn, project_id=project_id)


def waiting(conn: Connection[Any], *, project_id: int | None = None) -> tuple[int, int]:
    """How many batches, and spans in them, wait for a worker."""
    row = conn.execute(SQL.waiting, {"project": project_id}).fetchone()
    assert row is not None
    return row[0], row[1]


def _forget(conn: Connection[Any], project_id: int | None) -> None:
    of = {"project": project_id}
    if project_id is None:
        conn.execute(SQL.forget_all)
    else:
        for statement in (
            SQL.forget_spans,
            SQL.forget_traces,
            SQL.forget_settle,
            SQL.forget_rollups,
            SQL.forget_deltas,
            SQL.forget_dead_letters,
            SQL.forget_logs,
            SQL.forget_log_queue,
        ):
            conn.execute(statement, of)
    outcomes = [Outcome.STORED, Outcome.DEAD, Outcome.LOGS_STORED, Outcome.LOGS_DEAD]
    doubles = [Outcome.DUPLICATE, Outcome.LOGS_DUPLICATE]
    conn.execute(SQL.forget_ledger, {**of, "outcomes": _numbers(outcomes), "duplicates": _numbers(doubles)})


def _numbers(outcomes: list[Outcome]) -> list[int]:
    return [outcome.value for outcome in outcomes]
