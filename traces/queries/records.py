"""The log records of a span or of a trace, read from the batches they arrived in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zstandard import ZstdError

from ecoa_web.db.named_sql import named_sql
from traces.inbox.batch import inflated
from traces.logs.events import in_order
from traces.logs.join import LATE_NS
from traces.logs.record import records
from traces.queries.rows import fetch
from traces.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from traces.logs.record import Record
    from traces.queries.rows import Row

SQL = named_sql(__file__)
MOST_RECORDS = 5_000


def records_of_span(project_id: int, trace_id: str, span_id: int) -> list[Record]:
    """The log records that name a span, in order."""
    rows = fetch(SQL.of_span, project=project_id, trace=trace_id, span=span_id, limit=MOST_RECORDS)
    return in_order(_read(rows))


def records_of_trace(project_id: int, trace_id: str) -> dict[int | None, list[Record]]:
    """The log records of a trace by the span they name, each span's in order; those that name none under None."""
    by_span: dict[int | None, list[Record]] = {}
    for record in _read(fetch(SQL.of_trace, project=project_id, trace=trace_id, late=LATE_NS, limit=MOST_RECORDS)):
        by_span.setdefault(record.span_id, []).append(record)
    return {span_id: in_order(found) for span_id, found in by_span.items()}


def _read(rows: Iterable[Row]) -> list[Record]:
    """The records at these places; of a batch that is damaged none."""
    wanted: dict[int, tuple[bytes, set[int]]] = {}
    for _, batch_id, ordinal, body in rows:
        wanted.setdefault(batch_id, (body, set()))[1].add(ordinal)
    found = []
    for body, ordinals in wanted.values():
        try:
            found += [record for record in records(inflated(bytes(body))) if record.ordinal in ordinals]
        except (Malformed, ZstdError):
            continue
    return found
