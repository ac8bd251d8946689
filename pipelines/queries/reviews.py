"""Requests to people: the queue, one of them, and how like ones were decided."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from psycopg import sql

from ecoa_web.db.named_sql import named_sql
from traces.queries.cursor import CursorError
from traces.queries.rows import fetch, filled

if TYPE_CHECKING:
    from collections.abc import Sequence

SQL = named_sql(__file__)
ROW = sql.SQL(SQL.row)
NO_ID = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRow:
    """A review as lists show it."""

    id: UUID
    run_id: UUID
    pipeline: str
    path: str
    status: str
    version: int
    title: str
    reason: str
    groups: list[str]
    quorum: int
    expires_at: datetime | None
    created_at: datetime
    claimed_by: str | None
    claimed_at: datetime | None
    decided_by: str | None
    decided_via: str | None
    decided_at: datetime | None
    comment: str
    escalated: int
    idempotency_key: str | None
    approvals: int  # of the current version
    overdue: bool

    @property
    def pending(self) -> bool:
        """Whether somebody may still decide it."""
        return self.status == "pending"


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One review. Values are JSON texts."""

    row: ReviewRow
    payload: str
    schema: dict[str, Any] | None  # JSON schema of an edit
    digest: str
    may_edit: bool
    on_expire: str
    escalate: list[list[Any]]  # [[seconds after created_at, group], …]
    escalate_at: datetime | None
    context: dict[str, Any]  # JSON
    output: str | None
    run_status: str
    trace_id: UUID
    definition_hash: str
    run_created_at: datetime
    input: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteRow:
    """What one person said."""

    person: str
    version: int
    decision: str
    comment: str
    via: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierRow:
    """A review of the same step that is decided."""

    id: UUID
    status: str
    title: str
    payload: str
    output: str | None
    decided_by: str | None
    decided_at: datetime | None
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scopes:
    """How many are pending for whom, and what was decided today."""

    mine: int
    groups: int
    all: int
    approved: int
    edited: int
    rejected: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who looks: an account's name, and the groups it is in."""

    name: str
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPage:
    """Some reviews and the cursor of those after them."""

    rows: list[ReviewRow]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A place in the queue: (deadline, created_at, id)."""

    due: datetime | None
    created: datetime
    id: UUID

    @classmethod
    def read(cls, text: str) -> Self:
        """The place an opaque text stands for."""
        try:
            told = json.loads(urlsafe_b64decode(text[:400] + "=" * (-len(text) % 4)))
            due, created, id = told
            at = None if due is None else datetime.fromisoformat(due)
            return cls(due=at, created=datetime.fromisoformat(created), id=UUID(id))
        except (ValueError, TypeError, AttributeError):
            raise CursorError("not a cursor that this list gave out") from None

    def __str__(self) -> str:
        told = [self.due and self.due.isoformat(), self.created.isoformat(), self.id.hex]
        return urlsafe_b64encode(json.dumps(told).encode()).rstrip(b"=").decode()


NAMES = tuple(ReviewRow.__dataclass_fields__)
BEGINNING = datetime(1971, 1, 1, tzinfo=UTC)


def queue(
    project_id: int, *, person: Person, scope: str, pipeline: str = "", cursor: str | None = None, limit: int = 100
) -> ReviewPage:
    """Pending reviews: `mine`, of my `groups`, or all of them."""
    where, parameters = _where(person, scope, pipeline)
    place = Due.read(cursor) if cursor else None
    due: datetime | str = BEGINNING if place is None else place.due or "infinity"
    found = fetch(
        filled(SQL.queue, row=ROW, where=where),
        project=project_id,
        due=due,
        created=place.created if place else BEGINNING,
        id=place.id if place else NO_ID,
        limit=limit + 1,
        **parameters,
    )
    rows = [_row(values) for values in found[:limit]]
    last = rows[-1] if len(found) > limit else None
    going_on = None if last is None else str(Due(due=last.expires_at, created=last.created_at, id=last.id))
    return ReviewPage(rows=rows, next=going_on)


def decided(project_id: int, *, person: Person, scope: str, pipeline: str = "", limit: int = 100) -> list[ReviewRow]:
    """The newest that nobody can decide any more."""
    where, parameters = _where(person, scope, pipeline)
    statement = filled(SQL.decided, row=ROW, where=where)
    return [_row(values) for values in fetch(statement, project=project_id, limit=limit, **parameters)]


def scopes(project_id: int, *, person: Person, today: datetime) -> Scopes:
    """Counts for the queue's head."""
    [row] = fetch(SQL.scopes, project=project_id, me=person.name, groups=list(person.groups), today=today)
    return Scopes(**dict(zip(Scopes.__dataclass_fields__, row, strict=True)))


def pending(project_id: int) -> int:
    """How many are pending."""
    return int(fetch(SQL.pending, project=project_id)[0][0])


def pending_pipelines(project_id: int) -> list[str]:
    """The pipelines with pending reviews, by name."""
    return [name for (name,) in fetch(SQL.pipelines, project=project_id)]


def review_of(project_id: int, review_id: UUID) -> Review | None:
    """One review; None when the project has no such one."""
    found = fetch(filled(SQL.one, row=ROW), project=project_id, review=review_id)
    if not found:
        return None
    told = dict(zip(tuple(Review.__dataclass_fields__)[1:], found[0][len(NAMES) :], strict=True))
    read = {name: json.loads(told[name]) if told[name] else None for name in ("schema", "escalate", "context")}
    return Review(row=_row(found[0][: len(NAMES)]), **{**told, **read})


def votes(review_id: UUID) -> list[VoteRow]:
    """Who said what about it, in order."""
    names = tuple(VoteRow.__dataclass_fields__)
    return [VoteRow(**dict(zip(names, row, strict=True))) for row in fetch(SQL.votes, review=review_id)]


def earlier(project_id: int, *, pipeline: str, place: str, but: UUID, limit: int = 60) -> list[EarlierRow]:
    """The newest decided ones of the same place in the same pipeline."""
    names = tuple(EarlierRow.__dataclass_fields__)
    found = fetch(SQL.earlier, project=project_id, pipeline=pipeline, place=place, review=but, limit=limit)
    return [EarlierRow(**dict(zip(names, row, strict=True))) for row in found]


def reviews_of_run(project_id: int, run_id: UUID) -> list[ReviewRow]:
    """All reviews of a run, oldest first."""
    return [_row(values) for values in fetch(filled(SQL.of_run, row=ROW), project=project_id, run=run_id)]


def _where(person: Person, scope: str, pipeline: str) -> tuple[sql.Composed, dict[str, object]]:
    parts: list[sql.Composable] = []
    if scope == "mine":
        parts.append(sql.SQL("(v.claimed_by = %(me)s OR v.groups @> ARRAY[%(me)s::text])"))
    elif scope == "groups":
        parts.append(sql.SQL("v.groups && %(groups)s::text[]"))
    if pipeline:
        parts.append(sql.SQL("r.pipeline = %(pipeline)s"))
    parameters: dict[str, object] = {"me": person.name, "groups": list(person.groups), "pipeline": pipeline}
    return sql.SQL(" AND ").join(parts or [sql.SQL("true")]), parameters


def _row(values: Sequence[Any]) -> ReviewRow:
    return ReviewRow(**dict(zip(NAMES, values, strict=True)))
