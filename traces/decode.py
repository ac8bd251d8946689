"""From a stored batch to its spans as they were sent. What normalising does not need is read when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from google.protobuf.message import DecodeError

from traces import values
from traces.ids import span_hex, span_int_from_bytes
from traces.values import Value
from traces.wire import Malformed, id_fault, shallow

_CACHED = 8_192  # entries of each cache below; the one that is full starts again
_SMALL = 512  # bytes of what is worth keeping in one


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What produced the spans."""

    attributes: dict[str, Value]
    dropped_attributes: int
    raw_attributes: tuple[bytes, ...]
    known: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)  # Any: what readers worked out


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The instrumentation that made the spans."""

    name: str
    version: str
    attributes: dict[str, Value]
    dropped_attributes: int
    key: int = 0  # a 16-bit hash of the name


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened during a span."""

    name: str
    time_ns: int
    attributes: dict[str, Value]
    dropped_attributes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A span that another one points to; its ids may be of any length."""

    trace_id: str
    span_id: str
    trace_state: str
    attributes: dict[str, Value]
    dropped_attributes: int
    flags: int


class RawSpan:
    """One span as it was sent, its text made storable. Cheap: attributes, events and links are read on first use.

    parent_id is None for a root, and for a parent id that is no id (then parent_invalid is true).
    kind and status_code are OTLP's numbers, unknown ones included. Times are as sent: unsigned, 0 when unset.
    """

    __slots__ = (
        "_attributes", "_events", "_message", "end_ns", "kind", "name", "ordinal", "parent_id", "parent_invalid",
        "raw_attributes", "raw_events", "resource", "resource_schema_url", "scope", "scope_schema_url", "span_id",
        "start_ns", "status_code", "status_message", "trace_id",
    )  # fmt: skip

    trace_id: str  # 32 lower-case hex digits
    span_id: int
    parent_id: int | None
    parent_invalid: bool
    name: str
    kind: int
    start_ns: int
    end_ns: int
    status_code: int
    status_message: str
    raw_attributes: Sequence[bytes]  # each a KeyValue; traces.values reads them
    raw_events: Sequence[bytes]
    resource: Resource
    resource_schema_url: str
    scope: Scope
    scope_schema_url: str
    ordinal: int  # position in the batch
    _message: Any  # Any: the protobuf message, whose class is made at run time
    _attributes: dict[str, Value] | None
    _events: tuple[Event, ...] | None

    @property
    def attributes(self) -> dict[str, Value]:
        if self._attributes is None:
            self._attributes = values.attributes(self.raw_attributes)
        return self._attributes

    @property
    def events(self) -> tuple[Event, ...]:
        if self._events is None:
            self._events = tuple(_event(raw) for raw in self.raw_events[: values.MAX_ATTRIBUTES])
        return self._events

    @property
    def links(self) -> tuple[Link, ...]:
        return tuple(_link(raw) for raw in self._message.links[: values.MAX_ATTRIBUTES])

    @property
    def has_events(self) -> bool:
        return bool(self.raw_events)

    @property
    def flags(self) -> int:
        return int(self._message.flags)

    @property
    def trace_state(self) -> str:
        return values.text(self._message.trace_state)

    @property
    def dropped_attributes(self) -> int:
        return int(self._message.dropped_attributes_count)

    @property
    def dropped_events(self) -> int:
        return int(self._message.dropped_events_count)

    @property
    def dropped_links(self) -> int:
        return int(self._message.dropped_links_count)

    def __repr__(self) -> str:
        return f"RawSpan({self.name!r}, {self.trace_id}/{span_hex(self.span_id)}, ordinal={self.ordinal})"


def spans(body: bytes) -> Iterator[RawSpan]:
    """The spans of an inflated ExportTraceServiceRequest in document order.

    Raises Malformed when the body is none. A span with invalid ids is skipped, its ordinal too: the receiver has
    refused those, so one that is left was damaged at rest, and the count of spans tells.
    """
    try:
        request = shallow("Request").FromString(body)
    except DecodeError:
        raise Malformed("the body is not an ExportTraceServiceRequest") from None
    ordinal = 0
    for resource_spans in request.resource_spans:
        resource = resource_of(resource_spans.resource)
        resource_schema_url = values.text(resource_spans.schema_url)
        for scope_spans in resource_spans.scope_spans:
            scope = scope_of(scope_spans.scope)
            scope_schema_url = values.text(scope_spans.schema_url)
            for message in scope_spans.spans:
                span = _span(message, ordinal)
                ordinal += 1
                if span is not None:
                    span.resource = resource
                    span.resource_schema_url = resource_schema_url
                    span.scope = scope
                    span.scope_schema_url = scope_schema_url
                    yield span


def span_at(body: bytes, ordinal: int) -> RawSpan | None:
    """The span at that position of the batch, or None when there is none."""
    return next((span for span in spans(body) if span.ordinal == ordinal), None)


def _span(message: Any, ordinal: int) -> RawSpan | None:
    trace_id, span_id = message.trace_id, message.span_id
    if id_fault(trace_id, span_id):
        return None
    span = RawSpan()
    span.trace_id = trace_id.hex()
    span.span_id = span_int_from_bytes(span_id)
    parent = message.parent_span_id
    span.parent_id = (span_int_from_bytes(parent) or None) if len(parent) == 8 else None
    span.parent_invalid = len(parent) not in (0, 8)
    span.name = _name(message.name)
    span.kind = message.kind
    span.start_ns = message.start_time_unix_nano
    span.end_ns = message.end_time_unix_nano
    status = message.status
    if status:
        span.status_code, span.status_message = _status(status)
    else:
        span.status_code, span.status_message = 0, ""
    span.raw_attributes = message.attributes
    span.raw_events = message.events
    span.ordinal = ordinal
    span._message = message
    span._attributes = span._events = None
    return span


_names: dict[bytes, str] = {}
_statuses: dict[bytes, tuple[int, str]] = {}
_resources: dict[bytes, Resource] = {}
_scopes: dict[bytes, Scope] = {}


def _keep[T](cache: dict[bytes, T], raw: bytes, made: T, limit: int = _SMALL) -> T:
    if len(raw) <= limit:
        if len(cache) >= _CACHED:
            cache.clear()
        cache[raw] = made
    return made


def _name(raw: bytes) -> str:
    return _names.get(raw) or _keep(_names, raw, values.text(raw))


def _status(raw: bytes) -> tuple[int, str]:
    known = _statuses.get(raw)
    if known is None:
        message = _lenient("Status", raw)
        known = _keep(_statuses, raw, (message.code, values.text(message.message)))
    return known


def resource_of(raw: bytes) -> Resource:
    """The resource of those bytes."""
    known = _resources.get(raw)
    if known is None:
        message = _lenient("Resource", raw)
        raw_attributes = tuple(message.attributes)
        made = Resource(
            attributes=values.attributes(raw_attributes),
            dropped_attributes=message.dropped_attributes_count,
            raw_attributes=raw_attributes,
        )
        known = _keep(_resources, raw, made, 4 * _SMALL)
    return known


def scope_of(raw: bytes) -> Scope:
    """The scope of those bytes."""
    known = _scopes.get(raw)
    if known is None:
        message = _lenient("InstrumentationScope", raw)
        name_digest = blake2b(message.name, digest_size=2).digest()
        made = Scope(
            name=values.text(message.name),
            version=values.text(message.version),
            attributes=values.attributes(message.attributes),
            dropped_attributes=message.dropped_attributes_count,
            key=int.from_bytes(name_digest, "big", signed=True),
        )
        known = _keep(_scopes, raw, made)
    return known


def _event(raw: bytes) -> Event:
    message = _lenient("Event", raw)
    return Event(
        name=values.text(message.name),
        time_ns=message.time_unix_nano,
        attributes=values.attributes(message.attributes),
        dropped_attributes=message.dropped_attributes_count,
    )


def _link(raw: bytes) -> Link:
    message = _lenient("Link", raw)
    return Link(
        trace_id=message.trace_id.hex(),
        span_id=message.span_id.hex(),
        trace_state=values.text(message.trace_state),
        attributes=values.attributes(message.attributes),
        dropped_attributes=message.dropped_attributes_count,
        flags=message.flags,
    )


def _lenient(name: str, raw: bytes) -> Any:
    """The message, or an empty one when the bytes are none: one broken event must not cost its span."""
    message_class = shallow(name)
    try:
        return message_class.FromString(raw)
    except DecodeError:
        return message_class()
