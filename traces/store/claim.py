"""Claiming batches: their queue rows stay locked until the transaction that stores them deletes them, or dies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ecoa_web.db.named_sql import named_sql
from traces.inbox.batch import Signal
from traces.inbox.ids import batch_id_ms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from psycopg import Connection

SQL = named_sql(__file__)
DERIVED_LOCK = 0x45434F41_0002  # advisory: shared by whoever writes derived rows, exclusive for a replay
MOST_BATCHES = 20
MOST_SPANS = 8_000


class ClaimedTooMuch(Exception):
    """The claimed batches hold more spans than one transaction should; the first `fit` of them would do."""

    def __init__(self, fit: int) -> None:
        super().__init__(fit)
        self.fit = fit


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Claimed:
    """A batch that this transaction holds. body None: the inbox has it no more."""

    batch_id: int
    day: date
    project_id: int
    key_id: int
    spans: int
    attempts: int
    signal: Signal
    body: bytes | None

    @property
    def received_ns(self) -> int:
        """When it arrived, in Unix nanoseconds."""
        return batch_id_ms(self.batch_id) * 1_000_000

    @property
    def minute(self) -> int:
        """The minute since 1970 that it arrived in, as the ledger counts."""
        return batch_id_ms(self.batch_id) // 60_000


def share_derived(conn: Connection[Any]) -> None:
    """Until the end of this transaction no replay begins; wait for one that runs."""
    conn.execute(SQL.share, {"lock": DERIVED_LOCK})


def claim(conn: Connection[Any], *, limit: int = MOST_BATCHES) -> list[Claimed]:
    """Claim the oldest batches that wait. Raises ClaimedTooMuch when they are more than a transaction should hold."""
    rows = conn.execute(SQL.claim, {"limit": limit}).fetchall()
    spans = 0
    for fit, row in enumerate(rows):
        spans += row[3]
        if spans > MOST_SPANS and fit:
            raise ClaimedTooMuch(fit)
    return _with_bodies(conn, rows)


def claim_one(conn: Connection[Any], batch_id: int) -> list[Claimed]:
    """Claim this batch; empty when another worker has it or it is done."""
    return _with_bodies(conn, conn.execute(SQL.claim_one, {"batch_id": batch_id}).fetchall())


def done(conn: Connection[Any], claimed: Sequence[Claimed]) -> None:
    """These batches wait no longer to be stored, but to be indexed."""
    conn.execute(
        SQL.done,
        {
            "ids": [batch.batch_id for batch in claimed],
            "days": [batch.day for batch in claimed],
            "projects": [batch.project_id for batch in claimed],
            "sizes": [len(batch.body or b"") for batch in claimed],
        },
    )


def postpone(conn: Connection[Any], batch_id: int) -> None:
    """Try this batch again later; each time it waits twice as long, to a minute."""
    conn.execute(SQL.postpone, {"batch_id": batch_id})


def _with_bodies(conn: Connection[Any], rows: Sequence[tuple[Any, ...]]) -> list[Claimed]:
    if not rows:
        return []
    wanted = {"ids": [row[0] for row in rows], "days": list({row[1] for row in rows})}
    with conn.cursor(binary=True) as cursor:
        bodies = {row[0]: row for row in cursor.execute(SQL.bodies, wanted)}
    return [
        Claimed(
            batch_id=batch_id,
            day=day,
            project_id=project_id,
            key_id=bodies[batch_id][1] if batch_id in bodies else 0,
            spans=spans,
            attempts=attempts,
            signal=Signal(bodies[batch_id][3]) if batch_id in bodies else Signal.TRACES,
            body=bodies[batch_id][2] if batch_id in bodies else None,
        )
        for batch_id, day, project_id, spans, attempts in rows
    ]
