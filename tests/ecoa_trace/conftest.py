"""A collector: what the real exporter sends, as it arrived."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from ecoa import trace
from ecoa.trace import export


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A span as it arrived."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    start_ns: int
    end_ns: int
    failed: bool
    message: str
    attributes: dict[str, Any]
    links: list[tuple[str, str]]
    events: list[str]

    @property
    def pending(self) -> bool:
        return self.attributes.get("logfire.span_type") == "pending_span"


@dataclass(slots=True)
class Collector:
    """What arrived, and with which headers."""

    url: str
    spans: list[Sent] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    services: set[str] = field(default_factory=set)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def named(self, name: str) -> Sent:
        """The span with this name, when it arrives; markers are left out."""
        trace.flush()
        return self.awaited(lambda span: span.name == name and not span.pending)

    def awaited(self, wanted: Callable[[Sent], bool]) -> Sent:
        """The first span that is wanted, when it arrives."""
        with self.changed:
            assert self.changed.wait_for(lambda: any(wanted(span) for span in self.spans), timeout=30)
            return next(span for span in self.spans if wanted(span))

    def take(self, body: bytes, headers: dict[str, str]) -> None:
        """Add a request."""
        request = ExportTraceServiceRequest.FromString(body)
        with self.changed:
            self.headers.append(headers)
            self.bodies.append(body)
            for resource in request.resource_spans:
                told = {one.key: one.value.string_value for one in resource.resource.attributes}
                self.services.add(told["service.name"])
                for scope in resource.scope_spans:
                    self.spans.extend(_sent(span) for span in scope.spans)
            self.changed.notify_all()


def _sent(span: Any) -> Sent:  # Any: protobuf has no stubs
    return Sent(
        name=span.name,
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        failed=span.status.code == 2,
        message=span.status.message,
        attributes={one.key: _value(one.value) for one in span.attributes},
        links=[(link.trace_id.hex(), link.span_id.hex()) for link in span.links],
        events=[event.name for event in span.events],
    )


def _value(value: Any) -> Any:
    held = value.WhichOneof("value")
    if held == "array_value":
        return [_value(one) for one in value.array_value.values]
    return getattr(value, held)


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """Tracing is on, and goes here."""
    made = Collector("")

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            packed = self.headers.get("Content-Encoding") == "gzip"
            headers = {name.lower(): value for name, value in self.headers.items()}
            made.take(gzip.decompress(body) if packed else body, {**headers, "path": self.path})
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("ECOA_TRACE", "true")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", made.url)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
    export.shut_down()
    yield made
    export.shut_down()
    server.shutdown()
    thread.join()
    server.server_close()
