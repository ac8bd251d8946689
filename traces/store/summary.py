"""What the list of traces shows of one trace, computed from its spans.

Pure, and the same for any order of the spans. A trace that arrives in pieces is merged piece by piece, nearly right at
once, and computed again from all its spans when it settles.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import fsum
from operator import attrgetter
from typing import TYPE_CHECKING

from traces.settle import PENDING, UNPRICED, USAGE_COUNTED
from traces.span import Kind, Status, TraceStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from traces.settle import Decided
    from traces.span import Span

MOST_NAMES = 50  # agents, models, … kept of one trace
ERROR, WAITING = Status.ERROR, Status.WAITING
order_of_start = attrgetter("span.start_ns", "span.span_id")


@dataclass(slots=True, kw_only=True)
class Summary:
    """The columns of traces_trace that follow from a trace's spans."""

    start_ns: int
    end_ns: int | None
    root_id: int | None
    root_start_ns: int | None  # orders two roots
    cost: float | None
    tokens_in: int | None
    tokens_cache_read: int | None
    tokens_cache_write: int | None
    tokens_out: int | None
    tokens_reasoning: int | None
    span_count: int
    error_count: int
    open_count: int
    waiting_count: int
    unpriced_calls: int
    status: TraceStatus
    name: str | None
    service: str | None
    pipeline: str | None
    version: str | None
    environment: str | None
    input_preview: str | None
    output_preview: str | None
    agents: list[str]
    models: list[str]
    services: list[str]
    tools: list[str]
    sessions: list[str]
    users: list[str]


def summarise(decided: Sequence[Decided]) -> Summary:
    """The summary of these spans (at least one)."""
    ordered = sorted(decided, key=order_of_start)
    spans = [one.span for one in ordered]
    root = _root(spans)
    head = root or spans[0]
    ends = [span.end_ns for span in spans if span.end_ns is not None]
    counted = [one for one in ordered if one.flags & USAGE_COUNTED]
    open_count = sum(1 for one in ordered if one.flags & PENDING)
    waiting_count = _waiting(spans)
    return Summary(
        start_ns=spans[0].start_ns,
        end_ns=max(ends) if ends else None,
        root_id=root.span_id if root else None,
        root_start_ns=root.start_ns if root else None,
        cost=_cost(counted),
        **_tokens(counted),
        span_count=len(spans),
        error_count=sum(1 for span in spans if span.status is ERROR),
        open_count=open_count,
        waiting_count=waiting_count,
        unpriced_calls=sum(1 for one in counted if one.flags & UNPRICED),
        status=_status(root, open_count=open_count, waiting_count=waiting_count),
        name=head.name,
        service=_first(head.service, (span.service for span in spans)),
        pipeline=_first(head.pipeline, (span.pipeline for span in spans)),
        version=_first(head.version, (span.version for span in spans)),
        environment=_first(head.environment, (span.environment for span in spans)),
        input_preview=root.input_preview if root else None,
        output_preview=root.output_preview if root else None,
        agents=_distinct([span.agent for span in spans]),
        models=_distinct([span.model for span in spans]),
        services=_distinct([span.service for span in spans]),
        tools=_distinct([span.tool for span in spans]),
        sessions=_distinct([span.session for span in spans]),
        users=_distinct([span.user for span in spans]),
    )


