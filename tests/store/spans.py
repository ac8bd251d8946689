"""Spans as exporters send them, in a few words."""

from __future__ import annotations

from dataclasses import dataclass, field

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as WireSpan
from opentelemetry.proto.trace.v1.trace_pb2 import Status as WireStatus

EPOCH_NS = 1_790_000_000_000_000_000  # in the past of any clock that runs these tests
MS = 1_000_000
TRACE = 0xA1

type Attribute = str | int | float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One span on its way to the inbox; times in milliseconds after EPOCH_NS."""

    id: int
    parent: int | None = None
    trace: int = TRACE
    name: str = "step"
    start: int = 0
    end: int | None = 100
    error: bool = False
    attributes: dict[str, Attribute] = field(default_factory=dict)


def agent(id: int, name: str, **rest: object) -> Sent:
    """An agent's span."""
    attributes: dict[str, Attribute] = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": name}
    return Sent(id=id, name=f"invoke_agent {name}", attributes=attributes, **rest)  # type: ignore[arg-type]


def chat(
    id: int,
    *,
    tokens: tuple[int, int] | None = (10, 5),
    response: str | None = None,
    model: str = "m-1",
    **rest: object,
) -> Sent:
    """A model call, with input and output tokens."""
    attributes: dict[str, Attribute] = {"gen_ai.operation.name": "chat", "gen_ai.request.model": model}
    if tokens is not None:
        attributes |= {"gen_ai.usage.input_tokens": tokens[0], "gen_ai.usage.output_tokens": tokens[1]}
    if response is not None:
        attributes["gen_ai.response.id"] = response
    return Sent(id=id, name=f"chat {model}", attributes=attributes, **rest)  # type: ignore[arg-type]


def tool(id: int, name: str = "search", **rest: object) -> Sent:
    """A tool's span."""
    attributes: dict[str, Attribute] = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name}
    return Sent(id=id, name=f"execute_tool {name}", attributes=attributes, **rest)  # type: ignore[arg-type]


def pending(span: Sent) -> Sent:
    """The marker that announces a span at its start, as Logfire and ecoa send it."""
    attributes: dict[str, Attribute] = {**span.attributes, "logfire.span_type": "pending_span"}
    attributes["logfire.pending_parent_id"] = f"{span.parent or 0:016x}"
    return Sent(
        id=span.id + 0x1000,
        parent=span.id,
        trace=span.trace,
        name=span.name,
        start=span.start,
        end=span.start,
        attributes=attributes,
    )


def body(spans: list[Sent], *, service: str = "shop") -> bytes:
    """The request that carries these spans."""
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.append(_key_value("service.name", service))
    resource.scope_spans.add().spans.extend(_wire(span) for span in spans)
    return request.SerializeToString()


def _wire(span: Sent) -> WireSpan:
    return WireSpan(
        trace_id=span.trace.to_bytes(16, "big"),
        span_id=span.id.to_bytes(8, "big"),
        parent_span_id=span.parent.to_bytes(8, "big") if span.parent else b"",
        name=span.name,
        start_time_unix_nano=EPOCH_NS + span.start * MS,
        end_time_unix_nano=EPOCH_NS + span.end * MS if span.end is not None else 0,
        attributes=[_key_value(key, value) for key, value in span.attributes.items()],
        status=WireStatus(code=WireStatus.STATUS_CODE_ERROR, message="it failed") if span.error else None,
    )


def _key_value(key: str, value: Attribute) -> KeyValue:
    if isinstance(value, str):
        return KeyValue(key=key, value=AnyValue(string_value=value))
    if isinstance(value, int):
        return KeyValue(key=key, value=AnyValue(int_value=value))
    return KeyValue(key=key, value=AnyValue(double_value=value))
