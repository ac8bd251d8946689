"""JSON values to protobuf fields: what makes the encoder of each field, and of a message from a table of them."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from typing import Any

type Json = Any  # Any: whatever the client sent
type Encoder = Callable[[Json], bytes]
type Table = dict[str, Encoder]

ALL_ONES = 0xFFFF_FFFF_FFFF_FFFF


class Wrong(Exception):
    """A value that its field cannot take; the path to it grows on the way up."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why
        self.path = ""

    def under(self, name: str | int) -> Wrong:
        step = f"[{name}]" if isinstance(name, int) else f".{name}"
        self.path = step + self.path
        return self

    def __str__(self) -> str:
        return f"{self.path.lstrip('.')}: {self.why}" if self.path else self.why


def message(value: Json, table: Table) -> bytes:
    if type(value) is not dict:
        raise Wrong("must be an object")
    parts = []
    for name, item in value.items():
        if item is not None and (encoder := table.get(name)) is not None:
            try:
                parts.append(encoder(item))
            except Wrong as error:
                raise error.under(name) from None
    return b"".join(parts)


def list_of(encoder: Encoder) -> Encoder:
    def encode(value: Json) -> bytes:
        if type(value) is not list:
            raise Wrong("must be a list")
        parts = []
        for index, item in enumerate(value):
            if item is not None:
                try:
                    parts.append(encoder(item))
                except Wrong as error:
                    raise error.under(index) from None
        return b"".join(parts)

    return encode


def varint(number: int) -> bytes:
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


def tagged(number: int, content: bytes) -> bytes:
    """A field with a length; its number is below 16."""
    return _ONE_BYTE[number << 3 | 2] + varint(len(content)) + content


def utf8(value: str) -> bytes:
    try:
        return value.encode()
    except UnicodeEncodeError:  # a lone surrogate; a pair split over two escapes is joined
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


# --- scalar fields: each of these makes the encoder of one field


def string(number: int) -> Encoder:
    def encode(value: Json) -> bytes:
        if type(value) is not str:
            raise Wrong("must be a string")
        return tagged(number, utf8(value))

    return encode


def hex_id(number: int) -> Encoder:
    def encode(value: Json) -> bytes:
        return tagged(number, id_bytes(value))

    return encode


def id_bytes(value: Json) -> bytes:
    """The bytes of a hex id. What is no hex becomes one byte, a length that no id has, and is seen as invalid."""
    if type(value) is not str:
        raise Wrong("must be a string of hex digits")
    if not value:
        return b""
    try:
        found = bytes.fromhex(value)
    except ValueError:
        return b"\0"
    return found if 2 * len(found) == len(value) else b"\0"  # fromhex skips spaces


def last_id(span: dict[str, Json], camel: str, snake: str) -> bytes:
    """The id as encoding will leave it: of both spellings the later one."""
    found = b""
    for name, value in span.items():
        if name in (camel, snake) and value is not None:
            try:
                found = id_bytes(value)
            except Wrong:
                return b""
    return found


def integer(value: Json) -> int:
    if type(value) is int:
        return value
    if type(value) is str:
        try:
            return int(value)
        except ValueError:
            raise Wrong("must be an integer") from None
    if type(value) is float and value.is_integer():
        return int(value)
    raise Wrong("must be an integer")


def unsigned(number: int, bits: int = 32) -> Encoder:
    def encode(value: Json) -> bytes:
        found = integer(value)
        if not 0 <= found < 1 << bits:
            raise Wrong(f"must be an unsigned {bits}-bit integer")
        return varint(number << 3) + varint(found)

    return encode


def fixed(number: int, layout: str, bits: int) -> Encoder:
    pack = struct.Struct(layout).pack
    tag = varint(number << 3 | (1 if bits == 64 else 5))

    def encode(value: Json) -> bytes:
        found = integer(value)
        if not 0 <= found < 1 << bits:
            raise Wrong(f"must be an unsigned {bits}-bit integer")
        return tag + pack(found)

    return encode


def enum(number: int, numbers: dict[str, int]) -> Encoder:
    tag = varint(number << 3)

    def encode(value: Json) -> bytes:
        found = numbers.get(value) if type(value) is str else None
        if found is None:
            found = integer(value)
        if not -(1 << 31) <= found < 1 << 31:
            raise Wrong("must be a number of the enumeration")
        return tag + varint(found & ALL_ONES)

    return encode


def nested(number: int, table: Table) -> Encoder:
    def encode(value: Json) -> bytes:
        return tagged(number, message(value, table))

    return encode


def snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda letter: "_" + letter.group().lower(), name)


def table(fields: Table) -> Table:
    return {**{snake(name): encoder for name, encoder in fields.items()}, **fields}
