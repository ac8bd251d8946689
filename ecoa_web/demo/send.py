"""Steps as spans of the OpenTelemetry SDK: whole ones with times in the past, live ones as time passes."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, set_span_in_context

from ecoa_web.demo.step import Step

VERSION = "2.4.0"


class Sender:
    """One SDK, several services. Where to and with which key stands in the environment, as for any agent."""

    def __init__(self, services: Iterable[str]) -> None:
        self._processor = BatchSpanProcessor(
            OTLPSpanExporter(), max_queue_size=50_000, schedule_delay_millis=300, max_export_batch_size=500
        )
        self._tracers = {service: self._tracer(service) for service in services}

    def send(self, step: Step, *, start_ns: int, parent: Context | None = None) -> None:
        """A whole trace, over already."""
        span = self.open(step, start_ns=start_ns, parent=parent)
        inside = set_span_in_context(span)
        for child in step.children:
            self.send(child, start_ns=start_ns + child.offset_ns, parent=inside)
        close(span, step, end_ns=start_ns + step.duration_ns)

    def open(self, step: Step, *, start_ns: int, parent: Context | None) -> Span:
        """Start a step's span."""
        return self._tracers[step.service].start_span(
            step.name,
            context=parent if parent is not None else Context(),
            kind=SpanKind.CLIENT if step.outgoing else SpanKind.INTERNAL,
            attributes=step.attributes,
            start_time=start_ns,
        )

    def flush(self) -> None:
        """Wait until what has ended is with the receiver."""
        self._processor.force_flush()

    def close(self) -> None:
        self._processor.shutdown()  # type: ignore[no-untyped-call]

    def _tracer(self, service: str) -> Tracer:
        resource = Resource.create(
            {"service.name": service, "service.version": VERSION, "deployment.environment.name": "example"}
        )
        provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        provider.add_span_processor(self._processor)
        return provider.get_tracer("ecoa.example.shop", VERSION)


def close(span: Span, step: Step, *, end_ns: int) -> None:
    """End a step's span with what it found out."""
    span.set_attributes(step.results)
    if step.failure:
        exception = {
            "exception.type": step.failure.kind,
            "exception.message": step.failure.message,
            "exception.stacktrace": step.failure.stack,
        }
        span.add_event("exception", exception, timestamp=end_ns)
        span.set_attribute("error.type", step.failure.kind)
        span.set_status(StatusCode.ERROR, step.failure.message)
    span.end(end_time=end_ns)


@dataclass
class Stage:
    """Live traces, side by side: what starts or ends next waits in a heap."""

    sender: Sender
    due: list[tuple[int, int, Callable[[], None]]] = field(default_factory=list)
    order: itertools.count[int] = field(default_factory=itertools.count)

    def begin(self, step: Step, *, start_ns: int, parent: Context | None = None) -> None:
        """Start a step now; its children and its end are put into the heap."""
        span = self.sender.open(step, start_ns=start_ns, parent=parent)
        inside = set_span_in_context(span)
        for child in step.children:
            at = start_ns + child.offset_ns
            self.at(at, lambda child=child, at=at: self.begin(child, start_ns=at, parent=inside))  # type: ignore[misc]
        end = start_ns + step.duration_ns
        self.at(end, lambda: close(span, step, end_ns=end))

    def at(self, when_ns: int, action: Callable[[], None]) -> None:
        heapq.heappush(self.due, (when_ns, next(self.order), action))

    def play(self, stop: threading.Event) -> None:
        """Do what is due when it is due, until told to stop."""
        while self.due:
            when, _, action = self.due[0]
            if stop.wait(max(0.0, (when - time.time_ns()) / 1e9)):
                return
            heapq.heappop(self.due)
            action()
