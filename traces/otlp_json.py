"""OTLP's JSON encoding to protobuf, by tables, without building messages.

Ids are hex in any case, 64-bit numbers are strings or numbers, enums are numbers or names, keys are lowerCamelCase or
snake_case, null is absence, unknown fields are ignored, of a repeated key the last counts. What is wrong above the
spans fails the request; what is wrong in a span refuses that span; a wrong attribute value is kept as its text.
"""

from __future__ import annotations

import binascii
import json
import re
import struct
from base64 import b64decode
from collections.abc import Callable
from typing import Any

import orjson
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

from traces.wire import DEFAULT_LIMITS, Checked, Limits, Malformed, TooMany, id_fault, tallied

type Json = Any  # Any: whatever the client sent
type Encoder = Callable[[Json], bytes]
type Table = dict[str, Encoder]


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
    except orjson.JSONDecodeError:
        pass
    try:  # lone surrogates, a byte order mark, NaN and bad UTF-8 are what orjson refuses
        return json.loads(body.decode("utf-8-sig", "replace"))
    except json.JSONDecodeError as error:
        raise Malformed(f"not JSON: {error}") from None
    except RecursionError:
        raise Malformed("JSON nested too deep") from None
    except ValueError as error:  # an integer of more than 4,300 digits
        raise Malformed(f"not JSON: {error}") from None


