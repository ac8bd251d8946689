"""Ids that sort by the time they were made."""

from __future__ import annotations

import os
import uuid

from ecoa import clock


def uuid7() -> str:
    """A UUIDv7: milliseconds, then 74 random bits."""
    millis = int(clock.now().timestamp() * 1000) & 0xFFFF_FFFF_FFFF
    drawn = int.from_bytes(os.urandom(10), "big")
    value = millis << 80 | 0x7 << 76 | (drawn >> 68 & 0xFFF) << 64 | 0b10 << 62 | drawn & 0x3FFF_FFFF_FFFF_FFFF
    return str(uuid.UUID(int=value))
