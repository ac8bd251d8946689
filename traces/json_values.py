"""JSON attribute values to protobuf. A wrong value is kept as its text; nesting is bounded."""

from __future__ import annotations

import binascii
import json
import struct
from base64 import b64decode
from collections.abc import Callable

from traces.json_fields import ALL_ONES, Encoder, Json, Wrong, integer, list_of, snake, tagged, utf8, varint
from traces.wire import DEFAULT_LIMITS

_DOUBLE = struct.Struct("<d").pack
_MAX_DEPTH = DEFAULT_LIMITS.depth
_TOO_DEEP = b"\x0a\x11[nested too deep]"


def attribute(tag: bytes) -> Encoder:
    """A KeyValue as the element of a list with that tag."""

    def encode(value: Json) -> bytes:
        content = key_value(value, 0)
        return tag + varint(len(content)) + content

    return encode


def key_value(value: Json, depth: int) -> bytes:
    if type(value) is not dict:
        raise Wrong("must be an object with key and value")
    key = value.get("key")
    if type(key) is not str and key is not None:
        raise Wrong("must be a string").under("key")
    encoded_key = _keys.get(key) or _encoded_key(key)
    held = value.get("value")
    if held is None:
        return encoded_key
    content = any_value(held, depth)
    return encoded_key + b"\x12" + varint(len(content)) + content


_keys: dict[str | None, bytes] = {}  # encoded keys; starts again when full


def _encoded_key(key: str | None) -> bytes:
    encoded = tagged(1, utf8(key)) if key else b"\x0a\x00"
    if len(encoded) <= 128:
        if len(_keys) >= 8_192:
            _keys.clear()
        _keys[key] = encoded
    return encoded


def any_value(value: Json, depth: int) -> bytes:
    if type(value) is not dict:
        return _as_text(value)
    found = b""
    for name, item in value.items():
        if item is None:
            continue
        if name in ("stringValue", "string_value") and type(item) is str:
            raw = utf8(item)
            found = b"\x0a" + varint(len(raw)) + raw
        elif (encoder := _VALUES.get(name)) is not None:
            found = encoder(item, depth)
    return found


def _as_text(value: Json) -> bytes:
    """What is no value of its type is kept as its JSON text."""
    if type(value) is str:
        return tagged(1, utf8(value))
    try:
        return tagged(1, utf8(json.dumps(value, ensure_ascii=False)))
    except RecursionError:
        return _TOO_DEEP


def _bool_value(value: Json, depth: int) -> bytes:
    if type(value) is bool or value in ("true", "false"):
        return b"\x10\x01" if value in (True, "true") else b"\x10\x00"
    return _as_text(value)


def _int_value(value: Json, depth: int) -> bytes:
    try:
        number = integer(value)
    except Wrong:
        return _as_text(value)
    if not -(1 << 63) <= number < 1 << 63:
        return _as_text(str(number))
    return b"\x18" + varint(number & ALL_ONES)


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
        return tagged(7, b64decode(padded, validate=True))
    except (binascii.Error, ValueError):
        return _as_text(value)


def _array_value(value: Json, depth: int) -> bytes:
    return _members(value, 5, depth, any_value)


def _kvlist_value(value: Json, depth: int) -> bytes:
    return _members(value, 6, depth, key_value)


def _members(value: Json, number: int, depth: int, member: Callable[[Json, int], bytes]) -> bytes:
    if depth >= _MAX_DEPTH:
        return _TOO_DEEP
    items = value.get("values") if type(value) is dict else value
    if items is None:
        items = []
    if type(items) is not list:
        return _as_text(value)
    encoded = (member(item, depth + 1) if item is not None else b"" for item in items)
    return tagged(number, b"".join(tagged(1, item) for item in encoded))


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


_VALUES |= {snake(name): encoder for name, encoder in _VALUES.items()}


def attributes(number: int) -> Encoder:
    return list_of(attribute(varint(number << 3 | 2)))