class _Wrong(Exception):
    """A value that its field cannot take; the path to it grows on the way up."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why
        self.path = ""

    def under(self, name: str | int) -> _Wrong:
        step = f"[{name}]" if isinstance(name, int) else f".{name}"
        self.path = step + self.path
        return self

    def __str__(self) -> str:
        return f"{self.path.lstrip('.')}: {self.why}" if self.path else self.why


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
        except _Wrong as error:
            raise Malformed(str(error)) from None
        return Checked(encoded, self.seen - len(self.refused), tallied(self.refused))

    def _envelope(self, value: Json, members: str, member: Encoder, others: Table | None = None) -> bytes:
        """A message whose field `members` is a list of envelopes or records."""
        fields = {members: _list_of(member), _snake(members): _list_of(member), **(others or {})}
        return _message(value, fields)

    def _resource(self, value: Json) -> bytes:
        return _tagged(1, self._envelope(value, f"scope{self.signal}", self._scope, _RESOURCE_ENVELOPE))

    def _scope(self, value: Json) -> bytes:
        members = "spans" if self.signal == "Spans" else "logRecords"
        return _tagged(2, self._envelope(value, members, self._record, _SCOPE_ENVELOPE))

    def _record(self, value: Json) -> bytes:
        if value is None:
            return b""
        self.seen += 1
        if self.seen > self.limits.spans:
            raise TooMany(f"more than {self.limits.spans} {self.signal.lower()} in one request")
        fault = self._fault(value)
        if not fault:
            try:
                return _tagged(2, _message(value, self.record))
            except _Wrong:
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
        return id_fault(_span_id(record, "traceId", "trace_id"), _span_id(record, "spanId", "span_id"))


_ELEMENTS = ("attributes", "events", "links")


def _message(value: Json, table: Table) -> bytes:
    if type(value) is not dict:
        raise _Wrong("must be an object")
    parts = []
    for name, item in value.items():
        if item is not None and (encoder := table.get(name)) is not None:
            try:
                parts.append(encoder(item))
            except _Wrong as error:
                raise error.under(name) from None
    return b"".join(parts)


def _list_of(encoder: Encoder) -> Encoder:
    def encode(value: Json) -> bytes:
        if type(value) is not list:
            raise _Wrong("must be a list")
        parts = []
        for index, item in enumerate(value):
            if item is not None:
                try:
                    parts.append(encoder(item))
                except _Wrong as error:
                    raise error.under(index) from None
        return b"".join(parts)

    return encode


def _varint(number: int) -> bytes:
    if number < 0x80:
        return _ONE_BYTE[number]
    if number < 0x4000:
        return bytes((number & 0x7F | 0x80, number >> 7))
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


_ONE_BYTE = tuple(bytes((number,)) for number in range(0x80))


def _tagged(number: int, content: bytes) -> bytes:
    """A field with a length; its number is below 16."""
    return _ONE_BYTE[number << 3 | 2] + _varint(len(content)) + content


def _utf8(value: str) -> bytes:
    try:
        return value.encode()
    except UnicodeEncodeError:  # a lone surrogate; a pair split over two escapes is joined
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


# --- scalar fields: each of these makes the encoder of one field


def _string(number: int) -> Encoder:
    def encode(value: Json) -> bytes:
        if type(value) is not str:
            raise _Wrong("must be a string")
        return _tagged(number, _utf8(value))

    return encode


def _hex(number: int) -> Encoder:
    def encode(value: Json) -> bytes:
        return _tagged(number, _id(value))

    return encode


def _id(value: Json) -> bytes:
    """The bytes of a hex id. What is no hex becomes one byte, a length that no id has, and is seen as invalid."""
    if type(value) is not str:
        raise _Wrong("must be a string of hex digits")
    if not value:
        return b""
    try:
        found = bytes.fromhex(value)
    except ValueError:
        return b"\0"
    return found if 2 * len(found) == len(value) else b"\0"  # fromhex skips spaces


def _span_id(span: dict[str, Json], camel: str, snake: str) -> bytes:
    """The id as encoding will leave it: of both spellings the later one."""
    found = b""
    for name, value in span.items():
        if name in (camel, snake) and value is not None:
            try:
                found = _id(value)
            except _Wrong:
                return b""
    return found


def _integer(value: Json) -> int:
    if type(value) is int:
        return value
    if type(value) is str:
        try:
            return int(value)
        except ValueError:
            raise _Wrong("must be an integer") from None
    if type(value) is float and value.is_integer():
        return int(value)
    raise _Wrong("must be an integer")


def _unsigned(number: int, bits: int = 32) -> Encoder:
    def encode(value: Json) -> bytes:
        found = _integer(value)
        if not 0 <= found < 1 << bits:
            raise _Wrong(f"must be an unsigned {bits}-bit integer")
        return _varint(number << 3) + _varint(found)

    return encode


def _fixed(number: int, layout: str, bits: int) -> Encoder:
    pack = struct.Struct(layout).pack
    tag = _varint(number << 3 | (1 if bits == 64 else 5))

    def encode(value: Json) -> bytes:
        found = _integer(value)
        if not 0 <= found < 1 << bits:
            raise _Wrong(f"must be an unsigned {bits}-bit integer")
        return tag + pack(found)

    return encode


def _enum(number: int, numbers: dict[str, int]) -> Encoder:
    tag = _varint(number << 3)

    def encode(value: Json) -> bytes:
        found = numbers.get(value) if type(value) is str else None
        if found is None:
            found = _integer(value)
        if not -(1 << 31) <= found < 1 << 31:
            raise _Wrong("must be a number of the enumeration")
        return tag + _varint(found & _ALL_ONES)

    return encode


def _nested(number: int, table: Table) -> Encoder:
    def encode(value: Json) -> bytes:
        return _tagged(number, _message(value, table))

    return encode


# --- attribute values


_ALL_ONES = 0xFFFF_FFFF_FFFF_FFFF
_DOUBLE = struct.Struct("<d").pack
_MAX_DEPTH = DEFAULT_LIMITS.depth
_TOO_DEEP = b"\x0a\x11[nested too deep]"


def _attribute(tag: bytes) -> Encoder:
    """A KeyValue as the element of a list with that tag."""

    def encode(value: Json) -> bytes:
        content = _key_value(value, 0)
        return tag + _varint(len(content)) + content

    return encode


def _key_value(value: Json, depth: int) -> bytes:
    if type(value) is not dict:
        raise _Wrong("must be an object with key and value")
    key = value.get("key")
    if type(key) is not str and key is not None:
        raise _Wrong("must be a string").under("key")
    encoded_key = _keys.get(key) or _encoded_key(key)
    held = value.get("value")
    if held is None:
        return encoded_key
    content = _any_value(held, depth)
    return encoded_key + b"\x12" + _varint(len(content)) + content


_keys: dict[str | None, bytes] = {}  # encoded keys; starts again when full


def _encoded_key(key: str | None) -> bytes:
    encoded = _tagged(1, _utf8(key)) if key else b"\x0a\x00"
    if len(encoded) <= 128:
        if len(_keys) >= 8_192:
            _keys.clear()
        _keys[key] = encoded
    return encoded


def _any_value(value: Json, depth: int) -> bytes:
    if type(value) is not dict:
        return _as_text(value)
    found = b""
    for name, item in value.items():
        if item is None:
            continue
        if name in ("stringValue", "string_value") and type(item) is str:
            raw = _utf8(item)
            found = b"\x0a" + _varint(len(raw)) + raw
        elif (encoder := _VALUES.get(name)) is not None:
            found = encoder(item, depth)
    return found


def _as_text(value: Json) -> bytes:
    """What is no value of its type is kept as its JSON text."""
    if type(value) is str:
        return _tagged(1, _utf8(value))
    try:
        return _tagged(1, _utf8(json.dumps(value, ensure_ascii=False)))
    except RecursionError:
        return _TOO_DEEP


def _bool_value(value: Json, depth: int) -> bytes:
    if type(value) is bool or value in ("true", "false"):
        return b"\x10\x01" if value in (True, "true") else b"\x10\x00"
    return _as_text(value)


def _int_value(value: Json, depth: int) -> bytes:
    try:
        number = _integer(value)
    except _Wrong:
        return _as_text(value)
    if not -(1 << 63) <= number < 1 << 63:
        return _as_text(str(number))
    return b"\x18" + _varint(number & _ALL_ONES)


def _double_value(value: Json, depth: int) -> bytes:
    if type(value) is bool:
        return _as_text(value)
    try:
        number = float(value)  # takes "NaN" and "Infinity" as protobuf writes them
    except (ValueError, TypeError, OverflowError):
        return _as_text(value)
    return b"\x21" + _DOUBLE(number)


def _bytes_value(value: Json, depth: int) -> bytes:
    if type(value) is not str:
        return _as_text(value)
    try:
        padded = value.replace("-", "+").replace("_", "/") + "=" * (-len(value) % 4)
        return _tagged(7, b64decode(padded, validate=True))
    except (binascii.Error, ValueError):
        return _as_text(value)


def _array_value(value: Json, depth: int) -> bytes:
    return _members(value, 5, depth, _any_value)


def _kvlist_value(value: Json, depth: int) -> bytes:
    return _members(value, 6, depth, _key_value)


def _members(value: Json, number: int, depth: int, member: Callable[[Json, int], bytes]) -> bytes:
    if depth >= _MAX_DEPTH:
        return _TOO_DEEP
    items = value.get("values") if type(value) is dict else value
    if items is None:
        items = []
    if type(items) is not list:
        return _as_text(value)
    encoded = (member(item, depth + 1) if item is not None else b"" for item in items)
    return _tagged(number, b"".join(_tagged(1, item) for item in encoded))


def _strindex(value: Json, depth: int) -> bytes:
    return b""  # of the profiles signal only


_VALUES: dict[str, Callable[[Json, int], bytes]] = {
    "stringValue": lambda value, depth: _as_text(value),
    "boolValue": _bool_value,
    "intValue": _int_value,
    "doubleValue": _double_value,
    "arrayValue": _array_value,
    "kvlistValue": _kvlist_value,
    "bytesValue": _bytes_value,
    "stringValueStrindex": _strindex,
}


# --- the tables


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda letter: "_" + letter.group().lower(), name)


def _table(fields: Table) -> Table:
    return {**{_snake(name): encoder for name, encoder in fields.items()}, **fields}


_VALUES |= {_snake(name): encoder for name, encoder in _VALUES.items()}


def _attributes(number: int) -> Encoder:
    return _list_of(_attribute(_varint(number << 3 | 2)))


_DROPPED = "droppedAttributesCount"
_RESOURCE = _table(
    {
        "attributes": _attributes(1),
        _DROPPED: _unsigned(2),
        "entityRefs": _list_of(
            _nested(
                3,
                _table(
                    {
                        "schemaUrl": _string(1),
                        "type": _string(2),
                        "idKeys": _list_of(_string(3)),
                        "descriptionKeys": _list_of(_string(4)),
                    }
                ),
            )
        ),
    }
)
_SCOPE = _table({"name": _string(1), "version": _string(2), "attributes": _attributes(3), _DROPPED: _unsigned(4)})
_RESOURCE_ENVELOPE = _table({"resource": _nested(1, _RESOURCE), "schemaUrl": _string(3)})
_SCOPE_ENVELOPE = _table({"scope": _nested(1, _SCOPE), "schemaUrl": _string(3)})
_EVENT = _table(
    {"timeUnixNano": _fixed(1, "<Q", 64), "name": _string(2), "attributes": _attributes(3), _DROPPED: _unsigned(4)}
)
_LINK = _table(
    {
        "traceId": _hex(1),
        "spanId": _hex(2),
        "traceState": _string(3),
        "attributes": _attributes(4),
        _DROPPED: _unsigned(5),
        "flags": _fixed(6, "<I", 32),
    }
)
_STATUS = _table({"message": _string(2), "code": _enum(3, dict(trace_pb2.Status.StatusCode.items()))})
_SPAN = _table(
    {
        "traceId": _hex(1),
        "spanId": _hex(2),
        "traceState": _string(3),
        "parentSpanId": _hex(4),
        "name": _string(5),
        "kind": _enum(6, dict(trace_pb2.Span.SpanKind.items())),
        "startTimeUnixNano": _fixed(7, "<Q", 64),
        "endTimeUnixNano": _fixed(8, "<Q", 64),
        "attributes": _attributes(9),
        _DROPPED: _unsigned(10),
        "events": _list_of(_nested(11, _EVENT)),
        "droppedEventsCount": _unsigned(12),
        "links": _list_of(_nested(13, _LINK)),
        "droppedLinksCount": _unsigned(14),
        "status": _nested(15, _STATUS),
        "flags": _fixed(16, "<I", 32),
    }
)


def _body(value: Json) -> bytes:
    return _tagged(5, _any_value(value, 0))


_LOG_RECORD = _table(
    {
        "timeUnixNano": _fixed(1, "<Q", 64),
        "severityNumber": _enum(2, dict(logs_pb2.SeverityNumber.items())),
        "severityText": _string(3),
        "body": _body,
        "attributes": _attributes(6),
        _DROPPED: _unsigned(7),
        "flags": _fixed(8, "<I", 32),
        "traceId": _hex(9),
        "spanId": _hex(10),
        "observedTimeUnixNano": _fixed(11, "<Q", 64),
        "eventName": _string(12),
    }
)
