"""Runs, nodes and turns of these tests."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from ecoa.engine.ids import uuid7
from ecoa.store.base import Finish, Finished, Lease, NewNode, NewReview, NewRun, Store

WORKER = "worker"


def node(path: str, status: str = "leased", **changes: Any) -> NewNode:
    """A step to make."""
    return NewNode(path=path, kind="step", status=status, **changes)  # type: ignore[arg-type]


def new_run(*first: NewNode, **changes: Any) -> NewRun:
    """A run of the pipeline "order" whose first node is `a`."""
    given: dict[str, Any] = {
        "id": uuid7(),
        "pipeline": "order",
        "definition_hash": "d1",
        "input": '{"n":1}',
        "trace_id": uuid4().hex,
        "first": first or (node("a"),),
    }
    return NewRun(**given | changes)


def keyed(key: str = "k", fingerprint: str = "f", **changes: Any) -> NewRun:
    """A run with a start key."""
    return new_run(idempotency_key=key, fingerprint=fingerprint, **changes)


def review(**changes: Any) -> NewReview:
    """A request to people."""
    given: dict[str, Any] = {
        "id": uuid7(),
        "title": "Ship it?",
        "reason": "confidence 0.4",
        "payload": '{"n":1}',
        "schema": {"type": "object"},
        "digest": "x",
        "groups": ["reviewers"],
    }
    return NewReview(**given | changes)


def ending(lease: Lease, status: str = "done", **changes: Any) -> Finish:
    """How a turn of this lease ended."""
    given: dict[str, Any] = {"output": '"ok"'} if status == "done" else {}
    return Finish(run_id=lease.run_id, path=lease.path, fence=lease.fence, status=status, **given | changes)  # type: ignore[arg-type]


async def begin(store: Store, run: NewRun | None = None) -> Lease:
    """Start a run; the lease of its first node."""
    return (await store.start(run or new_run(), worker=WORKER)).leases[0]


async def end(store: Store, lease: Lease, status: str = "done", **changes: Any) -> Finished:
    """Write how its turn ended."""
    return await store.finish(ending(lease, status, **changes), worker=WORKER)


async def claim(store: Store, *, worker: str = WORKER, limit: int = 10) -> list[Lease]:
    """Lease what may run now."""
    return await store.claim(worker, pipelines=["order"], queues=["default"], limit=limit)


async def soon(store: Store, *, worker: str = WORKER) -> Lease:
    """The next node that may run, waited for."""
    for _ in range(100):
        if leases := await claim(store, worker=worker, limit=1):
            return leases[0]
        await store.idle(0.1)
    raise AssertionError("nothing became ready")


async def statuses(store: Store, run_id: str) -> dict[str, str]:
    """Every node's status, by path."""
    return {row.path: row.status for row in await store.nodes(run_id)}
