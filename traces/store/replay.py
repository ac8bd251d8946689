"""Rebuilding derived rows from the inbox, after a mapping rule has changed.

asked for ──▶ begun: derived rows are forgotten, every batch waits again ──▶ finished: all of them are stored
     └──────▶ failed
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import psycopg
import structlog

from ecoa_web.db.named_sql import named_sql
from traces.span import Outcome
from traces.store.claim import DERIVED_LOCK

if TYPE_CHECKING:
    from psycopg import Connection

log = structlog.get_logger(__name__)

SQL = named_sql(__file__)
MOST_ATTEMPTS = 3
COMMAND = "manage.py replay"


@dataclass(frozen=True, slots=True)
class ReplayJob:
    """One replay, of a project or of all."""

    id: int
    asked_by: str
    asked_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    problem: str | None
    batches: int
    spans: int
    left: int  # spans that wait

    @property
    def state(self) -> str:
        """asked, running, done or failed."""
        if self.problem is not None:
            return "failed"
        if self.finished_at is not None:
            return "done"
        if self.started_at is None:
            return "asked"
        return "running" if self.left else "done"

    @property
    def done(self) -> int:
        """Spans that are stored again."""
        return max(self.spans - self.left, 0)


def ask(conn: Connection[Any], *, project_id: int, by: str) -> bool:
    """Have a project replayed by a worker; False when that is asked for already."""
    return conn.execute(SQL.ask, {"project": project_id, "by": by}).rowcount == 1


def replay(conn: Connection[Any], *, project_id: int | None = None, by: str = COMMAND) -> tuple[int, int]:
    """Forget what is derived (of one project, or of all) and let every batch wait again; how many batches and spans."""
    with conn.transaction():
        conn.execute(SQL.end_open, {"project": project_id})
        conn.execute(SQL.ask, {"project": project_id, "by": by})
        row = conn.execute(SQL.open_job, {"project": project_id}).fetchone()
        assert row is not None
        _begin(conn, row[0], project_id)
    job = job_of(conn, row[0])
    return job.batches, job.spans


def step(conn: Connection[Any]) -> bool:
    """Note which replays are finished and begin the next one that is asked for; whether one was begun."""
    conn.execute(SQL.finish)
    row = conn.execute(SQL.attempt, {"most": MOST_ATTEMPTS}).fetchone()
    if row is None:
        return False
    job_id, project_id, attempts = row
    try:
        with conn.transaction():
            _begin(conn, job_id, project_id)
    except psycopg.Error as error:
        if conn.closed:
            raise
        log.warning("replay_failed", job=job_id, error=type(error).__name__)
        if attempts >= MOST_ATTEMPTS:
            conn.execute(SQL.fail, {"job": job_id, "problem": f"{type(error).__name__}: {error}".splitlines()[0]})
        return False
    return True


def newest_job(conn: Connection[Any], project_id: int | None) -> ReplayJob | None:
    """The newest replay that touches a project; of all projects without one."""
    row = conn.execute(SQL.newest_job, {"project": project_id}).fetchone()
    return ReplayJob(*row) if row else None


def job_of(conn: Connection[Any], job_id: int) -> ReplayJob:
    """That replay."""
    row = conn.execute(SQL.job, {"job": job_id}).fetchone()
    assert row is not None
    return ReplayJob(*row)


def _begin(conn: Connection[Any], job_id: int, project_id: int | None) -> None:
    """In the caller's transaction. Of two who begin the same, the second does nothing."""
    if conn.execute(SQL.hold, {"job": job_id}).fetchone() is None:
        return
    conn.execute(SQL.lock, {"lock": DERIVED_LOCK})
    _forget(conn, project_id)
    conn.execute(SQL.enqueue, {"project": project_id})
    conn.execute(SQL.begun, {"job": job_id, "project": project_id})


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
            SQL.forget_segments,
            SQL.forget_search_queue,
        ):
            conn.execute(statement, of)
    for statement in (SQL.forget_sources, SQL.forget_mappings):
        conn.execute(statement, of)
    outcomes = [Outcome.STORED, Outcome.DEAD, Outcome.LOGS_STORED, Outcome.LOGS_DEAD]
    doubles = [Outcome.DUPLICATE, Outcome.LOGS_DUPLICATE]
    conn.execute(SQL.forget_ledger, {**of, "outcomes": _numbers(outcomes), "duplicates": _numbers(doubles)})


def _numbers(outcomes: list[Outcome]) -> list[int]:
    return [outcome.value for outcome in outcomes]
