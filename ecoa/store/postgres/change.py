"""A change of a run: its row is locked first, its nodes after it, and what becomes of it is written last."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, LiteralString

from ecoa.errors import NotFound
from ecoa.store.base import RUNNABLE, TERMINAL, Lease, NewEvent, NewNode, RunStatus
from ecoa.store.postgres.named import named_sql

if TYPE_CHECKING:
    from ecoa.store.postgres.connect import Conn
    from ecoa.store.postgres.database import Row
    from ecoa.store.postgres.part import Part

SQL = named_sql(__file__)
COMPENSATE = "$compensate"


@dataclass(slots=True, kw_only=True)
class LockedRun:
    """The run, as it was and as it becomes."""

    status: RunStatus
    active: int
    cancel_requested: bool
    compensates: bool
    parent_run: str | None
    parent_path: str | None
    pipeline: str
    definition_hash: str
    trace_id: str
    project_id: int
    session: str | None
    deadline_in: float | None
    priority: int
    result: str | None
    error: str | None  # JSON text

    @staticmethod
    def of(row: Row) -> LockedRun:
        return LockedRun(**dict(zip(LockedRun.__slots__, row, strict=True)))


class Change:
    """What may be done to a run while it is locked. Ends with `settle`."""

    def __init__(self, store: Part, conn: Conn, run_id: str, run: LockedRun, *, worker: str | None) -> None:
        self._store = store
        self.conn = conn
        self.run_id = run_id
        self.run = run
        self._was = run.status
        self._worker = worker
        self.leases: list[Lease] = []

    async def make(self, nodes: Sequence[NewNode]) -> None:
        """Make nodes; those to be handed over become leases, unless they must be claimed for their lock."""
        if not nodes:
            return
        run = self.run
        taken = [
            replace(n, status="ready") if n.status == "leased" and not self._may_hand_over(n) else n for n in nodes
        ]
        values = node_columns(taken) | {
            "project": run.project_id,
            "pipeline": run.pipeline,
            "priority": run.priority,
            "worker": self._worker,
            "lease": self._store.lease_s,
        }
        cursor = await self.execute(SQL.make_nodes, **values)
        by_path = {new.path: new for new in taken}
        for path, status, fence, attempt in await cursor.fetchall():
            run.active += status in RUNNABLE
            if status == "leased":
                self.leases.append(lease_of(self.run_id, run, by_path[path], fence=fence, attempt=attempt))

    async def cancel_live(
        self,
        why: str,
        *,
        inside: str | None = None,
        leased: bool = True,
        by: str = "",
        reason: str = "",
        spared: str | None = None,
    ) -> None:
        """Cancel what has not ended, everywhere or inside a container or branch; leased nodes are fenced off."""
        more = {"spared": spared, "branch": inside} if spared else {}
        error = json.dumps({"type": why, "message": why, **more})
        values = {"inside": inside, "leased": leased, "error": error, "by": by, "reason": reason}
        row = await self.one(SQL.cancel_live, **values)
        self.run.active -= row[0]

    async def end(self, status: RunStatus, *, error: Mapping[str, Any] | None, result: str | None) -> None:
        """End the run, or let it compensate first."""
        run = self.run
        if run.status in TERMINAL:
            return
        self.fail(error)
        await self.cancel_live("RunEnded")
        self.leases.clear()
        if run.compensates and status in ("error", "rejected") and not (await self.one(SQL.is_compensated))[0]:
            run.status = "compensating"
            what = json.dumps({"status": status})
            await self.make([NewNode(path=COMPENSATE, kind="compensate", input=what, status="leased")])
            return
        run.status = status
        run.result = run.result if result is None else result
        if status == "success":
            run.error = None

    def fail(self, error: Mapping[str, Any] | None) -> None:
        """What is told of the run."""
        if error is not None:
            self.run.error = json.dumps(error)

    async def settle(self, *, paused: bool | None = None) -> None:
        """What the run is now that its nodes changed. `paused`: whether some node is, when the caller knows."""
        run = self.run
        if run.status not in TERMINAL:
            await self._become(paused)
        ended = run.status in TERMINAL and self._was not in TERMINAL
        if ended:
            await self.record([NewEvent(kind=run.status)])
        await self.execute(
            SQL.set_run,
            status=run.status,
            active=run.active,
            result=run.result,
            error=run.error,
            cancel_requested=run.cancel_requested,
        )
        if ended and run.parent_run:
            await self.execute(SQL.wake_parent)

    async def _become(self, paused: bool | None) -> None:
        run = self.run
        if run.cancel_requested and not run.active:
            await self.cancel_live("Cancelled")
            run.status = "cancelled"
        elif not run.active:
            if paused is None:
                paused = (await self.one(SQL.is_paused))[0]
            run.status = "paused" if paused else "held"
        elif run.status in ("paused", "held"):
            run.status = "compensating" if (await self.one(SQL.is_compensated))[0] else "running"

    async def record(self, events: Sequence[NewEvent]) -> None:
        """Add lines to the run's history."""
        if events:
            await self.execute(SQL.record, project=self.run.project_id, **event_columns(events))

    async def execute(self, statement: LiteralString, **values: Any) -> Any:  # Any: parameters; a cursor
        return await self.conn.execute(statement, {"run": self.run_id, **values})

    async def one(self, statement: LiteralString, **values: Any) -> Row:
        row = await (await self.execute(statement, **values)).fetchone()
        assert row
        return tuple(row)

    def _may_hand_over(self, new: NewNode) -> bool:
        return self._worker is not None and not new.lock_key


@asynccontextmanager
async def changing(store: Part, run_id: str, *, any_project: bool = False) -> AsyncIterator[Change]:
    """A transaction that holds the run, of this store's project."""
    project_id = await store.db.project_id()
    async with store.db.transaction() as conn:
        row = await (await conn.execute(SQL.lock_run, {"run": run_id})).fetchone()
        run = LockedRun.of(row) if row else None
        if run is None or (run.project_id != project_id and not any_project):
            raise NotFound(f"there is no run {run_id}")
        yield Change(store, conn, run_id, run, worker=None)


def lease_of(run_id: str, run: LockedRun, new: NewNode, *, fence: int, attempt: int) -> Lease:
    """The lease of a node that was just made."""
    return Lease(
        run_id=run_id,
        path=new.path,
        kind=new.kind,
        fence=fence,
        attempt=attempt,
        takeovers=0,
        input=new.input,
        pipeline=run.pipeline,
        definition_hash=run.definition_hash,
        trace_id=run.trace_id.replace("-", ""),
        project_id=run.project_id,
        session=run.session,
        deadline_in=run.deadline_in,
        cancelling=run.cancel_requested,
    )


def node_columns(nodes: Sequence[NewNode]) -> dict[str, list[Any]]:
    """Nodes as the arrays that a statement makes them from."""
    return {
        "paths": [new.path for new in nodes],
        "kinds": [new.kind for new in nodes],
        "statuses": [new.status for new in nodes],
        "delays": [new.delay for new in nodes],
        "queues": [new.queue for new in nodes],
        "lock_keys": [new.lock_key for new in nodes],
        "opens": [new.opens for new in nodes],
        "spares": [new.spare for new in nodes],
        "inputs": [new.input for new in nodes],
        "outputs": [new.output for new in nodes],
    }


def event_columns(events: Sequence[NewEvent]) -> dict[str, list[Any]]:
    """Events, likewise."""
    return {
        "paths": [event.path for event in events],
        "kinds": [event.kind for event in events],
        "data": [json.dumps(event.data) for event in events],
    }
