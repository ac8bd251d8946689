"""OTLP's protobuf messages declared so that reading them is cheap, and the check that every received body passes.

The descriptors are opentelemetry-proto's own with some fields retyped, which the wire allows: a string, a message and
bytes look alike there. Strings become bytes, so that one badly encoded name never fails its batch; attributes, events,
links, status, resource and scope become bytes, so that parsing a batch does not build what may never be read.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

# Left as raw bytes by the descriptors; traces.values and traces.decode read them.
RAW_FIELDS = {
    "Span": {"attributes", "events", "links", "status"},
    "Event": {"attributes"},
    "Link": {"attributes"},
    "Resource": {"attributes", "entity_refs"},
    "InstrumentationScope": {"attributes"},
    "ResourceSpans": {"resource"},
    "ScopeSpans": {"scope"},
    "ResourceLogs": {"resource"},
    "ScopeLogs": {"scope"},
    "LogRecord": {"attributes", "body"},
}
_FILES = (common_pb2, resource_pb2, trace_pb2, logs_pb2)
_Field = descriptor_pb2.FieldDescriptorProto


class Malformed(ValueError):
    """The body is not what its content type says. The message names the place and is fit for the client."""


class TooMany(ValueError):
    """The body holds more of something than the limits allow. The message names the limit."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Spans of a request that were refused, and why."""

    reason: str  # invalid_trace_id, invalid_span_id, malformed_span, malformed_record, too_many_elements
    count: int


