"""Puts a paused run with its review into the database, as the engine leaves it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.db import connection

ORDER_SCHEMA = {
    "type": "object",
    "properties": {"sku": {"type": "string"}, "amount": {"type": "integer", "minimum": 1}},
    "required": ["sku", "amount"],
    "additionalProperties": False,
}
ORDER = {"sku": "A-1", "amount": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A stored request."""

    run: str
    review: str
    path: str


def ask(
    project_id: int,
    *,
    pipeline: str = "order",
    path: str = "check",
    payload: object = ORDER,
    schema: dict[str, Any] | None = ORDER_SCHEMA,
    groups: tuple[str, ...] = ("reviewers",),
    quorum: int = 1,
    expires: str | None = "3 days",
    on_expire: str = "hold",
    escalate: tuple[tuple[float, str], ...] = (),
    notify: tuple[str, ...] = (),
    context: dict[str, Any] | None = None,
) -> Asked:
    """A run whose only step waits for a person. `expires` is an interval from now; a negative one is over."""
    run, review = str(uuid4()), str(uuid4())
    text = json.dumps(payload)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO pipelines_run (id, project_id, pipeline, definition_hash, status, input, trace_id, paused_at)"
            " VALUES (%s, %s, %s, 'h', 'paused', '{}', %s, now())",
            [run, project_id, pipeline, uuid4()],
        )
        cursor.execute(
            "INSERT INTO pipelines_node (run_id, path, kind, status, input, attempt, fence)"
            " VALUES (%s, %s, 'step', 'paused', %s, 1, 1)",
            [run, path, text],
        )
        cursor.execute(
            "INSERT INTO pipelines_review (id, project_id, run_id, path, title, reason, payload, schema, digest,"
            " groups, quorum, expires_at, on_expire, escalate, escalate_at, notify, context, created_at)"
            " VALUES (%s, %s, %s, %s, 'Ship it?', 'confidence 0.4', %s, %s, %s, %s, %s, now() + %s::interval, %s, %s,"
            " now() + %s * interval '1 s' - interval '1 hour', %s, %s, now() - interval '1 hour')",
            [
                *(review, project_id, run, path, text, None if schema is None else json.dumps(schema)),
                *(hashlib.sha256(text.encode()).hexdigest(), list(groups), quorum, expires, on_expire),
                *(json.dumps(escalate), escalate[0][0] if escalate else None, list(notify), json.dumps(context or {})),
            ],
        )
    return Asked(run=run, review=review, path=path)


def ready(run: str) -> list[str]:
    """The paths of a run that a worker may claim."""
    return [path for (path,) in _rows("SELECT path FROM pipelines_ready WHERE run_id = %s", run)]


def run_row(run: str) -> tuple[str, int, bool]:
    """Status, active nodes, resumed."""
    [(status, active, resumed)] = _rows("SELECT status, active, resumed FROM pipelines_run WHERE id = %s", run)
    return status, active, resumed


def node_row(run: str, path: str = "check") -> tuple[str, Any]:
    """Status and decision."""
    [(status, decision)] = _rows(
        "SELECT status, decision::text FROM pipelines_node WHERE run_id = %s AND path = %s", run, path
    )
    return status, decision and json.loads(decision)


def events(run: str) -> list[str]:
    """What happened to a run, in order."""
    return [kind for (kind,) in _rows("SELECT kind FROM pipelines_event WHERE run_id = %s ORDER BY id", run)]


def _rows(statement: str, *values: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
