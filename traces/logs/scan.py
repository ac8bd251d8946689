"""The check that every received body of log records passes: what carries no GenAI content is left out and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError

from traces.decode import scope_of
from traces.logs.record import event_name
from traces.logs.rules import CONTENT_KEYS, is_kept
from traces.otlp_json import logs_to_protobuf
from traces.values import key_value
from traces.wire import DEFAULT_LIMITS, Checked, Limits, Malformed, TooMany, shallow, tallied, walk, without

if TYPE_CHECKING:
    from collections.abc import Iterator

NOT_GENAI = "not_genai"
_EXACT = frozenset(key for key in CONTENT_KEYS if not key.endswith("*"))
_PREFIXES = tuple(key[:-1] for key in CONTENT_KEYS if key.endswith("*"))
_HEADS = (b"gen_ai.", b"llm.", b"ai.")


def scan_logs(body: bytes, limits: Limits = DEFAULT_LIMITS) -> Checked:
    """The request with only the records that are kept. Raises Malformed and TooMany, as traces.wire.scan does."""
    faults: dict[int, str] = {}
    count = elements = 0
    for scope, start, end in _records(body, limits):
        if count >= limits.spans:
            raise TooMany(f"more than {limits.spans} log records in one request")
        record = _parsed(body, start, end)
        held = len(record.attributes)
        elements += held
        if held > limits.elements:
            faults[count] = "too_many_elements"
        elif not _carries_content(record, scope):
            faults[count] = NOT_GENAI
        if elements > limits.all_elements:
            raise TooMany(f"more than {limits.all_elements} attributes in one request")
        count += 1
    if not faults:
        return Checked(body, count)
    return Checked(without(body, faults), count - len(faults), tallied(faults.values()))


def logs_of_json(body: bytes, limits: Limits = DEFAULT_LIMITS) -> Checked:
    """The same of a JSON body."""
    converted = logs_to_protobuf(body, limits)
    checked = scan_logs(converted.body, limits)
    return Checked(checked.body, checked.spans, (*converted.rejected, *checked.rejected))


def _records(body: bytes, limits: Limits) -> Iterator[tuple[str, int, int]]:
    """The scope and the place of each log record: field 2 of field 2 of field 1."""
    envelopes = 0
    for number, start, end in walk(body, 0, len(body)):
        envelopes += 1
        inner = walk(body, start, end) if number == 1 else ()
        for field, inner_start, inner_end in inner:
            envelopes += 1
            if envelopes > limits.envelopes:
                raise TooMany(f"more than {limits.envelopes} resources and scopes in one request")
            if field != 2:
                continue
            members = list(walk(body, inner_start, inner_end))
            scope = next((scope_of(body[at:to]).name for member, at, to in members if member == 1), "")
            yield from ((scope, at, to) for member, at, to in members if member == 2)


def _parsed(body: bytes, start: int, end: int) -> Any:  # Any: the protobuf message, whose class is made at run time
    try:
        return shallow("LogRecord").FromString(memoryview(body)[start:end])
    except DecodeError:
        raise Malformed(f"a log record cannot be read at byte {start}") from None


def _carries_content(record: Any, scope: str) -> bool:
    if is_kept(event_name(record, scope), scope):
        return True
    if record.body[:1] == b"\x32" and b"gen_ai." in record.body:  # a map with members of that name
        return True
    return any(_is_content(raw) for raw in record.attributes)


def _is_content(raw: bytes) -> bool:
    if not any(head in raw[:16] for head in _HEADS):
        return False
    key = key_value(raw)[0]
    return key in _EXACT or key.startswith(_PREFIXES)
