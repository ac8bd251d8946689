"""Pipelines of a project: their health, their definitions, and where their runs are."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql

from ecoa_web.db.named_sql import named_sql
from traces.queries.rows import fetch, filled

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

SQL = named_sql(__file__)
HEALTH = filled(SQL.health, took=sql.SQL(SQL.took))
MOST_RUNS = 5_000  # whose steps are counted on a pipeline's graph


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """A pipeline: its runs that began in a window, and those unfinished now."""

    pipeline: str
    runs: int
    finished: int
    errors: int
    rejected: int
    p50_ms: float | None
    p95_ms: float | None
    running: int
    paused: int
    held: int
    newest_at: datetime | None  # of the window
    definition: Mapping[str, Any] | None  # JSON, of its newest run

    @property
    def error_rate(self) -> float | None:
        """Of the finished ones of the window."""
        return self.errors / self.finished if self.finished else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What a pipeline was when a run began."""

    hash: str
    definition: dict[str, Any]  # JSON
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """So many node instances of a step have a status."""

    place: str  # the path in the definition
    status: str  # running, waiting, paused, error, unknown, held
    count: int


NAMES = tuple(Health.__dataclass_fields__)


def pipeline_health(project_id: int, *, start: datetime, end: datetime, limit: int = 500) -> list[Health]:
    """Every pipeline that the project ran, by name."""
    found = fetch(HEALTH, project=project_id, start=start, end=end, limit=limit)
    return [Health(**dict(zip(NAMES, (*row[:-1], _json(row[-1])), strict=True))) for row in found]


def newest_definition(project_id: int, pipeline: str) -> Definition | None:
    """The definition of its newest run; None when it never ran here."""
    return _one(fetch(SQL.newest_definition, project=project_id, pipeline=pipeline))


def definition(project_id: int, definition_hash: str) -> Definition | None:
    """The definition of this hash, where a run of the project has it."""
    return _one(fetch(SQL.definition, project=project_id, hash=definition_hash))


def places(project_id: int, pipeline: str, *, branches: str, start: datetime, end: datetime) -> list[Place]:
    """Where its unfinished runs are now and where those of the window failed, of the newest few thousand.

    `branches` is the pattern of the brackets that name a branch; others name items.
    """
    asked = {"project": project_id, "pipeline": pipeline, "branches": branches, "start": start, "end": end}
    found = fetch(SQL.places, **asked, most=MOST_RUNS)
    return [Place(place=place.replace("/", "."), status=status, count=count) for place, status, count in found]


def _one(found: list[tuple[Any, ...]]) -> Definition | None:
    return Definition(hash=found[0][0], definition=_json(found[0][1]) or {}, created_at=found[0][2]) if found else None


def _json(text: str | None) -> dict[str, Any] | None:
    value = None if text is None else json.loads(text)
    return value if isinstance(value, dict) else None
