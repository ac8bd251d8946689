"""A trace in its compact form: one line for each time an agent worked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from traces.queries.trace import SpanRow, known_sum, trace_spans
from traces.span import Flag, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

COUNTED = int(Flag.USAGE_COUNTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSpan:
    """One time an agent worked, with the tokens of the model calls that it made itself."""

    agent: str
    start_time: float  # epoch seconds
    duration_ms: float | None
    prompt_tokens: int | None
    completion_tokens: int | None
    error: str | None


def agent_spans(project_id: int, trace_id: str) -> list[AgentSpan] | None:
    """The agents' spans of a trace, by start, and model calls of agents that have no span; None: no such trace."""
    detail = trace_spans(project_id, trace_id)
    return None if detail is None else compacted(detail.spans)


def compacted(spans: list[SpanRow]) -> list[AgentSpan]:
    """One line for each agent span, and for each model call with an agent's name but no agent span above it."""
    by_id = {span.span_id: span for span in spans}
    owners: dict[int, int | None] = {}
    calls: dict[int, list[SpanRow]] = {span.span_id: [] for span in spans if span.kind == Kind.AGENT}
    for span in spans:
        if span.flags & COUNTED:
            owner = _owner(span, by_id, owners)
            if owner is not None:
                calls[owner].append(span)
            elif span.agent is not None:
                calls[span.span_id] = [span]
    return [_line(span, calls[span.span_id]) for span in spans if span.span_id in calls]


def _owner(span: SpanRow, by_id: Mapping[int, SpanRow], owners: dict[int, int | None]) -> int | None:
    """The nearest agent span above. `owners` remembers the answers; a cycle of parents has none."""
    path: list[int] = []
    owner: int | None = None
    above = None if span.parent_id is None else by_id.get(span.parent_id)
    while above is not None:
        if above.kind == Kind.AGENT:
            owner = above.span_id
            break
        if above.span_id in owners:
            owner = owners[above.span_id]
            break
        owners[above.span_id] = None
        path.append(above.span_id)
        above = None if above.parent_id is None else by_id.get(above.parent_id)
    for span_id in path:
        owners[span_id] = owner
    return owner


def _line(span: SpanRow, calls: list[SpanRow]) -> AgentSpan:
    return AgentSpan(
        agent=span.agent or span.name,
        start_time=span.start_ns / 1e9,
        duration_ms=None if span.duration_ns is None else span.duration_ns / 1e6,
        prompt_tokens=known_sum(call.input_tokens for call in calls),
        completion_tokens=known_sum(call.output_tokens for call in calls),
        error=span.error_message or span.error_type,
    )
