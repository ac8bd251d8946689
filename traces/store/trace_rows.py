"""Rows of traces_trace and summaries, one from the other."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import orjson

from ecoa_web.db.named_sql import named_sql
from traces.inbox.ids import batch_id_ms
from traces.span import TraceStatus
from traces.store.summary import Summary

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from psycopg import Connection

    from traces.store.claim import Claimed

SQL = named_sql(__file__)
COLUMNS = tuple(field.name for field in fields(Summary))
values_of = attrgetter(*COLUMNS)


@dataclass(slots=True, kw_only=True)
class TraceRow:
    """A trace as stored: its summary, when it arrived, and seq, which counts its changes."""

    trace_id: str
    project_id: int
    seq: int
    first_day: date
    last_day: date
    last_seen: datetime
    summary: Summary

    def arrived(self, batches: Iterable[Claimed]) -> None:
        """Spans of these batches belong to it as well."""
        for batch in batches:
            self.first_day = min(self.first_day, batch.day)
            self.last_day = max(self.last_day, batch.day)
            self.last_seen = max(self.last_seen, arrived_at(batch))


def new_row(trace_id: str, project_id: int, batches: Sequence[Claimed], summary: Summary) -> TraceRow:
    """The first row of a trace."""
    first = batches[0]
    row = TraceRow(
        trace_id=trace_id,
        project_id=project_id,
        seq=1,
        first_day=first.day,
        last_day=first.day,
        last_seen=arrived_at(first),
        summary=summary,
    )
    if len(batches) > 1:
        row.arrived(set(batches))
    return row


def stored_row(columns: Mapping[str, Any]) -> TraceRow:
    """A row as the database gave it, with `hex`, the trace id."""
    summary = Summary(**{name: columns[name] for name in COLUMNS})
    summary.status = TraceStatus(summary.status)
    return TraceRow(
        trace_id=columns["hex"],
        project_id=columns["project_id"],
        seq=columns["seq"],
        first_day=columns["first_day"],
        last_day=columns["last_day"],
        last_seen=columns["last_seen"],
        summary=summary,
    )


def update(conn: Connection[Any], rows: Sequence[TraceRow]) -> None:
    """Write locked rows back."""
    if rows:
        conn.execute(SQL.update, {"rows": rows_json(rows)})


def rows_json(rows: Iterable[TraceRow]) -> str:
    """The rows for json_populate_recordset."""
    return orjson.dumps(
        [
            {
                "trace_id": row.trace_id,
                "project_id": row.project_id,
                "seq": row.seq,
                "first_day": row.first_day,
                "last_day": row.last_day,
                "last_seen": row.last_seen,
                **dict(zip(COLUMNS, values_of(row.summary), strict=True)),
            }
            for row in rows
        ]
    ).decode()


def arrived_at(batch: Claimed) -> datetime:
    """When the batch arrived."""
    return datetime.fromtimestamp(batch_id_ms(batch.batch_id) / 1000, UTC)
