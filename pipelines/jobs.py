"""Periodic work around pipelines, by whoever holds the advisory lock. Every job may run twice."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from ecoa_web.db.named_sql import named_sql
from pipelines.notify.outbox import send_due
from pipelines.verbs.reviews import expire_due

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection

    from ecoa_web.config import Config

log = structlog.get_logger(__name__)

SQL = named_sql(__file__)
LEADER_LOCK = 0x45434F41_0011  # advisory
AT_ONCE = 500  # rows, runs
STEP_S = 1.0
LONGEST_TRANSACTION_S = 300
MOST_DEAD_ROWS = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Something to do every so often. It returns whether there is more to do at once."""

    name: str
    every_s: float
    run: Callable[[], bool]


class PipelineJobs:
    """The periodic work of one session, and the outbox, which every worker empties."""

    def __init__(self, conn: Connection[Any], *, config: Config) -> None:
        self._conn = conn
        self._retention_days = config.retention_days
        self._leads = False
        self._due: dict[str, float] = {}
        self._jobs = (
            Job(name="reviews", every_s=1, run=self._expire_reviews),
            Job(name="sessions", every_s=60, run=lambda: self._delete(SQL.forget_sessions)),
            Job(name="vacuum", every_s=30, run=self._vacuum),
            Job(name="alarms", every_s=60, run=self._look_for_trouble),
            Job(name="retention", every_s=600, run=self._retire),
            Job(name="gone", every_s=3600, run=self._forget_gone),
            Job(name="blobs", every_s=3600, run=lambda: self._delete(SQL.forget_blobs)),
        )

    def step(self) -> float:
        """Send what waits, do what is due; seconds until the next step."""
        sent = send_due()
        if not self._leads:
            row = self._conn.execute(SQL.lead, {"lock": LEADER_LOCK}).fetchone()
            self._leads = row is not None and row[0]
        more = self._leads and sum(self._run(job) for job in self._jobs) > 0
        return 0 if more or sent else STEP_S

    def _run(self, job: Job) -> bool:
        now = time.monotonic()
        if self._due.get(job.name, 0) > now:
            return False
        more = job.run()
        self._due[job.name] = now if more else now + job.every_s
        return more

    def _expire_reviews(self) -> bool:
        return expire_due(limit=AT_ONCE) >= AT_ONCE

    def _vacuum(self) -> bool:
        """Keep small what is filled and emptied all the time."""
        self._conn.execute("VACUUM (SKIP_LOCKED) pipelines_ready, pipelines_worker, pipelines_limiter")
        return False

    def _look_for_trouble(self) -> bool:
        """A queue that cannot be vacuumed grows slow within minutes: say who holds it."""
        for pid, name, seconds in self._conn.execute(SQL.long_transactions, {"seconds": LONGEST_TRANSACTION_S}):
            log.warning("long_transaction", pid=pid, application=name, seconds=seconds)
        for table, dead in self._conn.execute(SQL.dead_rows, {"most": MOST_DEAD_ROWS}):
            log.warning("dead_rows", table=table, rows=dead)
        return False

    def _retire(self) -> bool:
        """Runs that ended before the retention, and whose start key has had its time."""
        return self._delete(SQL.retire_runs, days=self._retention_days)

    def _forget_gone(self) -> bool:
        """What belongs to projects that were deleted: hot tables have no foreign keys."""
        statements = (SQL.gone_runs, SQL.gone_effects, SQL.gone_nodes, SQL.gone_events, SQL.gone_blob_uses)
        gone = [self._delete(statement) for statement in statements]
        old = self._delete(SQL.old_breaker_changes, days=self._retention_days)
        return any(gone) or old

    def _delete(self, statement: Any, **values: Any) -> bool:  # LiteralString; parameters
        return self._conn.execute(statement, {"limit": AT_ONCE, **values}).rowcount >= AT_ONCE


JOBS = ("pipelines", PipelineJobs)
