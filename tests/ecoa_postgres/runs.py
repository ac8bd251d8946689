"""Runs for these tests, as the engine would start them."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID, uuid4

from ecoa.store.base import Finish, Lease, NewNode, NewReview, NewRun


def new_id() -> str:
    """A UUIDv7."""
    bits = (int(time.time() * 1000) << 80) | (7 << 76) | (uuid4().int & ((1 << 76) - 1))
    return str(UUID(int=(bits & ~(3 << 62)) | (2 << 62)))


def new_run(*first: NewNode, **changes: Any) -> NewRun:
    """A run of a pipeline "order"."""
    given: dict[str, Any] = {
        "id": new_id(),
        "pipeline": "order",
        "definition_hash": "d1",
        "input": '{"n":1}',
        "trace_id": uuid4().hex,
        "first": first or (node("a"),),
    }
    return NewRun(**given | changes)


def node(path: str, status: str = "leased", **changes: Any) -> NewNode:
    """A step to make."""
    return NewNode(path=path, kind="step", status=status, **changes)  # type: ignore[arg-type]


def finish(lease: Lease, status: str = "done", **changes: Any) -> Finish:
    """How a turn of this lease ended."""
    given: dict[str, Any] = {"output": '"ok"'} if status == "done" else {}
    return Finish(run_id=lease.run_id, path=lease.path, fence=lease.fence, status=status, **given | changes)  # type: ignore[arg-type]


def review(**changes: Any) -> NewReview:
    """A request to people."""
    given: dict[str, Any] = {
        "id": new_id(),
        "title": "Ship it?",
        "reason": "confidence 0.4",
        "payload": '{"n":1}',
        "schema": None,
        "digest": "x",
        "groups": ["reviewers"],
        "notify": ["email"],
    }
    return NewReview(**given | changes)
