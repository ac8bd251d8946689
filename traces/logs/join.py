"""Which span a log record belongs to, and what it adds to that span. Pure: the same for any order of both.

1. A record with a span id is that span's.
2. One without is that of the model call with its response id; else of the call of its model that was just ending when
   the record was written, each call taking one record.
3. A record fills what a model call leaves unsaid: tokens, reported cost, model. What the span says itself stands, and
   of several records the first that tells counts, so nothing is added twice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from traces.span import MODEL_KINDS, Flag, Usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from traces.span import Span

LATE_NS = 2_000_000_000  # a record is written this long after its call ended, at most
USAGE, COST, MODEL = int(Flag.USAGE_LOGGED), int(Flag.COST_LOGGED), int(Flag.MODEL_LOGGED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """A stored record that tells of a model call."""

    span_id: int | None
    time_ns: int
    digest: int
    model: str | None
    provider: str | None
    response_key: int | None
    usage: Usage | None
    cost: float | None


def filled(spans: Sequence[Span], records: Iterable[Logged]) -> list[Span]:
    """The spans, those of them that records complete replaced by completed ones."""
    calls = {span.span_id: span for span in spans if span.kind in MODEL_KINDS}
    of_span: dict[int, list[Logged]] = {}
    taken: set[int] = set()
    for record in sorted({one.digest: one for one in records}.values(), key=lambda one: (one.time_ns, one.digest)):
        span_id = record.span_id if record.span_id is not None else _nearest(calls.values(), record, taken)
        if span_id in calls:
            of_span.setdefault(span_id, []).append(record)
    return [_completed(span, of_span[span.span_id]) if span.span_id in of_span else span for span in spans]


def _nearest(calls: Iterable[Span], record: Logged, taken: set[int]) -> int | None:
    """The call that a record without a span id is about."""
    found: list[tuple[bool, int, int]] = []
    for span in calls:
        answers = record.response_key is not None and span.response_key == record.response_key
        if not answers and (span.span_id in taken or not _fits(span, record)):
            continue
        end = span.end_ns if span.end_ns is not None else record.time_ns
        found.append((not answers, abs(record.time_ns - end), span.span_id))
    if not found:
        return None
    span_id = min(found)[2]
    taken.add(span_id)
    return span_id


def _fits(span: Span, record: Logged) -> bool:
    if record.response_key is not None and span.response_key is not None:
        return False
    names = (span.model, span.request_model)
    if record.model is not None and span.model is not None and record.model not in names:
        return False
    return span.start_ns <= record.time_ns and (span.end_ns is None or record.time_ns <= span.end_ns + LATE_NS)


def _completed(span: Span, records: Sequence[Logged]) -> Span:
    logged = 0
    usage, cost, model, provider = span.usage, span.reported_cost, span.model, span.provider
    for record in records:
        if usage is None and record.usage is not None:
            usage, logged = record.usage, logged | USAGE
        if cost is None and record.cost is not None:
            cost, logged = record.cost, logged | COST
        if model is None and record.model is not None:
            model, provider, logged = record.model, provider or record.provider, logged | MODEL
    if not logged:
        return span
    return replace(span, usage=usage, reported_cost=cost, model=model, provider=provider, logged=logged)
