"""What is stored of runs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ecoa.errors import NotFound
from ecoa.store.base import TERMINAL, Event, NewEvent, NodeRow, RunRow
from ecoa.store.postgres.change import event_columns
from ecoa.store.postgres.named import named_sql
from ecoa.store.postgres.part import Part
from ecoa.store.postgres.values import unpack

if TYPE_CHECKING:
    from ecoa.store.postgres.database import Row

SQL = named_sql(__file__.replace("reading", "runs"))
CHANGE_SQL = named_sql(__file__.replace("reading", "change"))
FOLLOW_S = 0.25
WATCH_S = 0.1


class Reading(Part):
    """Read runs, nodes, events; add to the history."""

    async def define(self, pipeline: str, definition_hash: str, definition: Mapping[str, Any]) -> None:
        """Keep a definition (idempotent)."""
        kept = {"hash": definition_hash, "pipeline": pipeline, "definition": json.dumps(definition)}
        await self.db.rows(SQL.define, kept)

    async def definition(self, definition_hash: str) -> Mapping[str, Any]:
        """A definition that was kept."""
        row = await self.db.row(SQL.definition, {"hash": definition_hash})
        if row is None:
            raise NotFound(f"there is no definition {definition_hash!r}")
        kept: Mapping[str, Any] = json.loads(row[0])
        return kept

    async def run(self, run_id: str) -> RunRow:
        """A run with its pending reviews."""
        row = await self.db.row(SQL.run, {"run": run_id, "project": await self.db.project_id()})
        if row is None:
            raise NotFound(f"there is no run {run_id}")
        found = _run_row(row)
        if found.status not in TERMINAL:
            found = replace(found, reviews=[tuple(r) for r in await self.db.rows(SQL.pending_reviews, {"run": run_id})])
        given, result = await unpack(self.db, found.input), await unpack(self.db, found.result)
        return replace(found, input=given or "null", result=result)

    async def nodes(self, run_id: str, *, prefix: str = "", paths: Sequence[str] | None = None) -> list[NodeRow]:
        """Nodes in order of creation; `prefix` those inside a container."""
        asked = {"run": run_id, "prefix": prefix, "paths": None if paths is None else list(paths)}
        return [await self._node_row(row) for row in await self.db.rows(SQL.nodes, asked)]

    async def events(self, run_id: str, *, after: int = 0, limit: int = 1000) -> list[Event]:
        """Events of a run, some at a time."""
        rows = await self.db.rows(SQL.events, {"run": run_id, "after": after, "limit": limit})
        return [Event(id=row[0], at=row[1], kind=row[2], path=row[3], data=json.loads(row[4])) for row in rows]

    async def follow(self, run_id: str) -> AsyncIterator[Event]:
        """Events from the first on, ending with the run."""
        seen = 0
        while True:
            over = (await self.run(run_id)).status in TERMINAL
            events = await self.events(run_id, after=seen)
            for event in events:
                seen = event.id
                yield event
            if over and not events:
                return
            if not events:
                await self.watch(run_id, timeout=FOLLOW_S)

    async def watch(self, run_id: str, *, timeout: float) -> None:
        """Sleep until the run's status may have changed, at most `timeout` seconds."""
        await asyncio.sleep(min(timeout, WATCH_S))

    async def record(self, run_id: str, events: Sequence[NewEvent]) -> None:
        """Write events."""
        values = {
            "project": await self.db.project_id(),
            "run": run_id,
            **event_columns(events),
        }
        await self.db.rows(CHANGE_SQL.record, values)

    async def _node_row(self, row: Row) -> NodeRow:
        (
            path,
            kind,
            status,
            attempt,
            fence,
            worker,
            given,
            output,
            error,
            wake_at,
            created_at,
            started_at,
            finished_at,
        ) = row
        return NodeRow(
            path=path,
            kind=kind,
            status=status,
            attempt=attempt,
            fence=fence,
            worker=worker,
            input=await unpack(self.db, given),
            output=await unpack(self.db, output),
            error=json.loads(error) if error else None,
            wake_at=wake_at,
            created_at=created_at,
            started_at=started_at,
            finished_at=finished_at,
        )


def _run_row(row: Row) -> RunRow:
    (run_id, project_id, pipeline, definition_hash, status, given, result, error, trace_id, key, fingerprint) = row[:11]
    (priority, session, parent, parent_path, forked, forked_at, cancelling, created_at, started_at, finished_at) = row[
        11:
    ]
    return RunRow(
        id=run_id,
        project_id=project_id,
        pipeline=pipeline,
        definition_hash=definition_hash,
        status=status,
        input=given,
        result=result,
        error=json.loads(error) if error else None,
        trace_id=trace_id.replace("-", ""),
        idempotency_key=key,
        fingerprint=fingerprint,
        priority=priority,
        session=session,
        parent=(parent, parent_path) if parent else None,
        forked_from=(forked, forked_at) if forked else None,
        cancel_requested=cancelling,
        created_at=created_at,
        started_at=started_at,
        finished_at=finished_at,
    )