def merge(old: Summary, new: Summary, *, replaced: int) -> Summary:
    """A stored summary with more spans. `replaced` of them were stored before as pending."""
    head, tail = (new, old) if _leads(new, old) else (old, new)
    open_count = old.open_count + new.open_count - replaced
    waiting_count = old.waiting_count + new.waiting_count
    return replace(
        head,
        start_ns=min(old.start_ns, new.start_ns),
        end_ns=max((end for end in (old.end_ns, new.end_ns) if end is not None), default=None),
        cost=_sum(old.cost, new.cost),
        tokens_in=_sum(old.tokens_in, new.tokens_in),
        tokens_cache_read=_sum(old.tokens_cache_read, new.tokens_cache_read),
        tokens_cache_write=_sum(old.tokens_cache_write, new.tokens_cache_write),
        tokens_out=_sum(old.tokens_out, new.tokens_out),
        tokens_reasoning=_sum(old.tokens_reasoning, new.tokens_reasoning),
        span_count=old.span_count + new.span_count - replaced,
        error_count=old.error_count + new.error_count,
        open_count=open_count,
        waiting_count=waiting_count,
        unpriced_calls=old.unpriced_calls + new.unpriced_calls,
        status=_merged_status(head, open_count=open_count, waiting_count=waiting_count),
        service=head.service or tail.service,
        pipeline=head.pipeline or tail.pipeline,
        version=head.version or tail.version,
        environment=head.environment or tail.environment,
        agents=_distinct([*old.agents, *new.agents]),
        models=_distinct([*old.models, *new.models]),
        services=_distinct([*old.services, *new.services]),
        tools=_distinct([*old.tools, *new.tools]),
        sessions=_distinct([*old.sessions, *new.sessions]),
        users=_distinct([*old.users, *new.users]),
    )


def _root(ordered: Iterable[Span]) -> Span | None:
    """The earliest span without a parent."""
    for span in ordered:
        if span.parent_id is None or span.parent_id == span.span_id:
            return span
    return None


def _waiting(ordered: Sequence[Span]) -> int:
    """How many spans wait for a person still: nothing of the trace started after they began to wait."""
    last_start = ordered[-1].start_ns
    return sum(
        1
        for span in ordered
        if (span.status is WAITING and (span.end_ns is None or span.end_ns >= last_start))
        or (span.pending and span.kind is Kind.HUMAN)
    )


def _status(root: Span | None, *, open_count: int, waiting_count: int) -> TraceStatus:
    if waiting_count:
        return TraceStatus.WAITING
    if root is None or open_count:
        return TraceStatus.OPEN
    return TraceStatus.ERROR if root.status is ERROR else TraceStatus.OK


def _merged_status(head: Summary, *, open_count: int, waiting_count: int) -> TraceStatus:
    if waiting_count:
        return TraceStatus.WAITING
    if head.root_id is None or open_count:
        return TraceStatus.OPEN
    return head.status if head.status in (TraceStatus.OK, TraceStatus.ERROR) else TraceStatus.OPEN


def _leads(one: Summary, other: Summary) -> bool:
    """Whether `one` names the trace: it has the earlier root, or no one has a root and it starts earlier."""
    if one.root_start_ns is None or one.root_id is None:
        return other.root_start_ns is None and one.start_ns < other.start_ns
    if other.root_start_ns is None or other.root_id is None:
        return True
    # The same root twice: a pending one and then itself. The newer says more.
    return one.root_id == other.root_id or (one.root_start_ns, one.root_id) < (other.root_start_ns, other.root_id)


def _tokens(counted: Sequence[Decided]) -> dict[str, int | None]:
    usages = [one.span.usage for one in counted if one.span.usage is not None]
    return {
        "tokens_in": _total([usage.uncached for usage in usages]),
        "tokens_cache_read": _total([usage.cache_read for usage in usages]),
        "tokens_cache_write": _total([usage.cache_write for usage in usages]),
        "tokens_out": _total([usage.output_text for usage in usages]),
        "tokens_reasoning": _total([usage.reasoning for usage in usages]),
    }


def _cost(counted: Sequence[Decided]) -> float | None:
    """fsum: the same for any order."""
    costs = [one.span.cost for one in counted if one.span.cost is not None]
    return fsum(costs) if costs else None


def _total(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _sum[Number: (int, float)](one: Number | None, other: Number | None) -> Number | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other


def _first(own: str | None, others: Iterable[str | None]) -> str | None:
    return own or next((other for other in others if other), None)


def _distinct(names: Sequence[str | None]) -> list[str]:
    """In order of first appearance, without None, bounded."""
    found = dict.fromkeys(names)
    found.pop(None, None)
    return [name for name in found if name is not None][:MOST_NAMES]
