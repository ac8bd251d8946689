"""Puts into the database what a test wants to find there: spans by the way that real ones take, or a row by itself."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
from django.db import connection
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from psycopg import sql
from psycopg.conninfo import make_conninfo

from traces.inbox.batch import Batch, Signal, body_digest, compressed
from traces.inbox.writer import InboxWriter
from traces.rollups.keys import Keys
from traces.store.group import Store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A span as a client sends it. Times are milliseconds after the trace's start."""

    name: str
    id: int
    parent: int | None = None
    start_ms: float = 0
    duration_ms: float = 100
    attributes: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    error: str | None = None  # an exception's type; its message is "it broke"


def send(
    project_id: int, spans: Sequence[Sent], *, trace_id: str | None = None, service: str = "shop", ago_s: float = 60
) -> str:
    """Store one trace's spans as the receiver and a worker do, committed; its id. Its start is so long ago."""
    trace_id = trace_id or uuid4().hex
    base_ns = time.time_ns() - int(ago_s * 1e9)
    body = _request(spans, trace_id=trace_id, service=service, base_ns=base_ns).SerializeToString()
    batch = Batch(
        project_id=project_id,
        key_id=0,
        signal=Signal.TRACES,
        digest=body_digest(project_id, Signal.TRACES, body),
        body=compressed(body),
        spans=len(spans),
    )
    inbox = InboxWriter(conninfo())
    inbox.write([batch])
    inbox.disconnect()
    with psycopg.connect(conninfo(), autocommit=True) as conn:
        store = Store(conn, Keys())
        while store.next_group():
            pass
    return trace_id


def make_trace(project_id: int, **columns: Any) -> str:
    """One row of traces_trace inside the test's transaction, with what is not said made up; its id."""
    today = datetime.now(UTC).date()
    now_ns = time.time_ns()
    row = {
        "trace_id": uuid4().hex,
        "project_id": project_id,
        "first_day": today,
        "last_day": today,
        "last_seen": datetime.now(UTC),
        "start_ns": now_ns - 60 * 10**9,
        "end_ns": now_ns - 59 * 10**9,
        "root_id": 1,
        "span_count": 1,
        "error_count": 0,
        "status": 1,
        "name": "order",
    } | columns
    _insert("traces_trace", row)
    return str(row["trace_id"])


def make_span(project_id: int, trace_id: str, **columns: Any) -> None:
    """One row of traces_span inside the test's transaction, with what is not said made up."""
    row = {
        "trace_id": trace_id,
        "span_id": uuid4().int >> 65,
        "start_ns": time.time_ns() - 60 * 10**9,
        "duration_ns": 10**9,
        "batch_id": 1,
        "project_id": project_id,
        "day": datetime.now(UTC).date(),
        "ordinal": 0,
        "seq": 1,
        "kind": 0,
        "status": 1,
        "flags": 0,
        "name": "step",
    } | columns
    _insert("traces_span", row)


def conninfo() -> str:
    """libpq's address of the test database."""
    connection.ensure_connection()
    info = connection.connection.info
    return make_conninfo(host=info.host, port=info.port, user=info.user, dbname=info.dbname)


def _insert(table: str, row: Mapping[str, Any]) -> None:
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(map(sql.Placeholder, row)),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, row)


def _request(spans: Sequence[Sent], *, trace_id: str, service: str, base_ns: int) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.append(_attribute("service.name", service))
    scope = group.scope_spans.add()
    scope.scope.name = "tests"
    scope.spans.extend(_span(sent, trace_id, base_ns) for sent in spans)
    return request


def _span(sent: Sent, trace_id: str, base_ns: int) -> Span:
    start_ns = base_ns + int(sent.start_ms * MS)
    span = Span(
        trace_id=bytes.fromhex(trace_id),
        span_id=sent.id.to_bytes(8, "big", signed=True),
        parent_span_id=b"" if sent.parent is None else sent.parent.to_bytes(8, "big", signed=True),
        name=sent.name,
        start_time_unix_nano=start_ns,
        end_time_unix_nano=start_ns + int(sent.duration_ms * MS),
        attributes=[_attribute(key, value) for key, value in sent.attributes.items()],
    )
    if sent.error is not None:
        span.status.code = span.status.STATUS_CODE_ERROR
        event = span.events.add(name="exception", time_unix_nano=start_ns)
        event.attributes.append(_attribute("exception.type", sent.error))
        event.attributes.append(_attribute("exception.message", "it broke"))
    return span


def _attribute(key: str, value: str | float | bool) -> KeyValue:
    match value:
        case bool():
            return KeyValue(key=key, value=AnyValue(bool_value=value))
        case int():
            return KeyValue(key=key, value=AnyValue(int_value=value))
        case float():
            return KeyValue(key=key, value=AnyValue(double_value=value))
        case _:
            return KeyValue(key=key, value=AnyValue(string_value=value))
