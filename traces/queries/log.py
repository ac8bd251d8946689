"""What was recorded while a trace ran: its spans' events and exceptions, its log records; read from their batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import zstandard

from ecoa_web.db.named_sql import named_sql
from traces.decode import Event, RawSpan, spans
from traces.inbox.batch import inflated
from traces.queries.records import records_of_trace
from traces.queries.rows import fetch
from traces.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from traces.logs.record import Record
    from traces.queries.traces import TraceRow

SQL = named_sql(__file__)
MOST_BATCHES = 100
MOST_ENTRIES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One event of one span, or a log record."""

    span_id: int | None  # None: a record that belongs to the trace alone
    span_name: str
    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceLog:
    """The events of a trace by time."""

    entries: list[LogEntry]
    truncated: bool  # there are more, or more batches than are read


def trace_log(project_id: int, summary: TraceRow) -> TraceLog:
    """The events of a trace's spans and its log records, the first thousand of what its first hundred batches hold."""
    found = fetch(
        SQL.batches,
        trace=summary.trace_id,
        project=project_id,
        first_day=summary.first_day,
        last_day=summary.last_day,
        limit=MOST_BATCHES + 1,
    )
    seen: set[tuple[int, int, str]] = set()  # a span sent twice tells its events once
    entries = []
    for (body,) in found[:MOST_BATCHES]:
        for span in _spans(bytes(body), summary.trace_id):
            for event in span.events:
                key = (span.span_id, event.time_ns, event.name)
                if key not in seen:
                    seen.add(key)
                    entries.append(LogEntry(span_id=span.span_id, span_name=span.name, event=event))
    entries += _records(project_id, summary)
    entries.sort(key=lambda entry: (entry.event.time_ns, entry.span_id or 0))
    truncated = len(found) > MOST_BATCHES or len(entries) > MOST_ENTRIES
    return TraceLog(entries=entries[:MOST_ENTRIES], truncated=truncated)


def _records(project_id: int, summary: TraceRow) -> list[LogEntry]:
    """The trace's log records as entries."""
    by_span = records_of_trace(project_id, summary.trace_id)
    if not by_span:
        return []
    extent = {"first_day": summary.first_day, "last_day": summary.last_day}
    wanted = [span_id for span_id in by_span if span_id is not None]
    names: dict[int | None, str] = dict(
        fetch(SQL.names, trace=summary.trace_id, project=project_id, spans=wanted, **extent)
    )
    return [
        LogEntry(span_id=span_id if span_id in names else None, span_name=names.get(span_id, ""), event=_event(record))
        for span_id, records in by_span.items()
        for record in records
    ]


def _event(record: Record) -> Event:
    """The record as it was sent, its body beside its attributes."""
    attributes = dict(record.attributes)
    if record.body not in (None, "", record.event):
        attributes["body"] = record.body
    return Event(name=record.event, time_ns=record.time_ns, attributes=attributes, dropped_attributes=0)


def _spans(body: bytes, trace_id: str) -> Iterator[RawSpan]:
    """The spans of a trace in a stored batch that have events; a batch damaged at rest has none."""
    try:
        yield from (span for span in spans(inflated(body)) if span.trace_id == trace_id and span.has_events)
    except (Malformed, zstandard.ZstdError):
        return
