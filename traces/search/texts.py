"""What is searched of a span: the one place that says it.

Its name, its service, its status message, and every text in its attributes and events: messages, tool arguments and
results, errors, names. What is JSON is opened, to any depth; its keys are no text, numbers beside a key are.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import orjson

from traces.values import key_value, value_at

if TYPE_CHECKING:
    from traces.decode import RawSpan
    from traces.values import Value

_BLOB_LENGTH = 512
_BLOB = re.compile(r"(?:data:[^,]{0,100},)?[A-Za-z0-9+/=_-]{400}")  # base64 and its like: nobody reads it
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_NUMBERS = (0x08, 0x10, 0x18, 0x19, 0x20, 0x21, 0x3A)  # tags of an AnyValue that holds no text
_OPENS = frozenset('{[" \t\r\n')
_LONGEST_NUMBER = 40


def texts(span: RawSpan, seen: set[bytes | str] | None = None) -> list[str]:
    """The texts of a span. With `seen` none that are in it already, and they are added to it."""
    known: set[bytes | str] = set() if seen is None else seen
    found: list[str] = []
    for text in (span.name, span.status_message, span.resource.attributes.get("service.name")):
        if text and isinstance(text, str) and text not in known:
            known.add(text)
            found.append(text)
    for item in span.raw_attributes:
        if item not in known:
            known.add(item)
            _collect(_value(item), known, found)
    if span.raw_events and not known.issuperset(span.raw_events):
        known.update(span.raw_events)
        for event in span.events:
            _collect([event.name, event.attributes], known, found)
    return found


def raw_texts(span: RawSpan) -> bytes:
    """The same as it was sent, with much else: what is not in here is in none of the texts."""
    attributes = b"\0".join(span.raw_attributes)
    events = b"\0".join(span.raw_events)
    service = str(span.resource.attributes.get("service.name", ""))
    return b"\0".join((attributes, events, "\0".join((span.name, span.status_message, service)).encode()))


def _value(item: bytes) -> Value:
    """The value of a KeyValue; None for a number by itself, which most are."""
    try:
        if item[0] == 0x0A and item[1] < 0x80:
            value = 2 + item[1]
            if item[value] == 0x12:
                if item[value + 1] < 0x80 and item[value + 2] in _NUMBERS:
                    return None
                return value_at(item, value)
    except IndexError:
        pass
    value_of: Value = key_value(item)[1]
    return value_of if isinstance(value_of, str | list | dict) else None


def _collect(value: Value, known: set[bytes | str], found: list[str]) -> None:
    """Every text in a value, in no order; iteratively, since what is sent may nest deeply."""
    left: list[Value] = [value]
    while left:
        value = left.pop()
        if isinstance(value, str):
            if value and value not in known:
                known.add(value)
                opened = _opened(value) if value[0] in _OPENS else value
                if opened is not value:
                    left.append(opened)
                elif len(value) < _BLOB_LENGTH or _BLOB.match(value) is None:
                    found.append(value)
        elif isinstance(value, list):
            left += value
        elif isinstance(value, dict):
            left += value.values()
            found += [str(item)[:_LONGEST_NUMBER] for item in value.values() if type(item) in (int, float)]


def _opened(text: str) -> Value:
    """What a JSON text holds; a text that ends too early for one, without its escapes; any other text as it is."""
    if text.lstrip()[:1] not in ("{", "[", '"'):
        return text
    try:
        opened: Value = orjson.loads(text)
    except orjson.JSONDecodeError:
        if text[0] == '"' or "\\" not in text:
            return text
        plain = " " + _ESCAPE.sub(_unescaped, text).lstrip(' \t\r\n{["')
        return text if plain == text else plain
    return opened


def _unescaped(escape: re.Match[str]) -> str:
    if escape[1]:
        code = int(escape[1], 16)
        return " " if 0xD800 <= code <= 0xDFFF else chr(code)
    return " " if escape[2] in "nrtbf" else escape[2]
