"""Spans through OpenTelemetry: where each goes, what it inherits, how it ends."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, Self

from opentelemetry import context as otel_context
from opentelemetry import trace as otel
from opentelemetry.trace import Link, SpanContext, SpanKind, StatusCode, TraceFlags

from ecoa import clock
from ecoa.errors import EcoaError
from ecoa.trace import ids, names
from ecoa.trace.export import FORCED, export

_HERE: ContextVar[Mapping[str, Any]] = ContextVar("ecoa_trace_here", default={})  # noqa: B039  # never changed in place
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_STEERS = frozenset({"StoredWait", "GeneratorExit"})  # exceptions that report nothing
_WAITS = frozenset({"NeedsReview"})
_ALONE = frozenset({"run", "node"})  # of a run: below what the run says, whatever the task that works on it is in


class OtelSpan:
    """A span that has begun."""

    def __init__(self, span: otel.Span) -> None:
        self._span = span
        self._ended = False

    @property
    def context(self) -> SpanContext:
        """Its ids."""
        return self._span.get_span_context()

    def set(self, **attributes: Any) -> None:
        """Add attributes; those that are None are left out."""
        self._span.set_attributes(names.attributes(attributes))

    def event(self, name: str, /, **attributes: Any) -> None:
        """Something happened now."""
        self._span.add_event(name, names.attributes(attributes), timestamp=clock.now_ns())

    def fail(self, error: BaseException | Mapping[str, Any]) -> None:
        """The work of this span failed; a wait, a call for review and a cancellation are no failures."""
        if isinstance(error, Mapping):
            self._told(str(error.get("type") or "error"), str(error.get("message") or ""))
            return
        kind = type(error).__name__
        if kind in _STEERS:
            self.set(ended_by=str(error) or kind)
        elif kind in _WAITS or kind == "CancelledError":
            self._span.set_attribute("error.type", kind)  # ECOA reads these two as waiting and cancelled
        elif isinstance(error, EcoaError):
            self._failed(getattr(error, "type", kind), error.message)
        else:
            self._span.record_exception(error)
            self._failed(kind, str(error))

    def end(self) -> None:
        """The work is over."""
        self._end(None)

    def _end(self, at_ns: int | None) -> None:
        if self._ended:
            return
        self._ended = True
        announcer = export().announcer
        if announcer is not None:
            announcer.end(self.context.span_id)
        self._span.end(end_time=at_ns or clock.now_ns())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if error is not None:
            self.fail(error)
        self.end()

    def _told(self, kind: str, message: str) -> None:
        """A failure in its stored form."""
        if kind == "Cancelled":
            self._span.set_attribute("error.type", "CancelledError")
        else:
            self._failed(kind, message)

    def _failed(self, kind: str, message: str) -> None:
        self._span.set_attribute("error.type", kind)
        self._span.set_status(StatusCode.ERROR, message[:2_000] or kind)


class Attached:
    """A span whose block is the parent of what is made in it."""

    def __init__(self, kind: str, name: str, attributes: Mapping[str, Any]) -> None:
        self._what = kind, name, attributes
        self._span: OtelSpan | None = None
        self._tokens: tuple[Token[Any], Token[Any]] | None = None

    def __enter__(self) -> Self:
        kind, name, attributes = self._what
        self._span, inherited = _begin(kind, name, attributes)
        parent = otel.set_span_in_context(self._span._span)
        self._tokens = otel_context.attach(parent), _HERE.set(inherited)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._tokens is not None:
            otel_context.detach(self._tokens[0])
            _HERE.reset(self._tokens[1])
            self._tokens = None
        self._begun.__exit__(kind, error, tb)

    @property
    def _begun(self) -> OtelSpan:
        if self._span is None:
            raise RuntimeError("a span begins with its with block")
        return self._span

    def set(self, **attributes: Any) -> None:
        """Add attributes; those that are None are left out."""
        self._begun.set(**attributes)

    def event(self, name: str, /, **attributes: Any) -> None:
        """Something happened now."""
        self._begun.event(name, **attributes)

    def fail(self, error: BaseException | Mapping[str, Any]) -> None:
        """The work of this span failed."""
        self._begun.fail(error)

    def end(self) -> None:
        """The work is over."""
        self._begun.end()


def open_span(kind: str, name: str, attributes: Mapping[str, Any]) -> OtelSpan:
    """A span that is nobody's parent."""
    return _begin(kind, name, attributes)[0]


