"""OTLP requests for the tests of decode and normalise, made with the official classes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Status
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SentSpan

from traces import decode
from traces.decode import RawSpan
from traces.normalise import normalise
from traces.span import Span

TRACE_ID = bytes(range(1, 17))
SPAN_ID = bytes(range(1, 9))
PARENT_ID = bytes(range(11, 19))
START_NS = 1_795_305_600 * 10**9
SECOND_NS = 10**9

ALL_KINDS = {
    "text": "Grüße",
    "flag": True,
    "whole": -(1 << 63),
    "number": 0.5,
    "list": ["a", 1, [2.5, None]],
    "map": {"inner": {"deep": False}},
    "bytes": b"\x00\xff",
    "nothing": None,
}

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=140)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 63) - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def any_value(value: object) -> AnyValue:
    """The AnyValue of a Python value."""
    if isinstance(value, list):
        return AnyValue(array_value=ArrayValue(values=[any_value(item) for item in value]))
    if isinstance(value, dict):
        return AnyValue(kvlist_value=KeyValueList(values=key_values(value)))
    held = AnyValue()
    if value is not None:
        setattr(held, _FIELDS[type(value)], value)
    return held


_FIELDS = {
    bool: "bool_value",
    str: "string_value",
    int: "int_value",
    float: "double_value",
    bytes: "bytes_value",
}


def key_values(attributes: dict[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=key, value=any_value(value)) for key, value in attributes.items()]


def sent(attributes: dict[str, Any] | None = None, /, **fields: Any) -> SentSpan:
    """A span as a client sends it: a second long, with a parent, unless the fields say otherwise."""
    span = SentSpan(
        trace_id=fields.pop("trace_id", TRACE_ID),
        span_id=fields.pop("span_id", SPAN_ID),
        parent_span_id=fields.pop("parent", PARENT_ID),
        name=fields.pop("name", "step"),
        start_time_unix_nano=fields.pop("start", START_NS),
        end_time_unix_nano=fields.pop("end", START_NS + SECOND_NS),
        attributes=key_values(attributes or {}),
    )
    if "status" in fields:
        code, message = fields.pop("status")
        span.status.CopyFrom(Status(code=code, message=message))
    for name, event_attributes in fields.pop("events", ()):
        span.events.add(name=name, time_unix_nano=START_NS, attributes=key_values(event_attributes))
    for name, value in fields.items():
        setattr(span, name, value)
    return span


def request(
    spans: Iterable[SentSpan], *, resource: dict[str, Any] | None = None, scope: str = "tests", scope_version: str = "1"
) -> ExportTraceServiceRequest:
    """One request of one resource and one scope."""
    return ExportTraceServiceRequest(
        resource_spans=[
            ResourceSpans(
                resource=Resource(attributes=key_values(resource or {})),
                scope_spans=[ScopeSpans(scope=InstrumentationScope(name=scope, version=scope_version), spans=spans)],
            )
        ]
    )


def raw(attributes: dict[str, Any] | None = None, /, *, scope: str = "tests", **fields: Any) -> RawSpan:
    """A span as decode gives it."""
    resource = fields.pop("resource", None)
    body = request([sent(attributes, **fields)], resource=resource, scope=scope).SerializeToString()
    [span] = decode.spans(body)
    return span


def normalised(attributes: dict[str, Any] | None = None, /, **fields: Any) -> Span:
    """A span as it is stored."""
    return normalise(raw(attributes, **fields))
