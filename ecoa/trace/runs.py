"""Spans that no `with` block covers, as they begin in one process and end in another: runs, reviews, stored waits."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from opentelemetry.trace import SpanContext

from ecoa import clock
from ecoa.trace import ids, names
from ecoa.trace.export import export
from ecoa.trace.spans import OtelSpan, remote, start

type Given = Mapping[str, Any]  # attributes by their short names


def announce_run(run_id: str, pipeline: str, *, trace_id: str, attributes: Given) -> None:
    """A marker of the run's span."""
    told = {**names.of_kind("run", pipeline), **names.attributes({"run_id": run_id, **attributes})}
    parent = _parent(trace_id, attributes)
    _announce("run", pipeline, told, remote(trace_id, ids.run_span(run_id)), parent, ids.made_ns(run_id))


def send_run(
    run_id: str, pipeline: str, *, trace_id: str, error: BaseException | Mapping[str, Any] | None, attributes: Given
) -> None:
    """The run's span, whole."""
    told = {**names.of_kind("run", pipeline), **names.attributes({"run_id": run_id, **attributes})}
    span = OtelSpan(
        start(
            "run",
            pipeline,
            told,
            parent=_parent(trace_id, attributes),
            trace_id=ids.trace_int(trace_id),
            span_id=ids.run_span(run_id),
            start_ns=ids.made_ns(run_id),
        )
    )
    if error is not None:
        span.fail(error)
    elif attributes.get("status") == "cancelled":
        span.fail(asyncio.CancelledError())
    span.end()


def announce_review(run_id: str, path: str, *, review_id: str, trace_id: str, attributes: Given) -> None:
    """A marker of the wait for a person."""
    told = _told("human", path, {"run_id": run_id, "path": path, "review_id": review_id, **attributes})
    context = remote(trace_id, ids.review_span(run_id, review_id))
    _announce("human", path, told, context, remote(trace_id, ids.run_span(run_id)), ids.made_ns(review_id))


def send_review(run_id: str, path: str, *, review_id: str, trace_id: str, attributes: Given) -> None:
    """The wait for a person, whole."""
    told = _told("human", path, {"run_id": run_id, "path": path, "review_id": review_id, **attributes})
    parent, span_id = remote(trace_id, ids.run_span(run_id)), ids.review_span(run_id, review_id)
    OtelSpan(start("human", path, told, parent=parent, span_id=span_id, start_ns=ids.made_ns(review_id))).end()


def send_wait(run_id: str, path: str, *, trace_id: str, seconds: float, attributes: Given) -> None:
    """A wait that is stored, from now on."""
    told = _told("wait", path, {"run_id": run_id, "path": path, "wait_s": seconds, **attributes})
    now = clock.now_ns()
    span = start("wait", path, told, parent=remote(trace_id, ids.run_span(run_id)), start_ns=now)
    span.end(end_time=now + int(seconds * 1e9))


def _told(kind: str, name: str, given: Given) -> dict[str, Any]:
    return {**names.of_kind(kind, name), **names.attributes(given)}


def _parent(trace_id: str, attributes: Given) -> SpanContext | None:
    """Of a sub-pipeline's run the run around it: `parent` is its id."""
    parent = attributes.get("parent")
    return None if parent is None else remote(trace_id, ids.run_span(parent))


def _announce(
    kind: str, name: str, told: dict[str, Any], context: SpanContext, parent: SpanContext | None, start_ns: int
) -> None:
    announcer = export().announcer
    if announcer is not None:
        announcer.begin(
            context,
            parent_id=parent.span_id if parent else None,
            name=names.span_name(kind, name),
            start_ns=start_ns,
            attributes=told,
        )
