"""Ids between their forms: bytes on the wire, signed integers in Python and the database, hex for people."""

from __future__ import annotations

import struct

_SIGNED = struct.Struct(">q")
_MASK = 0xFFFF_FFFF_FFFF_FFFF


def span_hex(span_id: int) -> str:
    """The 16 lower-case hex digits of a span id."""
    return f"{span_id & _MASK:016x}"


def span_int(text: str) -> int:
    """The signed integer of a span id's 16 hex digits; ValueError for anything else."""
    if len(text) != 16:
        raise ValueError(f"a span id has 16 hex digits, not {len(text)}")
    return span_int_from_bytes(bytes.fromhex(text))


def span_int_from_bytes(span_id: bytes) -> int:
    """The signed integer of a span id's 8 bytes; ValueError for another length."""
    if len(span_id) != 8:
        raise ValueError(f"a span id has 8 bytes, not {len(span_id)}")
    value: int = _SIGNED.unpack(span_id)[0]
    return value
