"""Spans by hand, for what the SDK cannot be made to send: children long before their parents, hostile texts."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.request import Request, urlopen

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from bench.corpus.pipeline import Value, key_value
from bench.stack import Stack
from tests.platform.running import PATIENCE_S

SECOND_NS = 10**9


@dataclass(kw_only=True)
class Trace:
    """A trace whose spans are sent one by one, in any order. Times are seconds after its start."""

    stack: Stack
    service: str = "order-desk"
    id: bytes = field(default_factory=lambda: os.urandom(16))
    start_ns: int = field(default_factory=lambda: time.time_ns() - 60 * SECOND_NS)

    @property
    def path(self) -> str:
        """Of its page."""
        return f"/p/default/traces/{self.id.hex()}/"

    def send(
        self,
        name: str,
        *,
        parent: bytes = b"",
        id: bytes | None = None,
        at: float = 0,
        seconds: float = 1,
        error: str | None = None,
        attributes: Mapping[str, Value] | None = None,
    ) -> bytes:
        """One ended span, in a request of its own; its id."""
        span = Span(
            trace_id=self.id,
            span_id=id or os.urandom(8),
            parent_span_id=parent,
            name=name,
            kind=Span.SPAN_KIND_INTERNAL,
            start_time_unix_nano=self.start_ns + int(at * SECOND_NS),
            end_time_unix_nano=self.start_ns + int((at + seconds) * SECOND_NS),
            attributes=[key_value(key, value) for key, value in (attributes or {}).items()],
        )
        if error:
            span.status.CopyFrom(Status(code=Status.STATUS_CODE_ERROR, message=error))
            event = span.events.add(name="exception", time_unix_nano=span.end_time_unix_nano)
            told = {
                "exception.type": "ToolError",
                "exception.message": error,
                "exception.stacktrace": f"in run\n{error}",
            }
            event.attributes.extend(key_value(key, value) for key, value in told.items())
        self.send_span(span)
        return span.span_id

    def send_span(self, *spans: Span, resource: Mapping[str, Value] | None = None) -> None:
        """Spans as they are."""
        told = {"service.name": self.service, **(resource or {})}
        whole = ResourceSpans(
            resource=Resource(attributes=[key_value(key, value) for key, value in told.items()]),
            scope_spans=[ScopeSpans(spans=spans)],
        )
        body = ExportTraceServiceRequest(resource_spans=[whole]).SerializeToString()
        headers = {"Authorization": f"Bearer {self.stack.key}", "Content-Type": "application/x-protobuf"}
        with urlopen(Request(f"{self.stack.otlp}/v1/traces", body, headers), timeout=PATIENCE_S) as answer:
            assert answer.read() == b""

    def wait_stored(self, spans: int) -> None:
        """Until the API has so many spans of it."""
        deadline = time.monotonic() + PATIENCE_S
        while sum(row["trace_id"] == self.id.hex() and row["span_count"] >= spans for row in self._listed()) == 0:
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def _listed(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.stack.get("/api/v1/traces", q=f"trace:{self.id.hex()}")["results"]
        return found


def agent(name: str) -> dict[str, Value]:
    """Attributes of an agent's span."""
    return {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": name}


def send_order(stack: Stack, *, name: str = "order 4711", seconds_ago: float = 60) -> Trace:
    """A whole order: two agents, a model call with messages and a tool call, a tool that fails."""
    trace = Trace(stack=stack, start_ns=time.time_ns() - int(seconds_ago * SECOND_NS))
    root = os.urandom(8)
    asked = '[{"role": "user", "parts": [{"type": "text", "content": "Where is my **order**?"}]}]'
    call = '{"type": "tool_call", "id": "call_1", "name": "reserve", "arguments": {"sku": "kettle-9", "count": 2}}'
    told = f'[{{"role": "assistant", "parts": [{call}], "finish_reason": "tool_call"}}]'
    chat: dict[str, Value] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.response.model": "gpt-4o",
        "gen_ai.usage.input_tokens": 700,
        "gen_ai.usage.output_tokens": 30,
        "gen_ai.input.messages": asked,
        "gen_ai.output.messages": told,
        "gen_ai.conversation.id": "conv-1",
    }
    tool: dict[str, Value] = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "reserve"}
    classifier = trace.send("invoke_agent classifier", parent=root, at=0.1, attributes=agent("classifier"))
    trace.send("chat gpt-4o", parent=classifier, at=0.2, seconds=0.7, attributes=chat)
    fulfilment = trace.send(
        "invoke_agent fulfilment", parent=root, at=1.2, attributes=agent("fulfilment"), error="out of stock"
    )
    trace.send("execute_tool reserve", parent=fulfilment, at=1.4, seconds=0.5, attributes=tool, error="out of stock")
    trace.send(name, id=root, seconds=3, attributes={"app.desk": "north"})
    trace.wait_stored(5)
    return trace
