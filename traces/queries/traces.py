"""Many traces: the newest ones, how many over time, what they have in common."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from psycopg import sql

from ecoa_web.db.named_sql import named_sql
from traces.filters import of_traces
from traces.filters.of_traces import INPUT_TOKENS, OUTPUT_TOKENS, STATUS
from traces.queries.cursor import Cursor
from traces.queries.rows import fetch, filled
from traces.queries.window import to_datetime

if TYPE_CHECKING:
    from traces.filters import Filter
    from traces.queries.window import Window

SQL = named_sql(__file__)
FIRST_ID = "0" * 32


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceRow:
    """A trace as lists show it."""

    trace_id: str  # 32 lower-case hex
    name: str | None  # its root's; None: no root has arrived
    status: str  # ok, error, running, waiting
    start_ns: int
    end_ns: int | None  # None: nothing in it has ended
    last_seen: datetime
    span_count: int
    error_count: int
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    unpriced_calls: int
    agents: list[str]
    models: list[str]
    services: list[str]
    tools: list[str]
    sessions: list[str]
    users: list[str]
    service: str | None
    pipeline: str | None
    version: str | None
    environment: str | None
    input_preview: str | None
    output_preview: str | None
    root_missing: bool
    seq: int
    first_day: date  # the arrival days of its first and last span
    last_day: date

    @property
    def duration_ms(self) -> float | None:
        """From its first start to its last end so far."""
        return None if self.end_ns is None else (self.end_ns - self.start_ns) / 1e6


NAMES = [field.name for field in fields(TraceRow)]
ROW = filled(SQL.row, status=sql.SQL(STATUS), input_tokens=sql.SQL(INPUT_TOKENS), output_tokens=sql.SQL(OUTPUT_TOKENS))


@dataclass(frozen=True, slots=True, kw_only=True)
class TracePage:
    """Some traces, newest first, and the cursor of those after them."""

    rows: list[TraceRow]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """How many traces started in one slice of time."""

    start: datetime
    ok: int
    error: int
    running: int
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facets:
    """The most frequent values among matching traces, with their counts, most frequent first."""

    status: list[tuple[str, int]]
    service: list[tuple[str, int]]
    agent: list[tuple[str, int]]
    model: list[tuple[str, int]]
    name: list[tuple[str, int]]


def newest_traces(
    project_id: int, *, window: Window, filter: Filter | None = None, cursor: str | None = None, limit: int = 50
) -> TracePage:
    """Traces that started in the window and match, newest first."""
    after = Cursor.read(cursor) if cursor else Cursor(start_ns=window.end_ns, trace_id=FIRST_ID)
    where = of_traces(filter)
    found = fetch(
        filled(SQL.newest, row=ROW, where=where.sql),
        project=project_id,
        start=window.start_ns,
        end=window.end_ns,
        before=after.start_ns,
        after=after.trace_id,
        limit=limit + 1,
        **where.parameters,
    )
    rows = [_row(values) for values in found[:limit]]
    last = rows[-1] if len(found) > limit else None
    return TracePage(
        rows=rows, next=None if last is None else str(Cursor(start_ns=last.start_ns, trace_id=last.trace_id))
    )


def trace_summary(project_id: int, trace_id: str) -> TraceRow | None:
    """One trace as lists show it; None when the project has no such trace."""
    found = fetch(filled(SQL.one, row=ROW), project=project_id, trace=trace_id)
    return _row(found[0]) if found else None


def count_over_time(project_id: int, *, window: Window, filter: Filter | None = None, bars: int = 60) -> list[Bar]:
    """Matching traces by status in so many equal slices of the window, empty ones included."""
    slice_ns = max(1, -(-(window.end_ns - window.start_ns) // bars))
    where = of_traces(filter)
    found = fetch(
        filled(SQL.count_over_time, status=sql.SQL(STATUS), where=where.sql),
        project=project_id,
        start=window.start_ns,
        end=window.end_ns,
        slice=slice_ns,
        **where.parameters,
    )
    counts = {(place, status): count for place, status, count in found}
    return [
        Bar(
            start=to_datetime(window.start_ns + place * slice_ns),
            ok=counts.get((place, "ok"), 0),
            error=counts.get((place, "error"), 0),
            running=counts.get((place, "running"), 0),
            waiting=counts.get((place, "waiting"), 0),
        )
        for place in range(bars)
    ]


def facets(project_id: int, *, window: Window, filter: Filter | None = None) -> Facets:
    """What the newest 20,000 matching traces have in common: up to 20 values of each."""
    where = of_traces(filter)
    found = fetch(
        filled(SQL.facets, status=sql.SQL(STATUS), where=where.sql),
        project=project_id,
        start=window.start_ns,
        end=window.end_ns,
        sample=20_000,
        values=20,
        **where.parameters,
    )
    values: dict[str, list[tuple[str, int]]] = {field.name: [] for field in fields(Facets)}
    for facet, value, times in found:
        values[facet].append((value, times))
    return Facets(**values)


def _row(values: tuple[Any, ...]) -> TraceRow:
    return TraceRow(**dict(zip(NAMES, values, strict=True)))
