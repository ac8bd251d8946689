"""Starting runs, one by one and in bulk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from psycopg.errors import UniqueViolation

from ecoa.errors import IdempotencyConflict
from ecoa.store.base import RUNNABLE, Lease, NewNode, NewRun, RunRow, Started
from ecoa.store.postgres.change import node_columns
from ecoa.store.postgres.named import named_sql
from ecoa.store.postgres.quick import Quick
from ecoa.store.postgres.steering import Steering
from ecoa.store.postgres.values import SMALL, pack

if TYPE_CHECKING:
    from ecoa.store.postgres.database import Row

SQL = named_sql(__file__)
START_ONE = Quick("start_one", SQL.start_one)


class Runs(Steering):
    """Start."""

    async def start(self, run: NewRun, *, worker: str | None) -> Started:
        """Insert a run with its first nodes; nodes with status leased are the worker's."""
        project_id = await self.db.project_id()
        run = await self._packed_run(run, worker)
        while True:
            try:
                row = await self._insert(run, project_id, worker)
            except UniqueViolation:
                if earlier := await self._earlier(run, project_id):
                    return earlier
                continue  # its key is free again
            assert row
            if any(new.status == "ready" for new in run.first):
                self.db.liveness.ring()
            return self._started(run, project_id, row)

    async def _insert(self, run: NewRun, project_id: int, worker: str | None) -> Row | None:
        values = self._columns(run, project_id, worker)
        if len(run.first) != 1 or not _is_simple(run.first[0]):
            return await self.db.row(SQL.start, values | node_columns(run.first))
        (node,) = run.first
        leased = node.status == "leased"
        values |= {
            "path": node.path,
            "kind": node.kind,
            "node_status": node.status,
            "leased": int(leased),
            "worker": worker if leased else None,
            "lease": self.lease_s if leased else None,
            "queue": node.queue,
            "node_input": node.input,
        }

        async def insert() -> Row | None:
            async with self.db.pool.connection() as conn:
                row = await START_ONE.row(conn, values)
                return None if row is None else tuple(moment and datetime.fromisoformat(moment) for moment in row)

        return await self.db.patiently(insert)

    async def start_many(self, runs: Sequence[NewRun]) -> int:
        """Insert runs without keys, in bulk (COPY); none is leased. How many."""
        project_id = await self.db.project_id()
        ready = [await self._packed_run(run, None) for run in runs]

        async def copy() -> int:
            async with self.db.transaction() as conn:
                row = await (await conn.execute(SQL.now, {})).fetchone()
                assert row
                for statement, rows in _bulk(ready, project_id, row[0]):
                    async with conn.cursor().copy(statement) as to:
                        await to.write(rows)
            return len(ready)

        copied = await self.db.patiently(copy)
        self.db.liveness.ring()
        return copied

    async def _packed_run(self, run: NewRun, worker: str | None) -> NewRun:
        """The run with its large values stored; what cannot be handed over is ready."""
        if len(run.input) <= SMALL and all(_goes_as_it_is(new) for new in run.first):
            return run

        async def small(text: str | None, what: str) -> str | None:
            return await pack(self.db, text, run_id=run.id, what=what)

        async def small_node(new: NewNode) -> NewNode:
            leased = new.status == "leased" and worker is not None and not new.lock_key
            status = "ready" if new.status == "leased" and not leased else new.status
            given = await small(new.input, f"the input of {new.path!r}")
            return replace(
                new, status=status, input=given, output=await small(new.output, f"the result of {new.path!r}")
            )

        given = await small(run.input, f"the input of {run.pipeline!r}")
        return replace(run, input=given or "null", first=[await small_node(new) for new in run.first])

    def _columns(self, run: NewRun, project_id: int, worker: str | None) -> dict[str, Any]:
        return {
            "id": run.id,
            "project": project_id,
            "pipeline": run.pipeline,
            "hash": run.definition_hash,
            "status": "running" if any(new.status == "leased" for new in run.first) else "queued",
            "priority": run.priority,
            "active": _active(run),
            "compensates": run.compensates,
            "input": run.input,
            "trace_id": run.trace_id,
            "session": run.session,
            "key": run.idempotency_key,
            "fingerprint": run.fingerprint,
            "key_ttl": run.key_ttl,
            "parent_run": run.parent[0] if run.parent else None,
            "parent_path": run.parent[1] if run.parent else None,
            "forked_from": run.forked_from[0] if run.forked_from else None,
            "forked_at": run.forked_from[1] if run.forked_from else None,
            "by": run.by,
            "timeout": run.timeout,
            "worker": worker,
            "lease": self.lease_s,
        }

    def _started(self, run: NewRun, project_id: int, row: Row) -> Started:
        leased = [new for new in run.first if new.status == "leased"]
        stored = RunRow(
            id=run.id,
            project_id=project_id,
            pipeline=run.pipeline,
            definition_hash=run.definition_hash,
            status="running" if leased else "queued",
            input=run.input,
            result=None,
            error=None,
            trace_id=run.trace_id,
            idempotency_key=run.idempotency_key,
            fingerprint=run.fingerprint,
            priority=run.priority,
            session=run.session,
            parent=run.parent,
            forked_from=run.forked_from,
            cancel_requested=False,
            created_at=row[0],
            started_at=row[1],
            finished_at=None,
        )
        return Started(run=stored, created=True, leases=[_first_lease(run, new, project_id) for new in leased])

    async def _earlier(self, run: NewRun, project_id: int) -> Started | None:
        """What the key (or, after a lost answer, the id) led to; None when the key is free again."""
        key = {"project": project_id, "pipeline": run.pipeline, "key": run.idempotency_key}
        if await self.db.row(SQL.forget_key, key):
            return None
        row = await self.db.row(SQL.keyed, key)
        if row is None:
            if not await self.db.row(SQL.run, {"run": run.id, "project": project_id}):
                return None
            row = (run.id,)
        stored = await self.run(row[0])
        if stored.id == run.id:  # our own, whose answer was lost
            leases = [_first_lease(run, new, project_id) for new in run.first if new.status == "leased"]
            return Started(run=stored, created=True, leases=leases)
        if stored.fingerprint != run.fingerprint:
            raise IdempotencyConflict(
                f"the key {run.idempotency_key!r} was used with another input of {run.pipeline!r}"
            )
        if stored.status == "error":
            stored = await self.go_on_after_error(stored.id, by=run.by)
        return Started(run=stored, created=False, leases=())


