"""A turn that changes more than its node and the next: one transaction, in which the run is locked first.

1. BEGIN, lock run, lock node          one round trip
2. every write, COMMIT                 one round trip, and one more where something is counted
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from ecoa.errors import Fenced, SessionConflict
from ecoa.store.base import RUNNABLE, Finish, Finished, Join
from ecoa.store.postgres.change import Change, LockedRun, lease_of
from ecoa.store.postgres.named import named_sql
from ecoa.store.postgres.sessions import write_session

if TYPE_CHECKING:
    from ecoa.store.postgres.connect import Conn
    from ecoa.store.postgres.part import Part

CHANGE_SQL = named_sql(__file__.replace("long_turn", "change"))
SQL = named_sql(__file__)


async def write_turn(store: Part, conn: Conn, turn: Finish, worker: str) -> Finished:
    """Write all of it; Fenced when the node is another's."""
    try:
        async with conn.pipeline():
            await conn.execute("BEGIN")
            done = await _write(store, conn, turn, worker)
            await conn.execute("COMMIT")
    except BaseException:
        if not conn.closed:
            await conn.rollback()
        raise
    return done


async def already_written(conn: Conn, turn: Finish, worker: str) -> Finished | None:
    """The answer of a commit whose answer was lost: the node ended at this fence, what it made is leased to us."""
    run_row = await (await conn.execute(CHANGE_SQL.look_at_run, {"run": turn.run_id})).fetchone()
    node = await (await conn.execute(SQL.lock_node, {"run": turn.run_id, "path": turn.path})).fetchone()
    if not (run_row and node) or (node[0], node[1], node[2]) != (turn.status, turn.fence, None):
        return None
    run, leases = LockedRun.of(run_row), []
    for new in turn.creates:
        made = await (await conn.execute(SQL.lock_node, {"run": turn.run_id, "path": new.path})).fetchone()
        if made and (made[0], made[2]) == ("leased", worker):
            leases.append(lease_of(turn.run_id, run, new, fence=made[1], attempt=made[3]))
    return Finished(leases=leases, run_status=run.status)


async def _write(store: Part, conn: Conn, turn: Finish, worker: str) -> Finished:
    run_cursor = await conn.execute(CHANGE_SQL.lock_run, {"run": turn.run_id})
    node_cursor = await conn.execute(SQL.lock_node, {"run": turn.run_id, "path": turn.path})
    row, node = await run_cursor.fetchone(), await node_cursor.fetchone()
    if row is None or node is None or (node[0], node[1], node[2]) != ("leased", turn.fence, worker):
        raise Fenced(f"{turn.path!r} of run {turn.run_id} is not {worker}'s any more")
    change = Change(store, conn, turn.run_id, LockedRun.of(row), worker=worker)
    await _write_beside(change, turn)
    if change.run.cancel_requested:
        turn = _only_end(turn)
    await _end_node(change, turn)
    if turn.status in ("held", "unknown"):
        change.fail(turn.error)
    await change.make(turn.creates)
    applies = turn.join is None or await _join(change, turn.join, failed=turn.status == "error")
    if applies and turn.ends:
        await change.end(turn.ends, error=turn.error, result=turn.result)
    await change.settle(paused=True if turn.status == "paused" else None)
    return Finished(leases=change.leases, run_status=change.run.status)


async def _write_beside(change: Change, turn: Finish) -> None:
    """What is written whether or not the run goes on: session, effect, events."""
    if turn.session:
        written = await write_session(change.conn, change.run.project_id, turn.session)
        if lost := set(turn.session.values) - set(written):
            raise SessionConflict(f"the session's {', '.join(sorted(lost))} changed since it was read")
    if turn.effect:
        done = turn.effect
        await change.execute(SQL.settle_effect, key=done.key, status=done.status, result=done.result)
    await change.record(turn.events)


async def _end_node(change: Change, turn: Finish) -> None:
    wakes = turn.status == "ready" or (turn.status == "waiting" and turn.delay > 0)
    change.run.active += (turn.status in RUNNABLE) - 1
    await change.execute(
        SQL.end_node,
        path=turn.path,
        status=turn.status,
        output=turn.output,
        error=_told(turn),
        state=turn.state,
        signal=turn.signal,
        more=max(turn.attempts - 1, 0),
        delay=turn.delay,
    )
    if wakes:
        await change.execute(CHANGE_SQL.make_ready, path=turn.path, delay=turn.delay)
    if turn.status == "waiting" and turn.signal:
        await change.execute(CHANGE_SQL.take_signal, path=turn.path, name=turn.signal)
    if turn.status == "paused":
        await _ask(change, turn)


def _told(turn: Finish) -> str | None:
    """Why the node failed, and which container did without its branch: a retry gives that back."""
    if turn.status == "error" and turn.join is not None:
        return json.dumps({**(turn.error or {}), "spared": turn.join.container})
    return None if turn.error is None else json.dumps(turn.error)


async def _ask(change: Change, turn: Finish) -> None:
    """The review and the messages about it, which are sent after the commit."""
    review = turn.review
    assert review is not None, "a pause needs its review"
    ladder = sorted(review.escalate)
    await change.execute(
        SQL.make_review,
        id=review.id,
        project=change.run.project_id,
        path=turn.path,
        title=review.title,
        reason=review.reason,
        payload=review.payload,
        schema=None if review.schema is None else json.dumps(review.schema),
        digest=review.digest,
        groups=list(review.groups),
        quorum=review.quorum,
        may_edit=review.may_edit,
        expires_in=review.expires_in,
        on_expire=review.on_expire,
        escalate=json.dumps([list(rung) for rung in ladder]),
        escalate_in=ladder[0][0] if ladder else None,
        notify=list(review.notify),
        context=json.dumps(review.context),
    )


async def _join(change: Change, join: Join, *, failed: bool) -> bool:
    """Count down the container; at 0 make what comes after it. Whether the run may end by this turn."""
    counted = await (
        await change.execute(SQL.count_down, container=join.container, done=int(not failed), failed=int(failed))
    ).fetchone()
    if counted is None:
        return False
    opens, spare = counted
    if failed:
        if spare >= 0 and join.branch is not None:
            await change.cancel_live("BranchFailed", inside=join.branch, spared=join.container)
        return bool(spare < 0)
    if opens > 0:
        return False
    if join.cancel_rest:
        await change.cancel_live("Quorum", inside=join.container)
    await change.make([join.then])
    return False


def _only_end(turn: Finish) -> Finish:
    """What is left of a turn when its run is to be cancelled: how the node ended."""
    ended = turn.status in ("done", "error", "unknown")
    error = turn.error if ended else turn.error or {"type": "Cancelled", "message": "Cancelled"}
    status = turn.status if ended else "cancelled"
    return replace(
        turn, status=status, error=error, creates=(), join=None, review=None, ends=None, delay=0.0, signal=None
    )
