"""Announcing spans that have not ended: OTLP sends a span when it ends, which for a long one is late.

A marker is a span of no length below the one that it announces, by Logfire's convention: `logfire.span_type` is
pending_span and `logfire.pending_parent_id` the announced span's parent. Short spans end before their marker is due.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

from opentelemetry import trace as otel

DUE_S = 0.25
_NO_PARENT = "0" * 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """A span that is not over."""

    context: otel.SpanContext
    parent_id: int | None
    name: str
    start_ns: int
    attributes: dict[str, Any]
    due: float  # monotonic


class Announcer:
    """Sends a marker for every span that is open for a quarter of a second."""

    def __init__(self, tracer: otel.Tracer) -> None:
        self._tracer = tracer
        self._open: dict[int, Announced] = {}
        self._changed = threading.Condition()
        self._stopped = False
        self._thread: threading.Thread | None = None

    def begin(
        self, context: otel.SpanContext, *, parent_id: int | None, name: str, start_ns: int, attributes: dict[str, Any]
    ) -> None:
        """Announce this span unless it ends soon."""
        told = Announced(
            context=context,
            parent_id=parent_id,
            name=name,
            start_ns=start_ns,
            attributes=attributes,
            due=time.monotonic() + DUE_S,
        )
        with self._changed:
            self._open[context.span_id] = told
            if self._thread is None and not self._stopped:
                self._thread = threading.Thread(target=self._watch, name="ecoa-trace", daemon=True)
                self._thread.start()
            self._changed.notify()

    def end(self, span_id: int) -> None:
        """It is over: no marker any more."""
        with self._changed:
            self._open.pop(span_id, None)

    def announce(self, *, until: float | None = None) -> None:
        """Send the markers that are due by then, or all."""
        with self._changed:
            due = [one for one in self._open.values() if until is None or one.due <= until]
            for one in due:
                del self._open[one.context.span_id]
        for one in due:
            self._send(one)

    def stop(self) -> None:
        """Announce what is still open, and end the thread."""
        self.announce()
        with self._changed:
            self._stopped = True
            self._open.clear()
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        while True:
            with self._changed:
                if self._stopped:
                    return
                if not self._open:
                    self._changed.wait()
                    continue
                wait = min(one.due for one in self._open.values()) - time.monotonic()
                if wait > 0:
                    self._changed.wait(wait)
            self.announce(until=time.monotonic())

    def _send(self, one: Announced) -> None:
        parent = f"{one.parent_id:016x}" if one.parent_id else _NO_PARENT
        marker = self._tracer.start_span(
            one.name,
            context=otel.set_span_in_context(otel.NonRecordingSpan(one.context)),
            start_time=one.start_ns,
            attributes={
                **one.attributes,
                "logfire.span_type": "pending_span",
                "logfire.pending_parent_id": parent,
            },
        )
        marker.end(end_time=one.start_ns)
