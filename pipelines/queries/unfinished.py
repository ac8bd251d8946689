"""Runs that the code of now could not continue: asked before a deploy, by the same rule that the engine goes by."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from ecoa.codec import loads
from ecoa.engine.version import problems
from ecoa.graph import registry
from ecoa_web.db.named_sql import named_sql
from traces.queries.rows import fetch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from uuid import UUID

    from ecoa.graph.pipeline import Pipeline

SQL = named_sql(__file__)
LONGEST = 256 * 1024  # characters of an input that is checked; longer ones are checked when they go on
POINTER = '{"$ecoa": "blob"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """A run that could not go on, and why."""

    run_id: UUID
    project: str
    pipeline: str
    status: str
    path: str
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A node that an unfinished run would go on from."""

    run_id: UUID
    project: str
    pipeline: str
    definition_hash: str
    status: str
    path: str
    kind: str
    input: str | None  # JSON text


def stuck_runs() -> Iterator[Stuck]:
    """Every place at which an unfinished run could not go on under the code that is loaded."""
    began = {row[0]: json.loads(row[2]) for row in fetch(SQL.definitions)}
    same = [hash for hash, told in began.items() if _has(told["name"], hash)]
    for node in _nodes(same):
        why = _why(node, began.get(node.definition_hash))
        if why:
            yield Stuck(
                run_id=node.run_id,
                project=node.project,
                pipeline=node.pipeline,
                status=node.status,
                path=node.path,
                why=tuple(why),
            )


def _has(name: str, definition_hash: str) -> bool:
    pipeline = registry.find(name, definition_hash)
    return pipeline is not None and pipeline.definition_hash == definition_hash


def _nodes(same: list[str]) -> Iterator[Waiting]:
    # A server-side cursor: a hundred thousand paused runs must not be held in memory.
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(SQL.nodes, {"same": same, "longest": LONGEST})
        for row in cursor:
            yield Waiting(**dict(zip(Waiting.__slots__, row, strict=True)))


def _why(node: Waiting, began: Mapping[str, Any] | None) -> list[str]:
    pipeline: Pipeline[Any, Any] | None = registry.find(node.pipeline)
    if pipeline is None:
        return ["no loaded module has this pipeline"]
    if began is None:
        return ["its definition is not stored"]
    if pipeline.on_change == "hold":
        return ["the pipeline changed, and on_change is hold"]
    whole = node.input is not None and not node.input.startswith(POINTER)
    value = loads(node.input) if whole and node.input is not None else None
    return problems(began, pipeline, node.path, value, check_value=whole and node.kind == "step")
