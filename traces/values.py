"""Attribute values between protobuf and Python: KeyValue bytes to (key, JSON-safe value), whatever they hold.

Nothing here raises: what cannot be read becomes a marker. Text never has a NUL or a lone surrogate, floats are finite
(others become "NaN", "Infinity", "-Infinity"), bytes become {"bytesValue": base64}, nesting and width are bounded.
"""

from __future__ import annotations

import struct
from base64 import b64encode
from collections.abc import Iterable, Iterator
from math import isfinite, isnan

from traces.wire import Malformed, varint, walk

type Value = str | bool | int | float | list[Value] | dict[str, Value] | None

MAX_DEPTH = 32
MAX_MEMBERS = 10_000  # members of all lists and maps of one attribute value
MAX_ATTRIBUTES = 10_000
TOO_DEEP = "[nested too deep]"
UNREADABLE = "[unreadable]"

_DOUBLE = struct.Struct("<d")
_SIGN = 1 << 63


class Budget:
    """How many members may still be built from one attribute value."""

    __slots__ = ("left",)

    def __init__(self, left: int = MAX_MEMBERS) -> None:
        self.left = left


def attributes(raw: Iterable[bytes]) -> dict[str, Value]:
    """The attributes of those KeyValue bytes; of a repeated key the last."""
    found: dict[str, Value] = {}
    for count, item in enumerate(raw):
        if count == MAX_ATTRIBUTES:
            break
        key, value = key_value(item)
        found[key] = value
    return found


def key_value(raw: bytes) -> tuple[str, Value]:
    """The key and value of one KeyValue."""
    try:
        return _key_value(raw, 0, len(raw), 0, Budget())
    except (Malformed, struct.error):
        return UNREADABLE, None


def value_at(raw: bytes, position: int) -> Value:
    """The value of a KeyValue whose key ends at that position."""
    try:
        # Nearly all: one string of under 128 or under 16,384 bytes, field 2 {field 1}, and nothing after it.
        size = len(raw)
        if size - position < 130:
            if raw[position] == 0x12 and raw[position + 2] == 0x0A and position + 4 + raw[position + 3] == size:
                return text(raw[position + 4 :])
        elif (
            raw[position] == 0x12
            and raw[position + 3] == 0x0A
            and raw[position + 5] < 0x80
            and position + 6 + (raw[position + 4] & 0x7F) + (raw[position + 5] << 7) == size
        ):
            return text(raw[position + 6 :])
    except IndexError:
        pass
    try:
        value: Value = None
        for number, start, end in walk(raw, position, len(raw)):
            if number == 2:
                value = _any_value(raw, start, end, 0, Budget())
        return value
    except (Malformed, struct.error):
        return UNREADABLE


def any_value(raw: bytes) -> Value:
    """The value of one AnyValue."""
    try:
        return _any_value(raw, 0, len(raw), 0, Budget())
    except (Malformed, struct.error):
        return UNREADABLE


def text(raw: bytes) -> str:
    """UTF-8 as text that every storage takes."""
    try:
        decoded = raw.decode()
    except UnicodeDecodeError:
        decoded = raw.decode("utf-8", "replace")
    return decoded.replace("\0", "\ufffd") if "\0" in decoded else decoded


def finite(number: float) -> float | str:
    """The number, or its name when JSON has none for it."""
    if isfinite(number):
        return number
    return "NaN" if isnan(number) else "Infinity" if number > 0 else "-Infinity"


def _key_value(raw: bytes, start: int, end: int, depth: int, budget: Budget) -> tuple[str, Value]:
    key, value = "", None
    for number, inner_start, inner_end in walk(raw, start, end):
        if number == 1:
            key = text(raw[inner_start:inner_end])
        elif number == 2:
            value = _any_value(raw, inner_start, inner_end, depth, budget)
    return key, value


def _any_value(raw: bytes, start: int, end: int, depth: int, budget: Budget) -> Value:
    value: Value = None
    for number, content in _fields(raw, start, end):
        if number == 1 and isinstance(content, tuple):
            value = text(raw[content[0] : content[1]])
        elif number == 2 and isinstance(content, int):
            value = content != 0
        elif number == 3 and isinstance(content, int):
            value = content - (1 << 64) if content & _SIGN else content
        elif number == 4 and isinstance(content, float):
            value = finite(content)
        elif number in (5, 6) and isinstance(content, tuple):
            value = _members(raw, number, content, depth + 1, budget)
        elif number == 7 and isinstance(content, tuple):
            value = {"bytesValue": b64encode(raw[content[0] : content[1]]).decode()}
    return value


def _members(raw: bytes, number: int, where: tuple[int, int], depth: int, budget: Budget) -> Value:
    """The members of an ArrayValue (5) or a KeyValueList (6)."""
    if depth > MAX_DEPTH:
        return TOO_DEEP
    items: list[Value] = []
    named: dict[str, Value] = {}
    for field, start, end in walk(raw, *where):
        if field != 1:
            continue
        budget.left -= 1
        if budget.left < 0:
            break
        if number == 5:
            items.append(_any_value(raw, start, end, depth, budget))
        else:
            key, value = _key_value(raw, start, end, depth, budget)
            named[key] = value
    return items if number == 5 else named


def _fields(raw: bytes, start: int, end: int) -> Iterator[tuple[int, int | float | tuple[int, int]]]:
    """Every field of a message: a number for a varint, a float for eight bytes, its place for what has a length."""
    position = start
    while position < end:
        tag, position = varint(raw, position, end)
        wire_type = tag & 7
        if wire_type == 0:
            number, position = varint(raw, position, end)
            yield tag >> 3, number & 0xFFFF_FFFF_FFFF_FFFF
        elif wire_type == 1:
            if position + 8 > end:
                raise Malformed("a number is cut")
            yield tag >> 3, _DOUBLE.unpack_from(raw, position)[0]
            position += 8
        elif wire_type == 2:
            length, position = varint(raw, position, end)
            if position + length > end:
                raise Malformed("a field reaches past the end of its message")
            yield tag >> 3, (position, position + length)
            position += length
        elif wire_type == 5:
            position += 4
        else:
            raise Malformed("unknown wire type")
