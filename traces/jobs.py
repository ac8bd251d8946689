"""Periodic work, done by one worker at a time: whoever holds the advisory lock. Every job may run twice; none waits."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog

from ecoa_web.db.named_sql import named_sql
from ecoa_web.db.partitions import DAILY_TABLES, ensure_days, retire_before
from ecoa_web.live.publish import publish
from traces.prices.reprice import Repricing
from traces.rollups.fold import compact, expire, fold
from traces.store.claim import share_derived
from traces.store.forget import forget_gone
from traces.store.replay import step as replay_step

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection

log = structlog.get_logger(__name__)

SQL = named_sql(__file__)
LEADER_LOCK = 0x45434F41_0003  # advisory
DAYS_AHEAD = 3
ROWS_AT_A_TIME = 5_000
LEDGER_AFTER_MIN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Something to do every so often. It returns whether there is more to do at once."""

    name: str
    every_s: float
    run: Callable[[], bool]


class Jobs:
    """The periodic work of one session."""

    def __init__(self, conn: Connection[Any], *, retention_days: int) -> None:
        self._conn = conn
        self._retention_days = retention_days
        self._repricing = Repricing(conn)
        self._leads = False
        self._due: dict[str, float] = {}
        self._jobs = (
            Job(name="partitions", every_s=3600, run=self._make_partitions),
            Job(name="fold", every_s=2, run=self._fold),
            Job(name="reprice", every_s=1, run=self._reprice),
            Job(name="replay", every_s=1, run=lambda: replay_step(conn)),
            Job(name="vacuum", every_s=30, run=self._vacuum),
            Job(name="compact", every_s=300, run=self._compact),
            Job(name="ledger", every_s=60, run=self._sum_ledger),
            Job(name="retention", every_s=3600, run=self._expire),
            Job(name="forget", every_s=60, run=lambda: forget_gone(conn)),
            Job(name="sessions", every_s=86_400, run=self._clear_sessions),
        )

    def run_due(self) -> bool:
        """Run what is due; whether something has more to do at once. Nothing, while another session leads."""
        if not self._leads:
            row = self._conn.execute(SQL.lead, {"lock": LEADER_LOCK}).fetchone()
            self._leads = row is not None and row[0]
        return self._leads and sum(self._run(job) for job in self._jobs) > 0

    def _run(self, job: Job) -> bool:
        now = time.monotonic()
        if self._due.get(job.name, 0) > now:
            return False
        more = job.run()
        self._due[job.name] = now if more else now + job.every_s
        return more

    def _make_partitions(self) -> bool:
        ensure_days(self._conn, [today() + timedelta(days=ahead) for ahead in range(DAYS_AHEAD + 1)])
        return False

    def _fold(self) -> bool:
        with self._conn.transaction():
            share_derived(self._conn)
            folded = fold(self._conn, now_minute=this_minute())
        if folded:
            # Deltas come and go by the thousand a second; autovacuum looks once a minute.
            self._conn.execute("VACUUM (SKIP_LOCKED) traces_rollup_delta")
        return False

    def _compact(self) -> bool:
        with self._conn.transaction():
            share_derived(self._conn)
            return compact(self._conn, now_minute=this_minute()) > 0

    def _reprice(self) -> bool:
        """The next chunk of a project whose prices changed."""
        project_id = self._repricing.step()
        if project_id is not None:
            publish(self._conn, [project_id])
        return project_id is not None

    def _vacuum(self) -> bool:
        """Keep small what is filled and emptied all the time."""
        self._conn.execute("VACUUM (SKIP_LOCKED) traces_inbox_queue, traces_settle, traces_search_queue")
        return False

    def _sum_ledger(self) -> bool:
        with self._conn.transaction():
            share_derived(self._conn)
            limits = {"before": this_minute() - LEDGER_AFTER_MIN, "limit": ROWS_AT_A_TIME}
            return self._conn.execute(SQL.sum_ledger, limits).rowcount == ROWS_AT_A_TIME

    def _clear_sessions(self) -> bool:
        """Sign-ins that are over, as Django's clearsessions does."""
        self._conn.execute(SQL.clear_sessions)
        return False

    def _expire(self) -> bool:
        return expire_before(self._conn, today() - timedelta(days=self._retention_days))


def expire_before(conn: Connection[Any], day: date) -> bool:
    """Drop what arrived before the day, some at a time; whether more is left. Batches that wait are waited for."""
    waits = conn.execute(SQL.pending_before, {"day": day}).fetchone()
    if waits is not None and waits[0]:
        return False
    for table in DAILY_TABLES:
        for name in retire_before(conn, table, day):
            log.info("partition_dropped", name=name)
    for statement in (SQL.expire_unknown_keys, SQL.expire_sources, SQL.expire_mappings):
        conn.execute(statement, {"day": day})
    minute = day_minute(day)
    limits = {"day": day, "minute": minute, "limit": ROWS_AT_A_TIME}
    traces = conn.execute(SQL.expire_traces, limits).fetchone()
    gone = [
        traces[0] if traces else 0,
        conn.execute(SQL.expire_ledger, limits).rowcount,
        conn.execute(SQL.expire_dead_letters, limits).rowcount,
        conn.execute(SQL.expire_search_queue, limits).rowcount,
        expire(conn, before_minute=minute, limit=ROWS_AT_A_TIME),
    ]
    return max(gone) >= ROWS_AT_A_TIME


def today() -> date:
    """The day that arrives now."""
    return datetime.now(UTC).date()


def this_minute() -> int:
    """Minutes since 1970."""
    return int(time.time()) // 60


def day_minute(day: date) -> int:
    """The first minute of a day, since 1970."""
    return (day - date(1970, 1, 1)).days * 24 * 60
