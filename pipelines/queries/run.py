"""One run: the row, its nodes, effects, history and session."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from psycopg import sql

from ecoa_web.db.named_sql import named_sql
from pipelines.queries import runs
from pipelines.queries.runs import INLINE, NAMES, RunRow
from traces.queries.rows import Row, fetch, filled

if TYPE_CHECKING:
    from uuid import UUID

SQL = named_sql(runs.__file__)
NODE = sql.SQL(SQL.node)
FIRST_AFTER, LAST_BEFORE = 0, 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run as its page shows it. Values are the beginnings of their JSON texts."""

    row: RunRow
    definition_hash: str
    input: str
    input_length: int
    result: str | None
    result_length: int | None
    fingerprint: str | None
    parent_run: UUID | None
    parent_path: str | None
    forked_from: UUID | None
    forked_at: str | None
    deadline_at: datetime | None
    resumed: bool
    key_ttl: timedelta | None
    compensates: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Relative:
    """A run that came of another: a fork, or a sub-pipeline."""

    id: UUID
    pipeline: str
    status: str
    parent_path: str | None
    forked_at: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A node instance; what it holds is told by its length in characters."""

    path: str
    seq: int
    kind: str
    status: str
    attempt: int
    takeovers: int
    fence: int
    worker: str | None
    lease_until: datetime | None
    wake_at: datetime | None
    queue: str
    opens: int
    signal: str | None
    error: dict[str, Any] | None  # AgentError.describe()
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    input_length: int | None
    output_length: int | None
    decision: dict[str, Any] | None  # JSON, of a review


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectRow:
    """One line of the ledger."""

    key: str
    path: str
    effect: str
    status: str
    first_used_at: datetime
    settled_at: datetime | None
    key_until: datetime | None
    result: str | None

    @property
    def doubtful(self) -> bool:
        """Whether it may or may not have happened."""
        return self.status in {"unknown", "intended"}


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """One line of the history."""

    id: int
    at: datetime
    kind: str
    path: str | None
    data: dict[str, Any]  # JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionValue:
    """One value of a session."""

    key: str
    value: str  # JSON text
    version: int
    expires_at: datetime


def run_of(project_id: int, run_id: UUID) -> Run | None:
    """The run; None when the project has no such one."""
    statement = filled(SQL.one, row=sql.SQL(SQL.row))
    found = fetch(statement, project=project_id, run=run_id, most=INLINE)
    if not found:
        return None
    values = found[0]
    rest = zip(tuple(Run.__dataclass_fields__)[1:], values[len(NAMES) :], strict=True)
    return Run(row=runs._row(values[: len(NAMES)]), **dict(rest))


def relatives(project_id: int, run_id: UUID) -> list[Relative]:
    """Its forks and the runs of its sub-pipelines."""
    names = tuple(Relative.__dataclass_fields__)
    return [
        Relative(**dict(zip(names, row, strict=True))) for row in fetch(SQL.relatives, project=project_id, run=run_id)
    ]


def nodes(project_id: int, run_id: UUID, *, after: int = FIRST_AFTER, limit: int = 500) -> list[Node]:
    """Its nodes in order of creation, after the one with a sequence number."""
    return _nodes(fetch(filled(SQL.nodes, node=NODE), project=project_id, run=run_id, after=after, limit=limit))


def nodes_at(project_id: int, run_id: UUID, path: str) -> list[Node]:
    """The node of a path; none when there is no such one."""
    return _nodes(fetch(filled(SQL.node_at, node=NODE), project=project_id, run=run_id, path=path))


def node_counts(run_id: UUID) -> dict[str, int]:
    """How many of its nodes have which status."""
    return dict(fetch(SQL.node_counts, run=run_id))


def attention(run_id: UUID) -> list[tuple[str, str]]:
    """Path and status of the nodes in doubt or held."""
    return [(path, status) for path, status in fetch(SQL.attention, run=run_id)]


def held_by_change(run_id: UUID) -> list[tuple[str, str]]:
    """Path and reason of the nodes that are held because the pipeline changed."""
    return [(path, why) for path, why in fetch(SQL.held_by_change, run=run_id)]


def effects(project_id: int, run_id: UUID) -> list[EffectRow]:
    """What it did to the world, or may have done."""
    names = tuple(EffectRow.__dataclass_fields__)
    found = fetch(SQL.effects, project=project_id, scope=str(run_id))
    return [EffectRow(**dict(zip(names, row, strict=True))) for row in found]


def history(project_id: int, run_id: UUID, *, before: int = LAST_BEFORE, limit: int = 100) -> list[EventRow]:
    """Its history, newest first."""
    found = fetch(SQL.events, project=project_id, run=run_id, before=before, limit=limit)
    return [EventRow(id=id, at=at, kind=kind, path=path, data=_json(data) or {}) for id, at, kind, path, data in found]


def session_values(project_id: int, owner: str) -> list[SessionValue]:
    """What is kept of its session."""
    found = fetch(SQL.session, project=project_id, owner=owner)
    return [SessionValue(key=key, value=value, version=version, expires_at=at) for key, value, version, at in found]


def run_value(project_id: int, run_id: UUID, what: str) -> str | None:
    """The whole text of its input or result."""
    found = fetch(SQL.value, project=project_id, run=run_id, what=what)
    return found[0][0] if found else None


def node_value(project_id: int, run_id: UUID, path: str, what: str) -> str | None:
    """The whole text of a node's input, output, state, decision or error."""
    found = fetch(SQL.node_value, project=project_id, run=run_id, path=path, what=what)
    return found[0][0] if found else None


def _nodes(found: list[Row]) -> list[Node]:
    told = [dict(zip(Node.__dataclass_fields__, row, strict=True)) for row in found]
    return [Node(**{**row, "error": _json(row["error"]), "decision": _json(row["decision"])}) for row in told]


def _json(text: str | None) -> dict[str, Any] | None:
    try:
        value = None if text is None else json.loads(text)
    except ValueError:  # cut off, being long
        return {"beginning": text}
    return value if isinstance(value, dict) else None
