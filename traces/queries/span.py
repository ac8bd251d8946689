"""One span whole, read from the batch it arrived in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from ecoa_web.db.named_sql import named_sql
from traces.decode import RawSpan, span_at
from traces.dialects.conversation import Conversation
from traces.inbox.batch import inflated
from traces.logs.events import with_records
from traces.messages import conversation
from traces.normalise import normalise_explained
from traces.queries.reading import own_of
from traces.queries.records import records_of_span
from traces.queries.rows import fetch
from traces.queries.trace import SpanRow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SQL = named_sql(__file__)
NOT_KEPT = "batch_not_kept"  # a warning: its batch is older than the retention time, or damaged


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeSpan:
    """A span with what its sender said of it; `sent` is None when its batch is no longer there."""

    row: SpanRow  # not placed in its trace
    sent: RawSpan | None
    conversation: Conversation
    mapping: Mapping[str, str]  # our field: the source key it was read from
    warnings: Sequence[str]


def whole_span(project_id: int, trace_id: str, span_id: int) -> WholeSpan | None:
    """A span whole; None when the project has no such span."""
    found = fetch(SQL.span, project=project_id, trace=trace_id, span=span_id)
    if not found:
        return None
    *row, batch_id, day, ordinal = found[0]
    sent, received_ns = _sent(project_id, batch_id=batch_id, day=day, ordinal=ordinal)
    if sent is None:
        return WholeSpan(row=SpanRow(*row), sent=None, conversation=Conversation(), mapping={}, warnings=[NOT_KEPT])
    tables = own_of(project_id).ruled.of(sent.scope.name)
    normalised, mapping = normalise_explained(sent, received_ns, tables)
    return WholeSpan(
        row=SpanRow(*row),
        sent=sent,
        conversation=conversation(with_records(sent, records_of_span(project_id, trace_id, span_id))),
        mapping=mapping,
        warnings=normalised.warnings,
    )


def _sent(project_id: int, *, batch_id: int, day: date, ordinal: int) -> tuple[RawSpan | None, int]:
    """The span as it was sent, and when it arrived."""
    found = fetch(SQL.batch, batch=batch_id, day=day, project=project_id)
    if not found:
        return None, 0
    body, received_ns = found[0]
    return span_at(inflated(bytes(body)), ordinal), received_ns
