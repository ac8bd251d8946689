"""From a stored batch of log records to those records as they were sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError

from traces import values
from traces.decode import Resource, Scope, resource_of, scope_of
from traces.ids import span_int_from_bytes
from traces.logs.rules import NAME_KEYS, family_of
from traces.wire import Malformed, shallow, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from traces.values import Value

_MAX_NS = (1 << 63) - 1
_MOST_NAME = 200


@dataclass(slots=True, kw_only=True, eq=False)
class Record:
    """One log record. Ids that are none are None: such a record is joined by its session and time, or not at all."""

    ordinal: int  # position in its batch
    trace_id: str | None
    span_id: int | None
    time_ns: int  # when it happened, else when it was observed; 0 when neither is said
    event: str
    attributes: dict[str, Value]
    body: Value
    raw_attributes: Sequence[bytes]  # members of the body too, where they are named like attributes
    raw_body: bytes
    resource: Resource
    scope: Scope
    digest: int  # the same for the same record sent again
    severity: str = ""
    observed_ns: int = field(default=0)


def records(body: bytes) -> Iterator[Record]:
    """The records of an inflated ExportLogsServiceRequest in document order. Raises Malformed when the body is none."""
    try:
        request = shallow("LogsData").FromString(body)
    except DecodeError:
        raise Malformed("the body is not an ExportLogsServiceRequest") from None
    ordinal = 0
    for resource_logs in request.resource_logs:
        resource = resource_of(resource_logs.resource)
        for scope_logs in resource_logs.scope_logs:
            scope = scope_of(scope_logs.scope)
            for message in scope_logs.log_records:
                yield _record(message, ordinal, resource, scope)
                ordinal += 1


def event_name(message: Any, scope: str) -> str:  # Any: the protobuf message, whose class is made at run time
    """What a record is called: in its own field, in an attribute, or as its whole body."""
    name = values.text(message.event_name)
    if not name:
        for raw in message.attributes:
            if b"event" in raw[:16]:
                key, value = values.key_value(raw)
                if key in NAME_KEYS and isinstance(value, str):
                    name = value
                    break
    if not name and message.body[:1] == b"\x0a" and len(message.body) <= _MOST_NAME:
        name = values.text(message.body[2:])
    return family_of(name.strip()[:_MOST_NAME], scope)[1]


def _record(message: Any, ordinal: int, resource: Resource, scope: Scope) -> Record:
    trace_id, span_id = message.trace_id, message.span_id
    observed = min(message.observed_time_unix_nano, _MAX_NS)
    return Record(
        ordinal=ordinal,
        trace_id=trace_id.hex() if len(trace_id) == 16 and any(trace_id) else None,
        span_id=span_int_from_bytes(span_id) if len(span_id) == 8 and any(span_id) else None,
        time_ns=min(message.time_unix_nano, _MAX_NS) or observed,
        observed_ns=observed,
        event=event_name(message, scope.name),
        attributes=values.attributes(message.attributes),
        body=values.any_value(message.body),
        raw_attributes=[*message.attributes, *_named_members(message.body)],
        raw_body=message.body,
        resource=resource,
        scope=scope,
        digest=_digest(message),
        severity=values.text(message.severity_text),
    )


def _named_members(body: bytes) -> list[bytes]:
    """The members of a body that is a map, as KeyValue bytes, where they are named like attributes."""
    if body[:1] != b"\x32" or b"gen_ai." not in body:
        return []
    try:
        maps = [body[start:end] for number, start, end in walk(body, 0, len(body)) if number == 6]
        found = [inner[start:end] for inner in maps for number, start, end in walk(inner, 0, len(inner)) if number == 1]
    except Malformed:
        return []
    return [raw for raw in found if b"gen_ai." in raw[:16]]


def _digest(message: Any) -> int:
    digest = blake2b(b"%d" % (message.time_unix_nano or message.observed_time_unix_nano), digest_size=8)
    for part in (message.trace_id, message.span_id, message.event_name, message.body, *sorted(message.attributes)):
        digest.update(b"%d:" % len(part))
        digest.update(part)
    return int.from_bytes(digest.digest(), "big", signed=True)
