"""What traces were asked and answered, read from the batches that the telling spans arrived in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from ecoa_web.db.named_sql import named_sql
from traces.dialects.conversation import Conversation
from traces.logs.events import with_records
from traces.messages import conversation
from traces.queries.bodies import Place, sent_spans
from traces.queries.records import records_of_trace
from traces.queries.rows import fetch
from traces.span import Kind
from traces.transcript.turn import Heard, answer_of, question_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from traces.decode import RawSpan
    from traces.logs.record import Record
    from traces.queries.rows import Row
    from traces.queries.traces import TraceRow

SQL = named_sql(__file__)
MOST_BYTES = 64_000_000  # of batches, inflated


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A trace as one turn of its session's conversation."""

    row: TraceRow
    question: str | None  # None: no span says it
    answer: str | None
    error_type: str | None  # of the failed span that began last, where one failed
    error_message: str | None


class _Telling(NamedTuple):
    """A span that may tell, and where the whole of it stands."""

    span_id: int
    heard: Heard  # without its words
    place: Place


def turns_of(project_id: int, rows: Sequence[TraceRow]) -> list[Turn]:
    """The traces with what they were asked and answered, in the same order."""
    if not rows:
        return []
    extent = {"first_day": min(row.first_day for row in rows), "last_day": max(row.last_day for row in rows)}
    found = fetch(SQL.spans, project=project_id, traces=[row.trace_id for row in rows], **extent)
    telling, faults = _sorted_out(found)
    places = {one.place for some in telling.values() for one in some}
    sent = dict(sent_spans(project_id, places, most_bytes=MOST_BYTES))
    return [_turn(project_id, row, telling.get(row.trace_id, ()), sent, faults.get(row.trace_id)) for row in rows]


def _sorted_out(found: Sequence[Row]) -> tuple[dict[str, list[_Telling]], dict[str, tuple[str | None, str | None]]]:
    telling: dict[str, list[_Telling]] = {}
    faults: dict[str, tuple[str | None, str | None]] = {}
    for trace_id, span_id, kind, rooted, began, ended, failed, start_ns, end_ns, *rest in found:
        error_type, error_message, *place = rest
        if failed:
            faults[trace_id] = (error_type, error_message)
        if (began or ended) and (rooted or kind in (Kind.AGENT, Kind.LLM)):
            times = {"start_ns": start_ns, "end_ns": end_ns}
            heard = Heard(kind=kind, rooted=rooted, began=began, ended=ended, **times, conversation=Conversation())
            telling.setdefault(trace_id, []).append(_Telling(span_id, heard, Place(*place)))
    return telling, faults


def _turn(
    project_id: int,
    row: TraceRow,
    telling: Sequence[_Telling],
    sent: Mapping[Place, RawSpan],
    fault: tuple[str | None, str | None] | None,
) -> Turn:
    spans = [(one, sent[one.place]) for one in telling if one.place in sent]
    question, answer = _told(spans, {})
    if question is None or answer is None:
        records = records_of_trace(project_id, row.trace_id)
        if records:
            question, answer = _told(spans, records)
    error_type, error_message = fault or (None, None)
    return Turn(
        row=row,
        question=question or row.input_preview,
        answer=answer or row.output_preview,
        error_type=error_type,
        error_message=error_message,
    )


def _told(
    spans: Sequence[tuple[_Telling, RawSpan]], records: Mapping[int | None, Sequence[Record]]
) -> tuple[str | None, str | None]:
    """What these spans and the log records of them say was asked and answered."""
    heard = [
        replace(one.heard, conversation=conversation(with_records(raw, records.get(one.span_id, ()))))
        for one, raw in spans
    ]
    return question_of(heard), answer_of(heard)
