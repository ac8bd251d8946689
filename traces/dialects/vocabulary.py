"""Readers: from an attribute's value to what a field holds. None means that the value says nothing usable."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from hashlib import blake2b
from math import isfinite

from traces.span import Kind
from traces.values import Value

LABEL_LENGTH = 200
_MAX_TOKENS = (1 << 31) - 1  # the column's
_MAX_NS = (1 << 63) - 1
_REDACTED = re.compile(r"\s*(\[Scrubbed\b|<?REDACTED>?\s*$|\[(REDACTED|FILTERED|Filtered)\]\s*$|\*{3,}\s*$)")


def label(value: Value) -> str | None:
    """A name or an id as text, to 200 characters; the first of a list. Scrubbed values say nothing."""
    if isinstance(value, list):
        return label(value[0]) if value else None
    if isinstance(value, str):
        text = value.strip()
        return None if not text or _REDACTED.match(text) else text[:LABEL_LENGTH]
    if isinstance(value, bool) or value is None or isinstance(value, dict):
        return None
    return str(value)


def count(value: Value) -> int | None:
    """A number of tokens or tries, however it was written. Negative and absurd ones say nothing."""
    number = number_of(value)
    if number is None or number != int(number) or not 0 <= number <= _MAX_TOKENS:
        return None
    return int(number)


def ordinal(value: Value) -> int | None:
    """A count from one."""
    return count(value) or None


def dollars(value: Value) -> float | None:
    """An amount of money; negative ones say nothing."""
    number = number_of(value)
    return None if number is None or number < 0 else float(number)


def seconds(value: Value) -> int | None:
    """A duration in seconds, as nanoseconds."""
    return _nanoseconds(value, 1e9)


def milliseconds(value: Value) -> int | None:
    """A duration in milliseconds, as nanoseconds."""
    return _nanoseconds(value, 1e6)


def key64(value: Value) -> int | None:
    """A signed 64-bit hash of an id, the same in every process."""
    text = label(value)
    if text is None:
        return None
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


def marker(value: Value) -> bool | None:
    """That the key is there at all."""
    return None if value is None else True


def one_of(kinds: Mapping[str, Kind]) -> Callable[[Value], Kind | None]:
    """A reader that looks a word up, whatever its case."""

    def read(value: Value) -> Kind | None:
        return kinds.get(value.strip().lower()) if isinstance(value, str) else None

    return read


def number_of(value: Value) -> int | float | None:
    """A finite number, also from its text."""
    if isinstance(value, str):
        try:
            value = int(value)
        except ValueError:
            try:
                value = float(value)
            except ValueError:
                return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return None
    return value


def _nanoseconds(value: Value, unit: float) -> int | None:
    number = number_of(value)
    if number is None or not 0 <= number <= _MAX_NS / unit:
        return None
    return round(number * unit)
