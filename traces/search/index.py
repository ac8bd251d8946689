"""Makes segments of the batches that have none, behind the ingest path and after it.

It waits while batches wait to be stored, but for no longer than a minute. It rests as long as it works, so that what
else the process does goes on, unless it is late and the rest has nothing to do.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog
from psycopg import Rollback

from ecoa_web.db.named_sql import named_sql
from ecoa_web.db.partitions import ensure_days
from traces.inbox.batch import Signal
from traces.inbox.ids import batch_id_ms, new_batch_id
from traces.store.claim import share_derived

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from psycopg import Connection

    from traces.search.segment import Segment

log = structlog.get_logger(__name__)

SQL = named_sql(__file__)
LEADER_LOCK = 0x45434F41_0005  # advisory
SEGMENT_BYTES = 4 * 1024 * 1024  # of bodies: so much is searched without a segment in 0.1 s
SEGMENT_BATCHES = 2_000
AT_ONCE = 8  # bodies read
MOST_LAG_S = 60
BUSY_BATCHES = 20  # that wait to be stored
LEAD_S, IDLE_S, BUSY_S = 5.0, 1.0, 0.5
SETTLED = timedelta(minutes=10)  # so long after its end, what is left of a day gets a segment, however small


class Index:
    """The index of one session, which works while no other does."""

    def __init__(self, conn: Connection[Any]) -> None:
        self._conn = conn
        self._leads = False

    def step(self) -> float:
        """Make one segment if it is due; seconds until the next step."""
        if not self._leads:
            row = self._conn.execute(SQL.lead, {"lock": LEADER_LOCK}).fetchone()
            self._leads = row is not None and row[0]
            if not self._leads:
                return LEAD_S
        due = self._conn.execute(SQL.due, self._limits()).fetchone()
        if due is None:
            return IDLE_S
        project_id, day, oldest = due
        busy, late = self._is_busy(), time.time() - batch_id_ms(oldest) / 1000 > MOST_LAG_S
        if busy and not late:
            return BUSY_S
        hurries = late and not busy
        make_segment(self._conn, project_id, day, rest=lambda spent_s: None if hurries else time.sleep(spent_s))
        return 0

    def _is_busy(self) -> bool:
        row = self._conn.execute(SQL.busy, {"limit": BUSY_BATCHES}).fetchone()
        return row is not None and row[0] >= BUSY_BATCHES

    def _limits(self) -> dict[str, object]:
        today = (datetime.now(UTC) - SETTLED).date()
        return {"bytes": SEGMENT_BYTES, "batches": SEGMENT_BATCHES, "today": today}


def make_segment(
    conn: Connection[Any], project_id: int, day: date, *, rest: Callable[[float], None] = lambda _: None
) -> int:
    """Put the oldest batches that have none into a segment; how many. `rest` is told the seconds each step took."""
    from traces.search.segment import Segment  # numpy takes its 20 MB when there is something to do

    of = {"project": project_id, "day": day, "limit": SEGMENT_BATCHES}
    waiting = [row[0] for row in conn.execute(SQL.waiting, of)]
    segment = Segment()
    for at in range(0, len(waiting), AT_ONCE):
        if segment.is_full:
            break
        begun = time.thread_time()
        _read(conn, segment, waiting[at : at + AT_ONCE], day)
        rest(time.thread_time() - begun)
    segment.end()
    if segment.batches:
        _write(conn, segment, project_id, day)
    return len(segment.batches)


def _read(conn: Connection[Any], segment: Segment, ids: list[int], day: date) -> None:
    with conn.cursor(binary=True) as cursor:
        bodies = {row[0]: row for row in cursor.execute(SQL.bodies, {"ids": ids, "days": [day]})}
    for batch_id in ids:
        if not segment.is_full:
            _, signal, body = bodies.get(batch_id, (batch_id, Signal.TRACES, b""))
            segment.add(batch_id, body, Signal(signal))


def _write(conn: Connection[Any], segment: Segment, project_id: int, day: date) -> None:
    """Swap the batches' queue rows for the segment. When a replay forgot them in between, leave it at that."""
    made = segment.signature()
    with conn.transaction() as transaction:
        share_derived(conn)
        ensure_days(conn, [day])
        if conn.execute(SQL.take, {"ids": segment.batches}).rowcount < len(segment.batches):
            raise Rollback(transaction)
        conn.execute(
            SQL.insert,
            {
                "id": new_batch_id(),
                "day": day,
                "project": project_id,
                "min_start": min(segment.min_starts),
                "max_start": max(segment.max_starts),
                "batches": segment.batches,
                "max_starts": segment.max_starts,
                "firsts": segment.firsts,
                "lasts": segment.lasts,
                "rows": list(made.rows),
                "bits": made.bits,
            },
        )
    log.info("search_segment", batches=len(segment.batches), columns=len(segment.columns), bytes=len(made.bits))
