"""Rows of runs as the engine writes them, made by hand: pages are about what is stored."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import connection

Json = Any  # what JSON holds

ORDER_SCHEMA = {
    "type": "object",
    "title": "Order",
    "required": ["order", "amount", "express"],
    "properties": {
        "order": {"type": "string", "maxLength": 40},
        "amount": {"type": "number", "minimum": 0, "maximum": 100000},
        "currency": {"enum": ["EUR", "USD"], "type": "string"},
        "express": {"type": "boolean"},
        "ship_on": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}], "default": None},
        "note": {"type": "string", "maxLength": 400},
        "address": {"$ref": "#/$defs/Address"},
        "items": {"type": "array", "items": {"$ref": "#/$defs/Item"}, "minItems": 1},
    },
    "$defs": {
        "Address": {
            "type": "object",
            "required": ["street", "city"],
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        },
        "Item": {
            "type": "object",
            "required": ["sku", "quantity"],
            "properties": {"sku": {"type": "string"}, "quantity": {"type": "integer", "minimum": 1}},
        },
    },
}
RETRY = {"max_attempts": 5, "backoff_factor": 2, "initial": 1, "max_delay": 60, "jitter": "full"}
STEPS: list[Json] = [
    {"name": "classify", "kind": "step", "agent": "classifier", "policies": {"retry": RETRY, "timeout": 2}},
    {
        "name": "checks",
        "kind": "parallel",
        "children": [
            {
                "name": name,
                "kind": "branch",
                "children": [
                    {
                        "name": name,
                        "kind": "step",
                        "agent": f"{name}-checker",
                        "policies": {"breaker": {"name": name, "failure_threshold": 3, "recovery_timeout": 60}},
                    }
                ],
            }
            for name in ("stock", "fraud", "address")
        ],
    },
    {
        "name": "parcels",
        "kind": "each",
        "limit": 10,
        "children": [
            {"name": "weigh", "kind": "step", "agent": "scales"},
            {"name": "label", "kind": "step", "agent": "label-writer"},
        ],
    },
    {
        "name": "big",
        "kind": "when",
        "children": [
            {
                "name": "yes",
                "kind": "branch",
                "children": [
                    {
                        "name": "review",
                        "kind": "review",
                        "policies": {"by": ["reviewers"], "quorum": 1, "expires": 14400, "on_expire": "hold"},
                    }
                ],
            }
        ],
    },
    {"name": "place", "kind": "step", "agent": "order-desk", "effect": "keyed", "policies": {"timeout": 3}},
    {"name": "mail", "kind": "step", "agent": "mailer", "effect": "guarded"},
]


def define(name: str = "order", steps: list[Json] | None = None, schema: Json = None) -> str:
    """Keep a definition; its hash."""
    told = {
        "name": name,
        "steps": STEPS if steps is None else steps,
        "input_schema": schema,
        "policies": {"timeout": 600},
    }
    text = json.dumps(told)
    digest = hashlib.sha256(text.encode()).hexdigest()
    _run(
        "INSERT INTO pipelines_definition (hash, pipeline, definition) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        digest,
        name,
        json.dumps({**told, "hash": digest}),
    )
    return digest


def make_run(
    project_id: int,
    *,
    pipeline: str = "order",
    status: str = "success",
    ago_s: float = 60,
    took_s: float = 2,
    definition: str | None = None,
    input: Json = "an order",
    result: Json = None,
    error: Json = None,
    key: str | None = None,
    session: str | None = None,
    trace_id: UUID | None = None,
    by: str = "",
    **more: Any,  # columns
) -> UUID:
    """A run; its id."""
    id, begun = uuid4(), datetime.now(UTC) - timedelta(seconds=ago_s)
    ended = begun + timedelta(seconds=took_s) if status in {"success", "error", "rejected", "cancelled"} else None
    columns = {
        "id": id,
        "project_id": project_id,
        "pipeline": pipeline,
        "definition_hash": definition or define(pipeline),
        "status": status,
        "input": json.dumps(input),
        "result": None if result is None else json.dumps(result),
        "error": None if error is None else json.dumps(error),
        "trace_id": trace_id or uuid4(),
        "session": session,
        "idempotency_key": key,
        "started_by": by,
        "created_at": begun,
        "started_at": begun,
        "finished_at": ended,
        "paused_at": begun if status == "paused" else None,
        **more,
    }
    _insert("pipelines_run", columns)
    return id


def make_node(
    run_id: UUID,
    path: str,
    *,
    status: str = "done",
    kind: str = "step",
    ago_s: float = 60,
    took_s: float = 0.5,
    input: Json = None,
    output: Json = None,
    error: Json = None,
    attempt: int = 1,
    **more: Any,  # columns
) -> None:
    """A node of a run."""
    begun = datetime.now(UTC) - timedelta(seconds=ago_s)
    ended = begun + timedelta(seconds=took_s) if status in {"done", "error", "cancelled"} else None
    _insert(
        "pipelines_node",
        {
            "run_id": run_id,
            "path": path,
            "kind": kind,
            "status": status,
            "attempt": attempt,
            "fence": attempt,
            "input": None if input is None else json.dumps(input),
            "output": None if output is None else json.dumps(output),
            "error": None if error is None else json.dumps(error),
            "created_at": begun,
            "started_at": None if status == "ready" else begun,
            "finished_at": ended,
            **more,
        },
    )


def make_effect(project_id: int, run_id: UUID, path: str, *, status: str = "done", effect: str = "keyed") -> str:
    """A line of the ledger; its key."""
    key = hashlib.sha256(f"{run_id}{path}".encode()).hexdigest()
    _insert(
        "pipelines_effect",
        {
            "key": key,
            "project_id": project_id,
            "scope": str(run_id),
            "path": path,
            "effect": effect,
            "status": status,
            "digest": "",
            "settled_at": datetime.now(UTC) if status in {"done", "failed"} else None,
        },
    )
    return key


def make_review(
    project_id: int,
    run_id: UUID,
    *,
    path: str = "review",
    title: str = "Ship 3 parcels",
    reason: str = "The amount is over 25,000.00 EUR",
    payload: Json = None,
    schema: Json = None,
    groups: tuple[str, ...] = ("reviewers",),
    due_s: float | None = 3600,
    status: str = "pending",
    context: Json = None,
    paused: bool = True,
    **more: Any,  # columns
) -> UUID:
    """A review, with the paused node that it is for; its id."""
    id = uuid4()
    text = json.dumps({"order": "A-17", "amount": 31150.0, "express": True} if payload is None else payload)
    if paused:
        make_node(
            run_id, path, kind="review", status="paused" if status == "pending" else "done", input=json.loads(text)
        )
    _insert(
        "pipelines_review",
        {
            "id": id,
            "project_id": project_id,
            "run_id": run_id,
            "path": path,
            "status": status,
            "title": title,
            "reason": reason,
            "payload": text,
            "schema": None if schema is None else json.dumps(schema),
            "digest": hashlib.sha256(text.encode()).hexdigest(),
            "groups": list(groups),
            "may_edit": schema is not None,
            "expires_at": None if due_s is None else datetime.now(UTC) + timedelta(seconds=due_s),
            "context": json.dumps(context or {}),
            **more,
        },
    )
    return id


def paused_run(project_id: int, **about: Any) -> tuple[UUID, UUID]:
    """A run that waits for a person: its id and the review's."""
    run = make_run(project_id, status="paused", key=about.pop("key", None), pipeline=about.pop("pipeline", "order"))
    return run, make_review(project_id, run, **about)


def make_event(project_id: int, run_id: UUID, kind: str, *, path: str | None = None, **data: Json) -> None:
    """A line of a run's history."""
    columns = {"project_id": project_id, "run_id": run_id, "path": path, "kind": kind, "data": json.dumps(data)}
    _insert("pipelines_event", columns)


def make_breaker(project_id: int, name: str = "payments", **columns: Any) -> None:
    """A breaker."""
    _insert("pipelines_breaker", {"project_id": project_id, "name": name, **columns})


def make_limiter(project_id: int, name: str = "openai", **columns: Any) -> None:
    """One dimension of a limiter."""
    asked = {"project_id": project_id, "name": name, "dimension": "requests", "capacity": 60, "level": 30}
    _insert("pipelines_limiter", {**asked, **columns})


def value_of(statement: str, *parameters: Any) -> Any:
    """One value from the database."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        row = cursor.fetchone()
    return row[0] if row else None


def _insert(table: str, columns: dict[str, Any]) -> None:
    names = ", ".join(columns)
    marks = ", ".join(["%s"] * len(columns))
    _run(f"INSERT INTO {table} ({names}) VALUES ({marks})", *columns.values())


def _run(statement: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
