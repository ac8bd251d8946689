"""Ids that follow from what a span is about, so that processes that never met agree on them."""

from __future__ import annotations

import hashlib
import time
import uuid


def span_id(*parts: object) -> int:
    """A span id of these parts, never 0."""
    digest = hashlib.sha256("\n".join(str(part) for part in parts).encode()).digest()
    return int.from_bytes(digest[:8], "big") or 1


def run_span(run_id: str) -> int:
    """The span of a run."""
    return span_id("run", run_id)


def node_span(run_id: str, path: str, turn: int) -> int:
    """The span of a node's turn: its fence tells one turn from the next."""
    return span_id("node", run_id, path, turn)


def review_span(run_id: str, review_id: str) -> int:
    """The span of a wait for a person."""
    return span_id("review", run_id, review_id)


def made_ns(identifier: str) -> int:
    """When a UUIDv7 was made, in Unix nanoseconds; now for any other id."""
    try:
        found = uuid.UUID(identifier)
    except ValueError:
        return time.time_ns()
    return (found.int >> 80) * 1_000_000 if found.version == 7 else time.time_ns()


def trace_int(trace_id: str) -> int:
    """A trace id as a number; an unusable one is hashed."""
    try:
        number = int(trace_id, 16)
    except ValueError:
        number = 0
    if 0 < number < 1 << 128:
        return number
    return int.from_bytes(hashlib.sha256(trace_id.encode()).digest()[:16], "big") or 1
