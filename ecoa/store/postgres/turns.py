"""Turns of nodes: claim them, write how they ended, hand over what comes next."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from psycopg.errors import UniqueViolation

from ecoa.errors import Fenced
from ecoa.store.base import Finish, Finished, Lease, NewNode, RunStatus
from ecoa.store.postgres.long_turn import already_written, write_turn
from ecoa.store.postgres.named import named_sql
from ecoa.store.postgres.part import Part
from ecoa.store.postgres.quick import Quick
from ecoa.store.postgres.values import SMALL, pack, unpack

if TYPE_CHECKING:
    from ecoa.store.postgres.connect import Conn
    from ecoa.store.postgres.database import Row

SQL = named_sql(__file__)
STEP = Quick("step", SQL.step)
LAST = Quick("last", SQL.last)
SIMPLE = frozenset({"done", "error"})


class Turns(Part):
    """Claim and finish."""

    async def claim(self, worker: str, *, pipelines: Sequence[str], queues: Sequence[str], limit: int) -> list[Lease]:
        """Lease nodes that may run now: by priority, then age; not strictly so under contention."""
        asked = {
            "project": await self.db.project_id(),
            "worker": worker,
            "pipelines": list(pipelines),
            "queues": list(queues),
            "limit": limit,
            "lease": self.lease_s,
        }
        try:
            rows = await self.db.rows(SQL.claim, asked)
        except UniqueViolation:  # two with one lock key: of one at a time, the second is not a candidate
            rows = await self._claim_singly(asked, limit)
        return [await self._lease(row) for row in rows]

    async def finish(self, turn: Finish, *, worker: str) -> Finished:
        """Write how a turn ended and hand over what comes next, in one commit."""
        turn = await self._packed_turn(turn)
        tries = 0

        async def write() -> Finished:
            nonlocal tries
            tries += 1
            async with self.db.pool.connection() as conn:
                try:
                    return await self._finish(conn, turn, worker=worker)
                except Fenced:
                    # The commit may have come through although its answer was lost with the connection.
                    if tries > 1 and (done := await already_written(conn, turn, worker)):
                        return done
                    raise

        done = await self.db.patiently(write)
        if len(turn.creates) > len(done.leases):
            self.db.liveness.ring()  # some were made for whoever has time
        return done

    async def _claim_singly(self, asked: dict[str, Any], limit: int) -> list[Row]:
        rows: list[Row] = []
        while len(rows) < limit:
            try:
                found = await self.db.rows(SQL.claim, {**asked, "limit": 1})
            except UniqueViolation:
                break  # another worker took the lock at this moment
            if not found:
                break
            rows += found
        return rows

    async def _finish(self, conn: Conn, turn: Finish, *, worker: str) -> Finished:
        if _hands_over(turn) and (done := await self._step(conn, turn, worker)):
            return done
        if _ends_alone(turn) and (done := await self._last(conn, turn)):
            return done
        return await write_turn(self, conn, turn, worker)

    async def _step(self, conn: Conn, turn: Finish, worker: str) -> Finished | None:
        (node,) = turn.creates
        values = _ending(turn) | {
            "next": node.path,
            "kind": node.kind,
            "queue": node.queue,
            "input": node.input,
            "worker": worker,
            "lease": self.lease_s,
        }
        try:
            row = await STEP.row(conn, values)
        except UniqueViolation:  # the node to hand over to is there already
            return None
        if row is None:
            return None
        status, pipeline, definition, trace_id, project_id, session, deadline = row
        assert status and pipeline and definition and trace_id and project_id
        lease = Lease(
            run_id=turn.run_id,
            path=node.path,
            kind=node.kind,
            fence=1,
            attempt=1,
            takeovers=0,
            input=await unpack(self.db, node.input),
            pipeline=pipeline,
            definition_hash=definition,
            trace_id=trace_id.replace("-", ""),
            project_id=int(project_id),
            session=session,
            deadline_in=None if deadline is None else float(deadline),
            cancelling=False,
        )
        return Finished(leases=(lease,), run_status=cast("RunStatus", status))

    async def _last(self, conn: Conn, turn: Finish) -> Finished | None:
        values = _ending(turn) | {"ends": turn.ends, "result": turn.result}
        if turn.ends is None or await LAST.row(conn, values) is None:
            return None
        return Finished(leases=(), run_status=turn.ends)

    async def _packed_turn(self, turn: Finish) -> Finish:
        """The turn with its large values stored."""
        texts = (turn.output, turn.result, turn.state, *(new.input for new in turn.creates))
        if all(text is None or len(text) <= SMALL for text in texts):
            return turn

        async def small(text: str | None, what: str) -> str | None:
            return await pack(self.db, text, run_id=turn.run_id, what=what)

        return replace(
            turn,
            output=await small(turn.output, f"the result of {turn.path!r}"),
            result=await small(turn.result, "the result of the run"),
            state=await small(turn.state, f"the state of {turn.path!r}"),
            creates=[replace(new, input=await small(new.input, f"the input of {new.path!r}")) for new in turn.creates],
        )

    async def _lease(self, row: Row) -> Lease:
        """A claimed row."""
        names = ("run_id", "path", "kind", "fence", "attempt", "takeovers", "input", "decision", "state", "signal")
        more = (
            "pipeline",
            "definition_hash",
            "trace_id",
            "project_id",
            "session",
            "deadline_in",
            "cancelling",
            "resumed",
        )
        told: dict[str, Any] = dict(zip(names + more, row, strict=True))  # columns
        told["trace_id"] = told["trace_id"].replace("-", "")
        told["input"] = await unpack(self.db, told["input"])
        told["state"] = await unpack(self.db, told["state"])
        return Lease(**told)


def _ending(turn: Finish) -> dict[str, Any]:  # parameters
    return {
        "run": turn.run_id,
        "path": turn.path,
        "fence": turn.fence,
        "status": turn.status,
        "output": turn.output,
        "error": None if turn.error is None else json.dumps(turn.error),
        "more": max(turn.attempts - 1, 0),
    }


def _plain(turn: Finish) -> bool:
    """Whether nothing but the node and what follows is to be written."""
    extras = (turn.join, turn.review, turn.session, turn.effect)
    return turn.status in SIMPLE and not turn.events and extras == (None, None, None, None)


def _hands_over(turn: Finish) -> bool:
    if turn.ends or len(turn.creates) != 1 or not _plain(turn):
        return False
    (node,) = turn.creates
    return _is_handed_over(node) and not (node.opens or node.spare)


def _is_handed_over(node: NewNode) -> bool:
    """With a lock key it must be claimed: another may hold the lock."""
    return node.status == "leased" and not node.lock_key


def _ends_alone(turn: Finish) -> bool:
    return turn.ends in ("success", "error", "rejected") and not turn.creates and _plain(turn)