def _goes_as_it_is(new: NewNode) -> bool:
    return new.status != "leased" and len(new.input or "") <= SMALL and len(new.output or "") <= SMALL


def _is_simple(new: NewNode) -> bool:
    plain = not (new.delay or new.lock_key or new.opens or new.spare or new.output)
    return plain and new.status in ("ready", "leased")


def _active(run: NewRun) -> int:
    return sum(new.status in RUNNABLE for new in run.first)


def _first_lease(run: NewRun, new: NewNode, project_id: int) -> Lease:
    return Lease(
        run_id=run.id,
        path=new.path,
        kind=new.kind,
        fence=1,
        attempt=1,
        takeovers=0,
        input=new.input,
        pipeline=run.pipeline,
        definition_hash=run.definition_hash,
        trace_id=run.trace_id,
        project_id=project_id,
        session=run.session,
        deadline_in=run.timeout,
        cancelling=False,
    )


def _bulk(runs: Sequence[NewRun], project_id: int, now: Any) -> list[tuple[Any, str]]:
    """The lines of COPY by table: psycopg's own formatting of each value costs three times as much."""
    run_lines, node_lines, ready_lines = [], [], []
    for run in runs:
        deadline = now + timedelta(seconds=run.timeout) if run.timeout is not None else None
        parent, forked = run.parent or (None, None), run.forked_from or (None, None)
        head = (run.id, project_id, run.pipeline, run.definition_hash, run.priority, _active(run), run.compensates)
        tail = (run.input, run.trace_id, run.session, run.by, deadline, *parent, *forked)
        run_lines.append(_line(*head, *tail))
        for new in run.first:
            wake_at = now + timedelta(seconds=new.delay) if new.delay else None
            kept = (new.queue, new.lock_key, new.opens, new.spare, new.input, new.output, wake_at)
            node_lines.append(_line(run.id, new.path, new.kind, new.status, *kept))
            if new.status == "ready" or (new.status == "waiting" and wake_at):
                queued = (run.pipeline, new.queue, run.priority, new.lock_key, wake_at or now)
                ready_lines.append(_line(run.id, new.path, project_id, *queued))
    tables = ((SQL.copy_runs, run_lines), (SQL.copy_nodes, node_lines), (SQL.copy_ready, ready_lines))
    return [(statement, "".join(lines)) for statement, lines in tables]


ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _line(*values: object) -> str:
    return "\t".join(["\\N" if value is None else _escaped(str(value)) for value in values]) + "\n"


def _escaped(text: str) -> str:
    """For COPY. Hardly any text has something to escape, and looking for it is much faster than replacing it."""
    if "\\" in text or "\n" in text or "\t" in text or "\r" in text:
        return text.translate(ESCAPES)
    return text