class Checked(NamedTuple):
    """A request after its check: what to store, how many spans that holds, what was refused."""

    body: bytes
    spans: int
    rejected: tuple[Rejection, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one request may hold. Every count is checked before the things counted are built."""

    spans: int = 100_000  # spans or log records in a request
    envelopes: int = 10_000  # resource and scope envelopes in a request
    elements: int = 10_000  # attributes, events and links of one span
    all_elements: int = 2_000_000  # the same, of a request
    json_nodes: int = 1_000_000  # objects and lists in a JSON request; its commas may be eight times as many
    depth: int = 30  # nesting of one attribute value: three messages each, of the 100 a reader takes


DEFAULT_LIMITS = Limits()


def scan(body: bytes, limits: Limits = DEFAULT_LIMITS) -> Checked:
    """Check an inflated ExportTraceServiceRequest and drop its invalid spans.

    Raises Malformed when the structure down to the spans cannot be read and TooMany when a count is over its limit.
    Spans with invalid ids, or with more elements than a span may have, are left out of the returned body and counted;
    with none of those the body is returned as it came. Attribute values are not looked into: decode repairs them.
    """
    faults: dict[int, str] = {}
    count = elements = 0
    for span in _spans(body, limits):
        if count >= limits.spans:
            raise TooMany(f"more than {limits.spans} spans in one request")
        if span is None:
            faults[count] = "too_many_elements"
        else:
            held = len(span.attributes) + len(span.events) + len(span.links)
            elements += held
            fault = id_fault(span.trace_id, span.span_id) or (held > limits.elements and "too_many_elements")
            if fault:
                faults[count] = fault
        if elements > limits.all_elements:
            raise TooMany(f"more than {limits.all_elements} attributes, events and links in one request")
        count += 1
    if not faults:
        return Checked(body, count)
    return Checked(without(body, faults), count - len(faults), tallied(faults.values()))


def tallied(reasons: Iterable[str]) -> tuple[Rejection, ...]:
    """Rejections by reason."""
    return tuple(Rejection(*item) for item in Counter(reasons).items())


@cache
def shallow(name: str) -> Any:  # Any: message classes are made at run time and have no stubs
    """The message class of that name whose expensive fields are bytes: Span, Event, Resource, Status, LogRecord …"""
    pool = descriptor_pool.DescriptorPool()
    for module in _FILES:
        pool.Add(_retyped(module.DESCRIPTOR))
    if name == "Request":
        return message_factory.GetMessageClass(pool.FindMessageTypeByName("opentelemetry.proto.trace.v1.TracesData"))
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(_full_name(name)))


def walk(buffer: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield (field number, value start, value end) of each length-delimited field; skip the others."""
    position = start
    while position < end:
        tag, position = varint(buffer, position, end)
        wire_type = tag & 7
        if wire_type == 2:
            length, position = varint(buffer, position, end)
            if position + length > end:
                raise Malformed(f"a field reaches past the end of its message at byte {position}")
            yield tag >> 3, position, position + length
            position += length
        elif wire_type == 0:
            _, position = varint(buffer, position, end)
        elif wire_type == 1:
            position += 8
        elif wire_type == 5:
            position += 4
        else:
            raise Malformed(f"unknown wire type {wire_type} at byte {position}")
        if tag < 8:
            raise Malformed(f"field number 0 at byte {position}")
    if position != end:
        raise Malformed(f"the message ends inside a field at byte {end}")


def varint(buffer: bytes, position: int, end: int) -> tuple[int, int]:
    """A base-128 number and the position after it."""
    value = shift = 0
    while position < end:
        byte = buffer[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
        if shift > 63:
            break
    raise Malformed(f"a number without an end at byte {position}")


def _items(body: bytes, limits: Limits) -> Iterator[tuple[int, int]]:
    """Where each span lies: field 2 of field 2 of field 1."""
    envelopes = 0
    for number, start, end in walk(body, 0, len(body)):
        envelopes += 1
        if number == 1:
            for inner, inner_start, inner_end in walk(body, start, end):
                envelopes += 1
                if inner == 2:
                    for field, item_start, item_end in walk(body, inner_start, inner_end):
                        if field == 2:
                            yield item_start, item_end
                        else:
                            envelopes += 1
        if envelopes > limits.envelopes:
            raise TooMany(f"more than {limits.envelopes} resources and scopes in one request")


def _spans(body: bytes, limits: Limits) -> Iterator[Any]:
    """Each span of the body, parsed; None for one with too many elements to be built."""
    if len(body) <= _SMALL:
        for resource_spans in _parsed(body).resource_spans:
            for scope_spans in resource_spans.scope_spans:
                yield from scope_spans.spans
        return
    span_class = shallow("Span")
    for start, end in _items(body, limits):  # one at a time: two bytes of body can cost a hundred once built
        if end - start > 2 * limits.elements and _over(body, start, end, limits.elements):
            yield None
            continue
        try:
            yield span_class.FromString(memoryview(body)[start:end])
        except DecodeError:
            raise Malformed(f"a span cannot be read at byte {start}") from None


def id_fault(trace_id: bytes, span_id: bytes) -> str:
    """The rejection reason of a span's ids, or "" when both are valid."""
    if len(trace_id) != 16 or trace_id == _NO_TRACE:
        return "invalid_trace_id"
    if len(span_id) != 8 or span_id == _NO_SPAN:
        return "invalid_span_id"
    return ""


_NO_TRACE, _NO_SPAN = bytes(16), bytes(8)
_SMALL = 512 * 1024  # a body that is parsed whole: at worst it builds some 45 MB, for a moment


def _over(body: bytes, start: int, end: int, limit: int) -> bool:
    return any(count > limit for count, _ in enumerate(walk(body, start, end), start=1))


def without(body: bytes, ordinals: Collection[int]) -> bytes:
    """The request without the spans (or log records) of those ordinals; what is kept is copied, not parsed."""
    return _kept(body, 0, len(body), (1, 2, 2), ordinals, itertools.count())


def _kept(
    body: bytes, start: int, end: int, path: tuple[int, ...], ordinals: Collection[int], numbers: Iterator[int]
) -> bytes:
    """One envelope without those spans. Every field that OTLP has down to the spans is length-delimited."""
    kept = bytearray()
    for number, value_start, value_end in walk(body, start, end):
        if number != path[0]:
            value = body[value_start:value_end]
        elif len(path) > 1:
            value = _kept(body, value_start, value_end, path[1:], ordinals, numbers)
        elif next(numbers) in ordinals:
            continue
        else:
            value = body[value_start:value_end]
        kept += _encoded(number << 3 | 2) + _encoded(len(value)) + value
    return bytes(kept)


def _encoded(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def _parsed(body: bytes) -> Any:
    try:
        return shallow("Request").FromString(body)
    except DecodeError:
        raise Malformed("the body is not an ExportTraceServiceRequest") from None


def _full_name(name: str) -> str:
    for module in _FILES:
        for message in module.DESCRIPTOR.message_types_by_name.values():
            if message.name == name:
                return str(message.full_name)
            if name in message.nested_types_by_name:
                return f"{message.full_name}.{name}"
    raise KeyError(name)


def _retyped(descriptor: Any) -> descriptor_pb2.FileDescriptorProto:
    proto = descriptor_pb2.FileDescriptorProto()
    descriptor.CopyToProto(proto)
    for message in proto.message_type:
        _retype(message)
    return proto


def _retype(message: descriptor_pb2.DescriptorProto) -> None:
    raw = RAW_FIELDS.get(message.name, ())
    for field in message.field:
        if field.type == _Field.TYPE_STRING or field.name in raw:
            field.type = _Field.TYPE_BYTES
            field.ClearField("type_name")
        elif field.type == _Field.TYPE_ENUM:  # an unknown number is kept as it is
            field.type = _Field.TYPE_INT32
            field.ClearField("type_name")
    for nested in message.nested_type:
        _retype(nested)
