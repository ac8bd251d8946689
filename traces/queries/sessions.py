"""Sessions: the newest ones, one of them, and its traces in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from ecoa_web.db.named_sql import named_sql
from traces.filters import of_traces
from traces.filters.of_traces import INPUT_TOKENS, IS_STATUS, OUTPUT_TOKENS
from traces.queries.cursor import Cursor, SessionCursor
from traces.queries.rows import fetch, filled
from traces.queries.trace import known_sum
from traces.queries.traces import NAMES, ROW, TraceRow

if TYPE_CHECKING:
    from traces.filters import Filter
    from traces.queries.window import Window

SQL = named_sql(__file__)
WHOLE = filled(
    SQL.whole,
    failed=sql.SQL(IS_STATUS["error"]),
    running=sql.SQL(IS_STATUS["running"]),
    waiting=sql.SQL(IS_STATUS["waiting"]),
    input_tokens=sql.SQL(INPUT_TOKENS),
    output_tokens=sql.SQL(OUTPUT_TOKENS),
)
AFTER = sql.SQL("(t.start_ns, t.trace_id) > (%(start)s, %(trace)s::uuid)")
BEFORE = sql.SQL("(t.start_ns, t.trace_id) < (%(start)s, %(trace)s::uuid)")
ONWARDS, BACKWARDS = sql.SQL("t.start_ns, t.trace_id"), sql.SQL("t.start_ns DESC, t.trace_id DESC")
FIRST = Cursor(start_ns=-(2**63), trace_id="0" * 32)
LAST = Cursor(start_ns=2**63 - 1, trace_id="f" * 32)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """All traces of a session together."""

    session: str
    newest_ns: int  # the start of its newest trace; in a list, of its newest that matches
    trace_count: int
    failed_count: int  # traces whose status is error
    span_count: int
    error_count: int  # spans
    start_ns: int
    end_ns: int | None  # None: nothing in it has ended
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    unpriced_calls: int
    status: str  # running or waiting while any trace is, else error if any failed
    users: list[str]
    agents: list[str]
    first_input: str | None  # the beginning of what was asked first

    @property
    def duration_ms(self) -> float | None:
        """From its first start to its last end so far."""
        return None if self.end_ns is None else (self.end_ns - self.start_ns) / 1e6

    @property
    def tokens(self) -> int | None:
        """Input and output."""
        return known_sum((self.input_tokens, self.output_tokens))

    @property
    def more_users(self) -> int:
        """How many users are not the first."""
        return len(self.users) - 1

    @property
    def more_agents(self) -> int:
        """How many agents are not the first."""
        return len(self.agents) - 1


COLUMNS = tuple(SessionRow.__dataclass_fields__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPage:
    """Some sessions, newest first, and the cursor of those after them."""

    rows: list[SessionRow]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnPage:
    """Some traces of a session in order, the number of the first (from 1), and the cursors around them."""

    rows: list[TraceRow]
    number: int
    earlier: str | None
    later: str | None


def newest_sessions(
    project_id: int, *, window: Window, filter: Filter | None = None, cursor: str | None = None, limit: int = 50
) -> SessionPage:
    """Sessions with a matching trace in the window, the one with the newest first."""
    after = SessionCursor.read(cursor) if cursor else SessionCursor(start_ns=window.end_ns, session="")
    where = of_traces(filter)
    found = fetch(
        filled(SQL.newest, whole=WHOLE, where=where.sql),
        project=project_id,
        start=window.start_ns,
        end=window.end_ns,
        before=after.start_ns,
        after=after.session,
        limit=limit + 1,
        **where.parameters,
    )
    rows = [SessionRow(**dict(zip(COLUMNS, values, strict=True))) for values in found[:limit]]
    last = rows[-1] if len(found) > limit else None
    going_on = None if last is None else str(SessionCursor(start_ns=last.newest_ns, session=last.session))
    return SessionPage(rows=rows, next=going_on)


def session_summary(project_id: int, session: str) -> SessionRow | None:
    """One session; None when no trace of the project belongs to it."""
    found = fetch(filled(SQL.one, whole=WHOLE), project=project_id, session=session)
    return SessionRow(**dict(zip(COLUMNS, found[0], strict=True))) if found else None


def turns_after(project_id: int, session: str, *, cursor: str | None = None, limit: int = 20) -> TurnPage:
    """The traces of a session after a place, from its first on."""
    place = Cursor.read(cursor) if cursor else FIRST
    found = _turns(project_id, session, place, beyond=AFTER, order=ONWARDS, limit=limit + 1)
    return _page(project_id, session, found[:limit], earlier=cursor is not None, later=len(found) > limit)


def turns_before(project_id: int, session: str, *, cursor: str | None = None, limit: int = 20) -> TurnPage:
    """The last traces of a session before a place, in order."""
    place = Cursor.read(cursor) if cursor else LAST
    found = _turns(project_id, session, place, beyond=BEFORE, order=BACKWARDS, limit=limit + 1)
    return _page(project_id, session, found[:limit][::-1], earlier=len(found) > limit, later=cursor is not None)


def _turns(
    project_id: int, session: str, place: Cursor, *, beyond: sql.SQL, order: sql.SQL, limit: int
) -> list[TraceRow]:
    statement = filled(SQL.turns, row=ROW, beyond=beyond, order=order)
    at = {"start": place.start_ns, "trace": place.trace_id}
    found = fetch(statement, project=project_id, session=session, limit=limit, **at)
    return [TraceRow(**dict(zip(NAMES, values, strict=True))) for values in found]


def _page(project_id: int, session: str, rows: list[TraceRow], *, earlier: bool, later: bool) -> TurnPage:
    if not rows:
        return TurnPage(rows=[], number=1, earlier=None, later=None)
    number = 1
    if earlier:
        at = {"start": rows[0].start_ns, "trace": rows[0].trace_id}
        number += fetch(SQL.before, project=project_id, session=session, **at)[0][0]
    return TurnPage(
        rows=rows,
        number=number,
        earlier=_cursor(rows[0]) if earlier and number > 1 else None,
        later=_cursor(rows[-1]) if later else None,
    )


def _cursor(row: TraceRow) -> str:
    return str(Cursor(start_ns=row.start_ns, trace_id=row.trace_id))
