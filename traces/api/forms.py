"""The JSON forms of what queries answer. Plain dicts made for orjson, since a trace has thousands of spans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from django.http import HttpResponse

from traces.ids import span_hex
from traces.queries.window import to_datetime
from traces.span import Flag, Kind, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from traces.decode import Event, Link, Scope
    from traces.queries.span import WholeSpan
    from traces.queries.trace import Skeleton, SpanRow, TraceDetail
    from traces.queries.traces import TracePage, TraceRow

type Json = dict[str, Any]  # a JSON object

KINDS = {kind.value: kind.name.lower() for kind in Kind}
STATUSES = {status.value: status.name.lower() for status in Status}
# Plain integers: an IntFlag's operators cost a microsecond each, three times a span.
INHERITED, COUNTED, PENDING = int(Flag.AGENT_INHERITED), int(Flag.USAGE_COUNTED), int(Flag.PENDING)
TEXT_COLUMNS = ("name", "service", "agent", "model", "tool", "error_type", "error_message")
PLACE = frozenset(("self_ms", "critical", "error_origin"))
CHUNK = 500


def answer(payload: object) -> HttpResponse:
    """A JSON answer. Dataclasses become objects of their fields."""
    return HttpResponse(orjson.dumps(payload), content_type="application/json")


def listed(rows: Iterable[object], *, cursor: str | None = None) -> HttpResponse:
    """The answer of a list."""
    return answer({"results": list(rows), "next": cursor})


def found(page: TracePage) -> HttpResponse:
    """The answer of a list of traces; one that asked for text says how far back it looked."""
    told: Json = {"results": list(map(trace_form, page.rows)), "next": page.next}
    if page.searched is not None:
        back_to = page.searched.back_to_ns
        told["search"] = {
            "complete": back_to is None,
            "back_to": None if back_to is None else rfc3339(back_to),
            "unindexed_batches": page.searched.unindexed,
        }
    return answer(told)


def trace_form(row: TraceRow) -> Json:
    """A trace as lists show it."""
    return {
        "trace_id": row.trace_id,
        "name": row.name,
        "status": row.status,
        "start_time": rfc3339(row.start_ns),
        "duration_ms": row.duration_ms,
        "span_count": row.span_count,
        "error_count": row.error_count,
        "input_tokens": row.input_tokens,
        "output_tokens": row.output_tokens,
        "cost_usd": row.cost_usd,
        "agents": row.agents,
        "models": row.models,
        "service": row.service,
        "session_id": row.sessions[0] if row.sessions else None,
        "user_id": row.users[0] if row.users else None,
        "root_missing": row.root_missing,
    }


def detail_bytes(detail: TraceDetail) -> bytes:
    """A trace with its spans. Encoded in chunks: the dicts of 50,000 spans would hold 100 MB."""
    row = detail.summary
    head = trace_form(row) | {"sessions": row.sessions, "users": row.users}
    head |= {"seq": row.seq, "truncated": detail.truncated}
    spans = b",".join(_chunks(detail.spans))
    return b'%b,"spans":[%b]}' % (orjson.dumps(head)[:-1], spans)


def span_form(span: SpanRow) -> Json:
    """A span as a trace lists it."""
    flags, duration_ns = span.flags, span.duration_ns
    failed = span.status == Status.ERROR or span.error_type is not None or span.error_message is not None
    return {
        "span_id": span_hex(span.span_id),
        "parent_span_id": None if span.parent_id is None else span_hex(span.parent_id),
        "name": span.name,
        "kind": KINDS[span.kind],
        "status": STATUSES[span.status],
        "agent": span.agent,
        "agent_inherited": flags & INHERITED != 0,
        "model": span.model,
        "request_model": span.request_model,
        "provider": span.provider,
        "tool": span.tool,
        "service": span.service,
        "session_id": span.session,
        "user_id": span.user,
        "start_ns": str(span.start_ns),
        "end_ns": None if duration_ns is None else str(span.start_ns + duration_ns),
        "duration_ms": None if duration_ns is None else duration_ns / 1e6,
        "self_ms": None if span.self_ns is None else span.self_ns / 1e6,
        "critical": span.critical,
        "attempt": span.attempt,
        "input_tokens": span.input_tokens,
        "output_tokens": span.output_tokens,
        "cache_read_tokens": span.tokens_cache_read,
        "cache_write_tokens": span.tokens_cache_write,
        "reasoning_tokens": span.tokens_reasoning,
        "usage_counted": flags & COUNTED != 0,
        "cost_usd": span.cost,
        "ttft_ms": None if span.ttft_ns is None else span.ttft_ns / 1e6,
        "error": {"type": span.error_type, "message": span.error_message} if failed else None,
        "error_origin": span.error_origin,
        "pending": flags & PENDING != 0,
    }


def whole_span_form(span: WholeSpan) -> Json:
    """A span whole. What only its trace can tell (self time, critical path, origin of an error) is not in it."""
    form = {name: value for name, value in span_form(span.row).items() if name not in PLACE}
    sent = span.sent
    return form | {
        "attributes": sent.attributes if sent else {},
        "resource": sent.resource.attributes if sent else {},
        "scope": _scope_form(sent.scope) if sent else None,
        "events": [_event_form(event) for event in sent.events] if sent else [],
        "links": [_link_form(link) for link in sent.links] if sent else [],
        "messages": {
            "system": span.conversation.system,
            "input": span.conversation.input,
            "output": span.conversation.output,
        },
        "mapping": span.mapping,
        "warnings": list(span.warnings),
    }


def skeleton_form(skeleton: Skeleton) -> Json:
    """A trace in columns; its texts are places in one table of strings."""
    row = skeleton.summary
    places: dict[str, int] = {}
    columns: dict[str, Iterable[object]] = dict(skeleton.columns)
    for name in TEXT_COLUMNS:
        columns[name] = [
            None if text is None else places.setdefault(text, len(places)) for text in skeleton.columns[name]
        ]
    return {
        "trace_id": row.trace_id,
        "name": row.name,
        "status": row.status,
        "start_ns": str(row.start_ns),
        "end_ns": None if row.end_ns is None else str(row.end_ns),
        "span_count": row.span_count,
        "error_count": row.error_count,
        "root_missing": row.root_missing,
        "seq": row.seq,
        "truncated": skeleton.truncated,
        "strings": list(places),
        "columns": columns,
    }


def rfc3339(ns: int) -> str:
    """A time in UTC with a fraction, to the microsecond."""
    return f"{to_datetime(ns).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def _scope_form(scope: Scope) -> Json:
    return {"name": scope.name, "version": scope.version, "attributes": scope.attributes}


def _event_form(event: Event) -> Json:
    return {"name": event.name, "time_ns": str(event.time_ns), "attributes": event.attributes}


def _link_form(link: Link) -> Json:
    return {"trace_id": link.trace_id, "span_id": link.span_id, "attributes": link.attributes}


def _chunks(spans: list[SpanRow]) -> Iterator[bytes]:
    for start in range(0, len(spans), CHUNK):
        yield orjson.dumps([span_form(span) for span in spans[start : start + CHUNK]])[1:-1]