def trace_id_here() -> str | None:
    """The trace that the caller is in."""
    current = otel.get_current_span().get_span_context()
    return f"{current.trace_id:032x}" if current.is_valid else None


def start(
    kind: str,
    name: str,
    told: Mapping[str, Any],
    *,
    parent: SpanContext | None,
    trace_id: int | None = None,
    span_id: int | None = None,
    start_ns: int | None = None,
    links: tuple[Link, ...] = (),
) -> otel.Span:
    """An SDK span below this parent, with these ids."""
    context = otel.set_span_in_context(otel.NonRecordingSpan(parent or otel.INVALID_SPAN_CONTEXT))
    token = FORCED.set((trace_id, span_id))
    try:
        return export().tracer.start_span(
            names.span_name(kind, name),
            context=context,
            kind=SpanKind.CLIENT if kind == "model" else SpanKind.INTERNAL,
            attributes=told,
            links=links,
            start_time=start_ns,
        )
    finally:
        FORCED.reset(token)


def remote(trace_id: str, span_id: int) -> SpanContext:
    """The context of a span that another process may have made."""
    return SpanContext(ids.trace_int(trace_id), span_id, is_remote=True, trace_flags=_SAMPLED)


def _begin(kind: str, name: str, given: Mapping[str, Any]) -> tuple[OtelSpan, Mapping[str, Any]]:
    """A span in its place, and what those below it inherit."""
    alone = kind in _ALONE and "run_id" in given
    around = {} if alone else _HERE.get()
    told = {**around, **names.of_kind(kind, name), **names.attributes(given)}
    parent, trace_id, span_id = _place(kind, given, alone=alone)
    start_ns = clock.now_ns()
    run_id = given.get("run_id")
    links: tuple[Link, ...] = ()
    if given.get("resumed") and run_id and given.get("trace_id"):
        links = (Link(remote(given["trace_id"], ids.run_span(run_id)), {"ecoa.link": "resumed"}),)
    span = start(kind, name, told, parent=parent, trace_id=trace_id, span_id=span_id, start_ns=start_ns, links=links)
    announcer = export().announcer
    if announcer is not None and span.is_recording():
        announcer.begin(
            span.get_span_context(),
            parent_id=parent.span_id if parent is not None else None,
            name=names.span_name(kind, name),
            start_ns=start_ns,
            attributes=told,
        )
    return OtelSpan(span), {key: value for key, value in told.items() if key in names.INHERITED}


def _place(kind: str, given: Mapping[str, Any], *, alone: bool) -> tuple[SpanContext | None, int | None, int | None]:
    """The parent, and the ids that are wanted.

    A span is below the current one of its trace. Without one it is below its run; outside of runs it is the first span
    of its trace.
    """
    current = otel.INVALID_SPAN_CONTEXT if alone else otel.get_current_span().get_span_context()
    trace_id, run_id = given.get("trace_id"), given.get("run_id")
    wanted = None if trace_id is None else ids.trace_int(trace_id)
    span_id = None
    if run_id is not None and kind == "run":
        span_id = ids.run_span(run_id)
    elif run_id is not None and kind == "node":
        span_id = ids.node_span(run_id, given.get("path") or "", given.get("fence") or given.get("attempt") or 1)
    if current.is_valid and wanted in (None, current.trace_id):
        return current, None, span_id
    if run_id is not None and trace_id is not None and kind != "run":
        return remote(trace_id, ids.run_span(run_id)), None, span_id
    return None, wanted, span_id
