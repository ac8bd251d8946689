"""Log records as exporters send them, in a few words."""

from __future__ import annotations

from dataclasses import dataclass, field

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from tests.store.spans import EPOCH_NS, MS, TRACE, Attribute

type Body = str | dict[str, Attribute] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """One log record on its way to the inbox; at in milliseconds after EPOCH_NS."""

    event: str
    span: int | None = None
    trace: int | None = TRACE
    at: int = 50
    body: Body = None
    attributes: dict[str, Attribute] = field(default_factory=dict)


def details(span: int, *, tokens: tuple[int, int] = (30, 9), **rest: object) -> Logged:
    """OpenTelemetry's record of a whole model call."""
    attributes: dict[str, Attribute] = {
        "gen_ai.usage.input_tokens": tokens[0],
        "gen_ai.usage.output_tokens": tokens[1],
        "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"Where is my order?"}]}]',
    }
    event = "gen_ai.client.inference.operation.details"
    return Logged(event=event, span=span, attributes=attributes, **rest)  # type: ignore[arg-type]


def body(records: list[Logged], *, scope: str = "shop.logs") -> bytes:
    """The request that carries these records."""
    request = ExportLogsServiceRequest()
    envelope = request.resource_logs.add().scope_logs.add()
    envelope.scope.name = scope
    envelope.log_records.extend(_wire(record) for record in records)
    return request.SerializeToString()


def _wire(record: Logged) -> LogRecord:
    return LogRecord(
        time_unix_nano=EPOCH_NS + record.at * MS,
        event_name=record.event,
        trace_id=b"" if record.trace is None else record.trace.to_bytes(16, "big"),
        span_id=b"" if record.span is None else record.span.to_bytes(8, "big"),
        attributes=[KeyValue(key=key, value=_value(value)) for key, value in record.attributes.items()],
        body=_body(record.body),
    )


def _body(body: Body) -> AnyValue | None:
    if isinstance(body, dict):
        members = [KeyValue(key=key, value=_value(value)) for key, value in body.items()]
        return AnyValue(kvlist_value=KeyValueList(values=members))
    return None if body is None else AnyValue(string_value=body)


def _value(value: Attribute) -> AnyValue:
    if isinstance(value, str):
        return AnyValue(string_value=value)
    return AnyValue(int_value=value) if isinstance(value, int) else AnyValue(double_value=value)
