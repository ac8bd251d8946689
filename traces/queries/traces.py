"""Many traces: the newest ones, how many over time, what they have in common."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from psycopg import sql

from ecoa_web.db.named_sql import named_sql
from traces.filters import Condition, of_traces
from traces.filters.of_traces import INPUT_TOKENS, OUTPUT_TOKENS, STATUS
from traces.queries.cursor import Cursor
from traces.queries.rows import Row, fetch, filled
from traces.queries.search import Searched, phrases_in, search
from traces.queries.window import to_datetime

if TYPE_CHECKING:
    from traces.filters import Filter
    from traces.queries.window import Window

SQL = named_sql(__file__)
FIRST_ID = "0" * 32
BUDGET_S = 5.0  # of a search for text
COUNT_BUDGET_S = 1.0


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
    searched: Searched | None = None  # None: no text was asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """Which traces match, for several figures of them."""

    where: Condition
    searched: Searched | None = None  # None: no text was asked for


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
    searched = None
    if filter is not None and phrases_in(filter):
        found, searched = _with_text(project_id, window, filter, after, limit + 1)
    else:
        found = _newest(project_id, window, of_traces(filter), after, limit + 1)
    rows = [_row(values) for values in found[:limit]]
    last = rows[-1] if len(found) > limit else None
    if searched is not None and last is not None:
        searched = replace(searched, back_to_ns=None)
    following = None if last is None else str(Cursor(start_ns=last.start_ns, trace_id=last.trace_id))
    if searched is not None and following is None and searched.back_to_ns is not None:
        following = str(Cursor(start_ns=searched.back_to_ns - 1, trace_id=FIRST_ID))
    return TracePage(rows=rows, next=following, searched=searched)


def trace_summary(project_id: int, trace_id: str) -> TraceRow | None:
    """One trace as lists show it; None when the project has no such trace."""
    found = fetch(filled(SQL.one, row=ROW), project=project_id, trace=trace_id)
    return _row(found[0]) if found else None


def count_over_time(
    project_id: int, *, window: Window, filter: Filter | None = None, matches: Matches | None = None, bars: int = 60
) -> list[Bar]:
    """Matching traces by status in so many equal slices of the window, empty ones included."""
    slice_ns = max(1, -(-(window.end_ns - window.start_ns) // bars))
    where = (matches or matching(project_id, window=window, filter=filter)).where
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


def facets(project_id: int, *, window: Window, filter: Filter | None = None, matches: Matches | None = None) -> Facets:
    """What the newest 20,000 matching traces have in common: up to 20 values of each."""
    where = (matches or matching(project_id, window=window, filter=filter)).where
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


def matching(project_id: int, *, window: Window, filter: Filter | None) -> Matches:
    """What a filter means of the window's traces, as far back as its text was searched in short time."""
    if filter is None or not phrases_in(filter):
        return Matches(where=of_traces(filter))
    asked = search(project_id, window=window, filter=filter, budget_s=COUNT_BUDGET_S)
    asked.run()
    where = of_traces(filter, found=asked.found)
    since = sql.SQL("({} AND t.start_ns > %(known)s)").format(where.sql)
    return Matches(where=Condition(since, where.parameters | {"known": asked.known_ns}), searched=asked.state)


def _newest(project_id: int, window: Window, where: Condition, after: Cursor, limit: int) -> list[Row]:
    return fetch(
        filled(SQL.newest, row=ROW, where=where.sql),
        project=project_id,
        start=window.start_ns,
        end=window.end_ns,
        before=after.start_ns,
        after=after.trace_id,
        limit=limit,
        **where.parameters,
    )


def _with_text(
    project_id: int, window: Window, filter: Filter, after: Cursor, limit: int
) -> tuple[list[Row], Searched]:
    """Search further back until there are enough, or the time is up."""
    asked = search(project_id, window=window, filter=filter, before_ns=after.start_ns, budget_s=BUDGET_S)
    while True:
        asked.advance()
        known = replace(window, start_ns=max(window.start_ns, asked.known_ns + 1))
        where = of_traces(filter, found=asked.found)
        rows = _newest(project_id, known, where, after, limit)
        if len(rows) >= limit or asked.is_done or asked.is_late:
            return rows, asked.state


def _row(values: tuple[Any, ...]) -> TraceRow:
    return TraceRow(**dict(zip(NAMES, values, strict=True)))
