"""What turns tell tracing: each turn is a span, and what begins or ends with it is told beside it.

All of it costs a look at the environment while tracing is off.
"""

from __future__ import annotations

import json

from ecoa import trace
from ecoa.errors import NotFound, StoreUnavailable
from ecoa.store.base import TERMINAL, Finish, Finished, Lease, RunRow, Store


def turn_span(lease: Lease) -> trace.OpenSpan:
    """The span of a turn; the first thing of a resumed one is the wait that its decision ended."""
    if not trace.enabled():
        return trace.NOTHING
    _tell_decision(lease)
    return trace.span(
        "node",
        lease.path,
        run_id=lease.run_id,
        path=lease.path,
        trace_id=lease.trace_id,
        pipeline=lease.pipeline,
        attempt=lease.attempt,
        fence=lease.fence,
        session=lease.session,
        takeovers=lease.takeovers or None,
        resumed=lease.resumed or lease.decision is not None,
    )


async def tell_turn(store: Store, lease: Lease, ended: Finish, finished: Finished) -> None:
    """After a turn was written: whom it asks, how long it waits, that its run is over."""
    if not trace.enabled():
        return
    place = {"trace_id": lease.trace_id, "pipeline": lease.pipeline}
    if ended.review is not None:
        asked = ended.review
        trace.review_asked(
            lease.run_id, lease.path, review_id=asked.id, title=asked.title, reason=asked.reason, **place
        )
    if ended.status == "ready" and ended.delay > 0:
        trace.waits(lease.run_id, lease.path, seconds=ended.delay, attempt=lease.attempt, why="back-off", **place)
    for node in ended.creates:
        if node.delay > 0:
            trace.waits(lease.run_id, node.path, seconds=node.delay, why=node.kind, **place)
    if finished.run_status in TERMINAL:
        tell_end(await store.run(lease.run_id))


def tell_start(run: RunRow) -> None:
    """A run was made."""
    if trace.enabled():
        trace.run_started(
            run.id,
            run.pipeline,
            trace_id=run.trace_id,
            parent=_parent(run),
            idempotency_key=run.idempotency_key,
            session=run.session,
        )


async def tell_seen(store: Store, run_id: str) -> None:
    """A run that was begun elsewhere has a turn here: whoever began it may not have traced. Said twice is said once."""
    try:
        tell_start(await store.run(run_id))
    except (NotFound, StoreUnavailable):
        return  # the run's span comes with its end


async def cancel_told(store: Store, run_id: str, *, reason: str, by: str) -> RunRow:
    """Cancel a run; where nothing of it is leased, that was its end."""
    before = await store.run(run_id)
    after = await store.cancel(run_id, reason=reason, by=by)
    if before.status not in TERMINAL:
        tell_end(after)
    return after


def tell_end(run: RunRow) -> None:
    """A run is over."""
    if trace.enabled() and run.status in TERMINAL:
        trace.run_ended(
            run.id,
            run.pipeline,
            trace_id=run.trace_id,
            status=run.status,
            error=run.error if run.status == "error" else None,
            parent=_parent(run),
            idempotency_key=run.idempotency_key,
            session=run.session,
        )


def _tell_decision(lease: Lease) -> None:
    review_id = json.loads(lease.state).get("review") if lease.state and lease.decision else None
    if lease.decision is None or review_id is None:
        return
    decided = json.loads(lease.decision)
    trace.review_decided(
        lease.run_id,
        lease.path,
        review_id=review_id,
        trace_id=lease.trace_id,
        pipeline=lease.pipeline,
        decision=decided.get("decision"),
        by=decided.get("by"),
    )


def _parent(run: RunRow) -> str | None:
    return None if run.parent is None else run.parent[0]
