"""Spans of runs, steps, attempts and model calls; nothing at all unless ECOA_TRACE=true.

    with span("agent", "classify", run_id=run_id, path=path, attempt=2) as here:
        here.set(status="success")

While tracing is off these functions cost a look at the environment: OpenTelemetry is not even imported.

A run's spans have ids that follow from its id and their paths, so that several processes, days apart, make one trace:

    run                      from its start to its end; announced when it starts
    ├── step PATH            one turn of a node; a resumed one links to the run's first span
    │   └── invoke_agent     …attempts, model calls, tools
    ├── review PATH          a person's wait: announced when it begins, sent when it is decided
    └── wait PATH            a back-off or a timer that is stored
"""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from types import TracebackType
from typing import Any, Literal, Protocol, Self

type Kind = Literal["run", "node", "agent", "attempt", "model", "tool", "human", "wait"]


class Span(Protocol):
    """What `span` yields."""

    def set(self, **attributes: Any) -> None:
        """Add attributes; those that are None are left out."""

    def fail(self, error: BaseException | Mapping[str, Any]) -> None:
        """The work of this span failed."""

    def event(self, name: str, /, **attributes: Any) -> None:
        """Something happened now."""


class OpenSpan(Span, Protocol):
    """A span that lasts as long as its `with` block, or until `end`; an exception that leaves the block fails it."""

    def end(self) -> None:
        """The work is over."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None: ...


class NoSpan:
    """What a span is while tracing is off."""

    __slots__ = ()

    def set(self, **attributes: Any) -> None:
        """Nothing."""

    def fail(self, error: BaseException | Mapping[str, Any]) -> None:
        """Nothing."""

    def event(self, name: str, /, **attributes: Any) -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        """Nothing."""


NOTHING = NoSpan()


def enabled() -> bool:
    """Whether ECOA_TRACE says that spans are made."""
    return os.environ.get("ECOA_TRACE", "").strip().lower() in {"true", "1", "yes", "on"} and _installed()


def span(kind: Kind, name: str, /, **attributes: Any) -> OpenSpan:
    """A span of the work in a `with` block; spans that are made in the block are below it.

    `run_id`, `path`, `attempt`, `fence`, `trace_id`, `pipeline`, `agent` and `idempotency_key` place it in its run,
    `resumed` links it to the run's first span; other attributes are kept under `ecoa.`, those with a dot as they are.
    """
    if not enabled():
        return NOTHING
    from ecoa.trace.spans import Attached

    return Attached(kind, name, attributes)


def opened(kind: Kind, name: str, /, **attributes: Any) -> OpenSpan:
    """A span that lasts until its `end`, for generators; spans made meanwhile are beside it, not below."""
    if not enabled():
        return NOTHING
    from ecoa.trace.spans import open_span

    return open_span(kind, name, attributes)


def run_started(run_id: str, pipeline: str, *, trace_id: str, **attributes: Any) -> None:
    """Announce a run, so that it shows while it is going on."""
    if enabled():
        from ecoa.trace.runs import announce_run

        announce_run(run_id, pipeline, trace_id=trace_id, attributes=attributes)


def run_ended(
    run_id: str,
    pipeline: str,
    *,
    trace_id: str,
    status: str,
    error: BaseException | Mapping[str, Any] | None = None,
    **attributes: Any,
) -> None:
    """Send the run's own span: it began when its id (a UUIDv7) was made."""
    if enabled():
        from ecoa.trace.runs import send_run

        send_run(run_id, pipeline, trace_id=trace_id, error=error, attributes={"status": status, **attributes})


def review_asked(run_id: str, path: str, *, review_id: str, trace_id: str, **attributes: Any) -> None:
    """Announce that a run waits for a person."""
    if enabled():
        from ecoa.trace.runs import announce_review

        announce_review(run_id, path, review_id=review_id, trace_id=trace_id, attributes=attributes)


def review_decided(run_id: str, path: str, *, review_id: str, trace_id: str, **attributes: Any) -> None:
    """Send the wait for a person: from the making of the review's id (a UUIDv7) until now."""
    if enabled():
        from ecoa.trace.runs import send_review

        send_review(run_id, path, review_id=review_id, trace_id=trace_id, attributes=attributes)


def waits(run_id: str, path: str, *, trace_id: str, seconds: float, **attributes: Any) -> None:
    """Send a wait that begins now: a back-off, a timer."""
    if enabled():
        from ecoa.trace.runs import send_wait

        send_wait(run_id, path, trace_id=trace_id, seconds=seconds, attributes=attributes)


def current_trace_id() -> str | None:
    """The trace that the caller is in, 32 hex digits; None without one."""
    if not enabled():
        return None
    from ecoa.trace.spans import trace_id_here

    return trace_id_here()


def new_trace_id() -> str:
    """A new trace id, 32 hex digits."""
    return uuid.uuid4().hex


def trace_id() -> str:
    """The caller's trace, else a new one."""
    return current_trace_id() or new_trace_id()


def flush() -> None:
    """Send what has ended; done by itself every second and at exit."""
    if enabled():
        from ecoa.trace.export import flush_all

        flush_all()


@cache
def _installed() -> bool:
    """Whether OpenTelemetry is there. Agents work without it, so its absence is told once and stops nothing."""
    try:
        found = find_spec("opentelemetry.sdk") is not None and find_spec("opentelemetry.exporter.otlp") is not None
    except ModuleNotFoundError:
        found = False
    if not found:
        logging.getLogger("ecoa.trace").warning("ECOA_TRACE is set, but nothing is traced: pip install 'ecoa[trace]'")
    return found
