"""One trace: its spans in full, or the skeleton a waterfall draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from traces.queries.traces import TraceRow


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
    self_ns: int
    critical: bool
    error_origin: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceDetail:
    """A trace and its spans by start, or those written after a seq."""

    summary: TraceRow
    spans: list[SpanRow]
    truncated: bool  # it has more spans than are read


def trace_spans(project_id: int, trace_id: str, *, after_seq: int = 0) -> TraceDetail | None:
    """A trace with the spans written after a seq (0: all); None when the project has no such trace."""
    raise NotImplementedError


def skeleton(project_id: int, trace_id: str, *, after_seq: int = 0) -> bytes | None:
    """What the waterfall draws, as JSON in columns (see docs/skeleton.md); None when the project has no such trace."""
    raise NotImplementedError
