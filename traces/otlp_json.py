"""OTLP's JSON encoding to protobuf, by tables, without building messages.

Ids are hex in any case, 64-bit numbers are strings or numbers, enums are numbers or names, keys are lowerCamelCase or
snake_case, null is absence, unknown fields are ignored, of a repeated key the last counts. What is wrong above the
spans fails the request; what is wrong in a span refuses that span; a wrong attribute value is kept as its text.
"""

from __future__ import annotations

import json

import orjson
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

from traces.json_fields import (
    Encoder,
    Json,
    Table,
    Wrong,
    enum,
    fixed,
    hex_id,
    last_id,
    list_of,
    message,
    nested,
    snake,
    string,
    table,
    tagged,
    unsigned,
)
from traces.json_values import any_value, attributes
from traces.wire import DEFAULT_LIMITS, Checked, Limits, Malformed, TooMany, id_fault, tallied

_REPAIRED = 8 * 1024 * 1024


def to_protobuf(body: bytes, limits: Limits = DEFAULT_LIMITS) -> Checked:
    """The ExportTraceServiceRequest of a JSON body, without its invalid spans.

    Raises Malformed, whose text names the place (`resourceSpans[0].scopeSpans: must be a list`), and TooMany.
    What it returns needs no further scan.
    """
    return _Conversion(limits, "Spans", _SPAN).request(body)


def logs_to_protobuf(body: bytes, limits: Limits = DEFAULT_LIMITS) -> Checked:
    """The ExportLogsServiceRequest of a JSON body; its log records are counted as spans are."""
    return _Conversion(limits, "Logs", _LOG_RECORD).request(body)


def parsed(body: bytes, limits: Limits = DEFAULT_LIMITS) -> Json:
    """The JSON of a body: UTF-8 repaired, lone surrogates left in place, size of the result bounded."""
    if body.count(b"{") + body.count(b"[") > limits.json_nodes or body.count(b",") > 8 * limits.json_nodes:
        raise TooMany(f"more than {limits.json_nodes} objects and lists in one JSON request")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if len(body) > _REPAIRED:  # as text it may take four times its size, twice
            raise Malformed(f"not JSON: {error}") from None
    try:  # lone surrogates, a byte order mark, NaN and bad UTF-8 are what orjson refuses
        return json.loads(body.decode("utf-8-sig", "replace"))
    except json.JSONDecodeError as error:
        raise Malformed(f"not JSON: {error}") from None
    except RecursionError:
        raise Malformed("JSON nested too deep") from None
    except ValueError as error:  # an integer of more than 4,300 digits
        raise Malformed(f"not JSON: {error}") from None


class _Conversion:
    """One request on its way: resources, scopes, then the records (spans or log records) that may be refused."""

    def __init__(self, limits: Limits, signal: str, record: Table) -> None:
        self.limits = limits
        self.record = record
        self.signal = signal
        self.malformed = "malformed_span" if signal == "Spans" else "malformed_record"
        self.seen = 0
        self.refused: list[str] = []

    def request(self, body: bytes) -> Checked:
        try:
            encoded = self._envelope(parsed(body, self.limits), f"resource{self.signal}", self._resource)
        except Wrong as error:
            raise Malformed(str(error)) from None
        return Checked(encoded, self.seen - len(self.refused), tallied(self.refused))

    def _envelope(self, value: Json, members: str, member: Encoder, others: Table | None = None) -> bytes:
        """A message whose field `members` is a list of envelopes or records."""
        fields = {members: list_of(member), snake(members): list_of(member), **(others or {})}
        return message(value, fields)

    def _resource(self, value: Json) -> bytes:
        return tagged(1, self._envelope(value, f"scope{self.signal}", self._scope, _RESOURCE_ENVELOPE))

    def _scope(self, value: Json) -> bytes:
        members = "spans" if self.signal == "Spans" else "logRecords"
        return tagged(2, self._envelope(value, members, self._record, _SCOPE_ENVELOPE))

    def _record(self, value: Json) -> bytes:
        if value is None:
            return b""
        self.seen += 1
        if self.seen > self.limits.spans:
            raise TooMany(f"more than {self.limits.spans} {self.signal.lower()} in one request")
        fault = self._fault(value)
        if not fault:
            try:
                return tagged(2, message(value, self.record))
            except Wrong:
                fault = self.malformed
        self.refused.append(fault)
        return b""

    def _fault(self, record: Json) -> str:
        if type(record) is not dict:
            return self.malformed
        if sum(len(record[name]) for name in _ELEMENTS if type(record.get(name)) is list) > self.limits.elements:
            return "too_many_elements"
        if self.signal == "Logs":
            return ""
        return id_fault(last_id(record, "traceId", "trace_id"), last_id(record, "spanId", "span_id"))


_ELEMENTS = ("attributes", "events", "links")


# --- the tables


_DROPPED = "droppedAttributesCount"
_RESOURCE = table(
    {
        "attributes": attributes(1),
        _DROPPED: unsigned(2),
        "entityRefs": list_of(
            nested(
                3,
                table(
                    {
                        "schemaUrl": string(1),
                        "type": string(2),
                        "idKeys": list_of(string(3)),
                        "descriptionKeys": list_of(string(4)),
                    }
                ),
            )
        ),
    }
)
_SCOPE = table({"name": string(1), "version": string(2), "attributes": attributes(3), _DROPPED: unsigned(4)})
_RESOURCE_ENVELOPE = table({"resource": nested(1, _RESOURCE), "schemaUrl": string(3)})
_SCOPE_ENVELOPE = table({"scope": nested(1, _SCOPE), "schemaUrl": string(3)})
_EVENT = table(
    {"timeUnixNano": fixed(1, "<Q", 64), "name": string(2), "attributes": attributes(3), _DROPPED: unsigned(4)}
)
_LINK = table(
    {
        "traceId": hex_id(1),
        "spanId": hex_id(2),
        "traceState": string(3),
        "attributes": attributes(4),
        _DROPPED: unsigned(5),
        "flags": fixed(6, "<I", 32),
    }
)
_STATUS = table({"message": string(2), "code": enum(3, dict(trace_pb2.Status.StatusCode.items()))})
_SPAN = table(
    {
        "traceId": hex_id(1),
        "spanId": hex_id(2),
        "traceState": string(3),
        "parentSpanId": hex_id(4),
        "name": string(5),
        "kind": enum(6, dict(trace_pb2.Span.SpanKind.items())),
        "startTimeUnixNano": fixed(7, "<Q", 64),
        "endTimeUnixNano": fixed(8, "<Q", 64),
        "attributes": attributes(9),
        _DROPPED: unsigned(10),
        "events": list_of(nested(11, _EVENT)),
        "droppedEventsCount": unsigned(12),
        "links": list_of(nested(13, _LINK)),
        "droppedLinksCount": unsigned(14),
        "status": nested(15, _STATUS),
        "flags": fixed(16, "<I", 32),
    }
)


def _body(value: Json) -> bytes:
    return tagged(5, any_value(value, 0))


_LOG_RECORD = table(
    {
        "timeUnixNano": fixed(1, "<Q", 64),
        "severityNumber": enum(2, dict(logs_pb2.SeverityNumber.items())),
        "severityText": string(3),
        "body": _body,
        "attributes": attributes(6),
        _DROPPED: unsigned(7),
        "flags": fixed(8, "<I", 32),
        "traceId": hex_id(9),
        "spanId": hex_id(10),
        "observedTimeUnixNano": fixed(11, "<Q", 64),
        "eventName": string(12),
    }
)
