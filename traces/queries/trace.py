"""One trace: its spans in full, or the skeleton a waterfall draws."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from ecoa_web.db.named_sql import named_sql
from traces.queries.rows import Row, fetch
from traces.queries.traces import TraceRow, trace_summary
from traces.span import Kind, Status
from traces.tree import Node, Placed, analyse

SQL = named_sql(__file__)
ATTEMPT = 8  # its place in a SpanRow
MOST_SPANS = 50_000
MOST_SKELETON_SPANS = 100_000
SKELETON_COLUMNS = (
    "id", "parent", "start", "duration", "ttft", "kind", "status", "flags", "attempt", "name", "service", "agent",
    "model", "tool", "error_type", "error_message", "input_tokens", "output_tokens", "cost",
)  # fmt: skip


class SpanRow(NamedTuple):
    """A span as its row tells it, placed in its trace. A tuple, because 5,000 frozen dataclasses cost 50 ms to make."""

    span_id: int
    parent_id: int | None
    name: str
    kind: int  # traces.span.Kind
    status: int  # traces.span.Status
    flags: int  # traces.span.Flag
    start_ns: int
    duration_ns: int | None  # None: not ended
    attempt: int | None
    seq: int
    service: str | None
    agent: str | None
    model: str | None
    request_model: str | None
    provider: str | None
    tool: str | None
    session: str | None
    user: str | None
    error_type: str | None
    error_message: str | None
    tokens_in: int | None
    tokens_cache_read: int | None
    tokens_cache_write: int | None
    tokens_out: int | None
    tokens_reasoning: int | None
    cost: float | None
    ttft_ns: int | None
    self_ns: int | None = None  # this and the next two: None where the span was not placed in its trace
    critical: bool | None = None
    error_origin: bool | None = None

    @property
    def input_tokens(self) -> int | None:
        """All input tokens, cached ones included; None when none are known."""
        return known_sum((self.tokens_in, self.tokens_cache_read, self.tokens_cache_write))

    @property
    def output_tokens(self) -> int | None:
        """All output tokens, reasoning included; None when none are known."""
        return known_sum((self.tokens_out, self.tokens_reasoning))


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceDetail:
    """A trace and its spans by start, or those written after a seq."""

    summary: TraceRow
    spans: list[SpanRow]
    truncated: bool  # it has more spans than are read


@dataclass(frozen=True, slots=True, kw_only=True)
class Skeleton:
    """A trace and its spans by start, column by column (SKELETON_COLUMNS); `start` counts from the trace's."""

    summary: TraceRow
    columns: dict[str, tuple[Any, ...]]
    truncated: bool


def trace_spans(project_id: int, trace_id: str, *, after_seq: int = 0) -> TraceDetail | None:
    """A trace with the spans written after a seq (0: all); None when the project has no such trace."""
    summary = trace_summary(project_id, trace_id)
    if summary is None:
        return None
    if after_seq >= summary.seq:
        return TraceDetail(summary=summary, spans=[], truncated=False)
    found = fetch(SQL.spans, **_extent(project_id, summary), limit=MOST_SPANS + 1)
    spans = placed(found[:MOST_SPANS])
    return TraceDetail(
        summary=summary,
        spans=[span for span in spans if span.seq > after_seq] if after_seq else spans,
        truncated=len(found) > MOST_SPANS,
    )


def skeleton(project_id: int, trace_id: str, *, after_seq: int = 0) -> Skeleton | None:
    """The spans written after a seq (0: all), as the waterfall draws them; None when there is no such trace."""
    summary = trace_summary(project_id, trace_id)
    if summary is None:
        return None
    found: list[Row] = []
    if after_seq < summary.seq:
        extent = _extent(project_id, summary)
        found = fetch(SQL.skeleton, **extent, base=summary.start_ns, after=after_seq, limit=MOST_SKELETON_SPANS + 1)
    columns = zip(*found[:MOST_SKELETON_SPANS], strict=True) if found else [() for _ in SKELETON_COLUMNS]
    return Skeleton(
        summary=summary,
        columns=dict(zip(SKELETON_COLUMNS, columns, strict=True)),
        truncated=len(found) > MOST_SKELETON_SPANS,
    )


def placed(rows: list[Row]) -> list[SpanRow]:
    """Rows of the statement `spans` with what only the whole trace tells of each."""
    spans = [SpanRow(*row) for row in rows]
    places = analyse(map(_node, spans))
    return [_in_place(span, places[span.span_id]) for span in spans]


def _in_place(span: SpanRow, place: Placed) -> SpanRow:
    known = (*span[:ATTEMPT], place.attempt, *span[ATTEMPT + 1 : -3])
    return SpanRow._make((*known, place.self_ns, place.critical, place.error_origin))


def _node(span: SpanRow) -> Node:
    end_ns = None if span.duration_ns is None else span.start_ns + span.duration_ns
    is_error = span.status == Status.ERROR
    return Node(span.span_id, span.parent_id, span.start_ns, end_ns, is_error, span.name, Kind(span.kind), span.attempt)


def known_sum(tokens: Iterable[int | None]) -> int | None:
    """The sum of what is known; None when nothing is."""
    known = [count for count in tokens if count is not None]
    return sum(known) if known else None


def _extent(project_id: int, summary: TraceRow) -> dict[str, object]:
    """Which rows are a trace's; the days spare the partitions that cannot hold any."""
    days = {"first_day": summary.first_day, "last_day": summary.last_day}
    return {"trace": summary.trace_id, "project": project_id, **days}
