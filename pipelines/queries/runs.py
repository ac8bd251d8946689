"""Runs of a project: the newest ones, and one of them with its steps, effects and history."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from psycopg import sql

from ecoa_web.db.named_sql import named_sql
from traces.queries.cursor import Cursor
from traces.queries.rows import fetch, filled
from traces.queries.window import to_datetime, to_ns

if TYPE_CHECKING:
    from collections.abc import Sequence

SQL = named_sql(__file__)
ROW = sql.SQL(SQL.row)
UNFINISHED = ("queued", "running", "paused", "held", "compensating")
FINISHED = ("success", "error", "rejected", "cancelled")
INLINE = 20_000  # characters of a value that come with the page
LAST = datetime(9000, 1, 1, tzinfo=UTC)
NO_ID = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """A run as the list shows it."""

    id: UUID
    pipeline: str
    status: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    paused_at: datetime | None
    idempotency_key: str | None
    session: str | None
    started_by: str
    trace_id: UUID
    error: dict[str, Any] | None  # AgentError.describe()
    cancel_requested: bool
    priority: int
    at: str  # the path of the node that tells most: in doubt, held, failed, paused, running

    @property
    def finished(self) -> bool:
        """Whether nothing of it happens any more."""
        return self.finished_at is not None

    def duration_ms(self, now: datetime) -> float:
        """From its start to its end, or to now."""
        return ((self.finished_at or now) - (self.started_at or self.created_at)) / timedelta(milliseconds=1)


NAMES = tuple(RunRow.__dataclass_fields__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    """Some runs, newest first, and the cursor of those after them."""

    rows: list[RunRow]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which runs: of a pipeline, with a status, found by a text, of a session, begun in a span of time."""

    pipeline: str = ""
    status: str = ""
    text: str = ""
    session: str = ""
    start: datetime
    end: datetime

    @property
    def timeless(self) -> bool:
        """What is unfinished or looked for by name counts whenever it began."""
        return self.status in UNFINISHED or self.status == "unfinished" or bool(self.text or self.session)

    @property
    def filtered(self) -> bool:
        """Whether anything narrows the list but its time."""
        return bool(self.pipeline or self.status or self.text or self.session)


def newest_runs(project_id: int, asked: Asked, *, cursor: str | None = None, limit: int = 50) -> RunPage:
    """Runs as asked for, newest first."""
    place = Cursor.read(cursor) if cursor else None
    before, after = (to_datetime(place.start_ns), UUID(place.trace_id)) if place else (LAST, NO_ID)
    where, parameters = _where(asked)
    statement = filled(SQL.newest, row=ROW, where=where)
    found = fetch(statement, project=project_id, before=before, after=after, limit=limit + 1, **parameters)
    rows = [_row(values) for values in found[:limit]]
    last = rows[-1] if len(found) > limit else None
    going_on = None if last is None else str(Cursor(start_ns=to_ns(last.created_at), trace_id=last.id.hex))
    return RunPage(rows=rows, next=going_on)


def pipeline_names(project_id: int) -> list[str]:
    """The pipelines that the project ran, by name."""
    return [name for (name,) in fetch(SQL.pipeline_names, project=project_id)]


def _where(asked: Asked) -> tuple[sql.Composed, dict[str, object]]:
    parts: list[sql.Composable] = []
    if not asked.timeless:
        parts.append(sql.SQL("r.created_at >= %(start)s AND r.created_at < %(end)s"))
    if asked.pipeline:
        parts.append(sql.SQL("r.pipeline = %(pipeline)s"))
    if asked.status == "unfinished":
        parts.append(sql.SQL("r.finished_at IS NULL"))
    elif asked.status:
        parts.append(sql.SQL("r.status = %(status)s"))
    if asked.session:
        parts.append(sql.SQL("r.session = %(session)s"))
    if (exact := _uuid(asked.text)) is not None:
        parts.append(sql.SQL("(r.id = %(exact)s OR r.trace_id = %(exact)s OR r.idempotency_key = %(text)s)"))
    elif asked.text:
        parts.append(
            sql.SQL(
                "(r.id::text LIKE %(begins)s OR r.idempotency_key ILIKE %(holds)s OR r.session ILIKE %(holds)s"
                " OR r.started_by ILIKE %(holds)s OR r.pipeline ILIKE %(holds)s)"
            )
        )
    escaped = asked.text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    parameters: dict[str, object] = {
        "start": asked.start,
        "end": asked.end,
        "pipeline": asked.pipeline,
        "status": asked.status,
        "session": asked.session,
        "text": asked.text,
        "exact": exact,
        "begins": f"{escaped.lower()}%",
        "holds": f"%{escaped}%",
    }
    return sql.SQL(" AND ").join(parts or [sql.SQL("true")]), parameters


def _row(values: Sequence[Any]) -> RunRow:
    told = dict(zip(NAMES, values, strict=True))
    return RunRow(**{**told, "error": None if told["error"] is None else json.loads(told["error"])})


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
