"""Keys that look as if they mattered and that no rule reads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import orjson

from traces import values

if TYPE_CHECKING:
    from traces.decode import RawSpan
    from traces.dialects.engine import Tables
    from traces.values import Value

KEY_LENGTH = 200
EXAMPLE_LENGTH = 120
_KEYS_A_SPAN = 100
_CACHED = 8_192
# What cost, usage, identity and conversation are called.
_WORDS = re.compile(
    r"token|model|agent|session|user|cost|prompt|message|completion|conversation|thread_?id|usage|tool_?(name|call)"
)
# Limits of a request, and what OpenTelemetry itself names with such words.
_OTHERS = re.compile(
    r"(http|net|db|rpc|messaging|server|client|url|code|thread|k8s|cloud|host|process|os|telemetry|faas|device|aws|azure"
    r"|user_agent|exception|peer|network|otel|container)\.|.*(^|[._])max_"
)
_INDEX = re.compile(r"(?<=[.\[])\d+(?=$|[.\]])")


class KeySight:
    """A key in one group of batches: how often, and where it was seen first."""

    __slots__ = ("example", "last_ns", "scope", "span_id", "spans", "trace_id")

    def __init__(self, raw: RawSpan, attribute: bytes, received_ns: int) -> None:
        self.spans = 0
        self.example = example(values.key_value(attribute)[1])
        self.scope = raw.scope.name[:KEY_LENGTH]
        self.trace_id, self.span_id = raw.trace_id, raw.span_id
        self.last_ns = received_ns


class Unknown:
    """Tells keys that matter and that no rule reads; remembers its verdicts."""

    def __init__(self) -> None:
        self._verdicts: dict[tuple[Tables, bytes], str] = {}

    def keys(self, raw: RawSpan, tables: Tables) -> list[tuple[str, bytes]]:
        """Those of a span, indices as *, each with its attribute."""
        found = []
        for attribute in raw.raw_attributes[:_KEYS_A_SPAN]:
            key = _key(attribute)
            if key:
                name = self._verdicts.get((tables, key))
                if name is None:
                    if len(self._verdicts) >= _CACHED:
                        self._verdicts.clear()
                    name = self._verdicts[tables, key] = _verdict(key, tables)
                if name:
                    found.append((name, attribute))
        return found


def unknown(key: str, tables: Tables) -> bool:
    """Whether no rule reads that key."""
    return not tables.unknown.knows(key)


def matters(key: str) -> bool:
    """Whether a key looks as if it told usage, identity or conversation."""
    lower = key.lower()
    return _WORDS.search(lower) is not None and _OTHERS.match(lower) is None


def example(value: Value) -> str:
    """A value as a short line of text."""
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    text = " ".join(text[: 4 * EXAMPLE_LENGTH].split())
    return text if len(text) <= EXAMPLE_LENGTH else text[: EXAMPLE_LENGTH - 1] + "…"


def _verdict(key: bytes, tables: Tables) -> str:
    """How the key is listed; empty when it is not."""
    name = values.text(key)
    return _INDEX.sub("*", name)[:KEY_LENGTH] if matters(name) and unknown(name, tables) else ""


def _key(attribute: bytes) -> bytes:
    """The key of a KeyValue that begins with it, and is no longer than names are."""
    if len(attribute) < 3 or attribute[0] != 0x0A or attribute[1] >= 0x80:
        return b""
    return attribute[2 : 2 + attribute[1]]
