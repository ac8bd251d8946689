"""A log record as the event of a span that it would have been, had its sender written it there.

So one reader of messages (traces.messages) does for spans and for logs alike, and its rules of precedence hold: what
the span's attributes say goes before events, and those before nothing.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING

from traces.decode import Event, RawSpan
from traces.dialects.conversation import structure
from traces.logs.rules import GENAI, family_of
from traces.wire import shallow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from traces.logs.record import Record
    from traces.values import Value

CHOICE = "gen_ai.choice"
_OF_ROLE = {"user": "gen_ai.user.message", "assistant": CHOICE, "tool": "gen_ai.tool.message"}
_CONTENT = {"gen_ai.content.prompt": "gen_ai.prompt", "gen_ai.content.completion": "gen_ai.completion"}
_MARK = (b"gen_ai.",)  # what a span's raw events hold when they may hold messages


def in_order(records: Iterable[Record]) -> list[Record]:
    """Each record once, by time; of the same moment by their place in the conversation and then in their batch."""
    once = {record.digest: record for record in records}
    return sorted(once.values(), key=_order)


def with_records(span: RawSpan, records: Sequence[Record]) -> RawSpan:
    """The span with these records of it as events."""
    if not records:
        return span
    made = copy(span)
    made._events = (*span.events, *map(as_event, in_order(records)))
    made.raw_events = (*span.raw_events, *_MARK)
    return made


def as_span(record: Record) -> RawSpan:
    """A span that says nothing but this record, for what reads spans."""
    span = RawSpan()
    span.trace_id = record.trace_id or ""
    span.span_id = record.span_id or 0
    span.parent_id, span.parent_invalid = None, False
    span.name = record.event
    span.kind = span.status_code = 0
    span.start_ns = span.end_ns = record.time_ns
    span.status_message = span.resource_schema_url = span.scope_schema_url = ""
    span.raw_attributes = record.raw_attributes
    span.raw_events = (*_MARK, record.raw_body)
    span.resource, span.scope = record.resource, record.scope
    span.ordinal = record.ordinal
    span._message = shallow("Span")()
    span._attributes = None
    span._events = (as_event(record),)
    return span


def as_event(record: Record) -> Event:
    """The record as an event whose messages are attributes, under OpenTelemetry's name where a client has its own."""
    attributes = {key: value for key, value in record.attributes.items() if key not in ("event.name", "event_name")}
    name = record.event
    body = structure(record.body)
    family, _ = family_of(name, record.scope.name)
    if family is not None:
        for event, key, role in family.messages:
            if name == family.prefix + event and key in attributes:
                name = _OF_ROLE[role]
                attributes = _message(role, attributes[key])
                break
    elif isinstance(body, dict):
        name, attributes = _with_body(name, attributes, body)
    elif isinstance(body, str) and body and name.startswith(GENAI):
        attributes.setdefault(_CONTENT.get(name, "content"), body)
    return Event(name=name, time_ns=record.time_ns, attributes=attributes, dropped_attributes=0)


def _message(role: str, content: Value) -> dict[str, Value]:
    return {"message": {"role": role, "content": content}} if role == "assistant" else {"content": content}


def _with_body(name: str, attributes: dict[str, Value], body: dict[str, Value]) -> tuple[str, dict[str, Value]]:
    """A body that is a map holds the message, or, of LiteLLM's content events, is it."""
    if name in _CONTENT and ("role" in body or "content" in body):
        if name == "gen_ai.content.completion":
            return CHOICE, {**attributes, "message": body}
        role = body.get("role")
        return f"gen_ai.{role if isinstance(role, str) else 'user'}.message", {**attributes, **body}
    return name, {**attributes, **body}


def _order(record: Record) -> tuple[int, int, int, int, int]:
    index = as_event(record).attributes.get("index") if record.event == CHOICE else None
    place = index if isinstance(index, int) else 0
    return record.time_ns, record.observed_ns, place, record.ordinal, record.digest
