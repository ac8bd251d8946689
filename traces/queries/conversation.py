"""A trace as a readable transcript: what its first model calls say, read from the batches they arrived in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ecoa_web.db.named_sql import named_sql
from traces.logs.events import with_records
from traces.messages import conversation
from traces.queries.bodies import Place, sent_spans
from traces.queries.records import records_of_trace
from traces.queries.rows import Row, fetch
from traces.queries.traces import TraceRow, trace_summary
from traces.span import Flag, Kind
from traces.transcript import Entry, Said, transcript

if TYPE_CHECKING:
    from collections.abc import Sequence

SQL = named_sql(__file__)
COUNTED = int(Flag.USAGE_COUNTED)
SPEAKING = frozenset({Kind.AGENT, Kind.TOOL, Kind.RETRIEVER, Kind.HUMAN})
MOST_SPANS = 50_000
MOST_OTHERS = 2_000  # spans of agents and tools that are read beside the model calls
MOST_BYTES = 128_000_000  # of batches, inflated
MOST_MESSAGES = 100_000  # read, most of them sent again and again


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceConversation:
    """The transcript of a trace, or of its first model calls."""

    summary: TraceRow
    calls: int  # model calls that it covers
    all_calls: int
    truncated: bool  # the trace has more calls or spans
    unread: int  # spans whose words are missing: their batch is no longer kept, or there was too much to read
    entries: list[Entry]


def trace_conversation(project_id: int, trace_id: str, *, calls: int) -> TraceConversation | None:
    """What is said in a trace, up to so many model calls; None when the project has no such trace."""
    summary = trace_summary(project_id, trace_id)
    if summary is None:
        return None
    extent = {"first_day": summary.first_day, "last_day": summary.last_day}
    found = fetch(SQL.spans, trace=trace_id, project=project_id, **extent, limit=MOST_SPANS + 1)
    spans, places = _spans(found[:MOST_SPANS])
    wanted, shown = _wanted(spans, calls=calls)
    heard = _heard(project_id, trace_id, wanted, places)
    all_calls = sum(1 for said in spans if said.kind == Kind.LLM)
    covered = sum(1 for said in shown if said.kind == Kind.LLM)
    return TraceConversation(
        summary=summary,
        calls=covered,
        all_calls=all_calls,
        truncated=covered < all_calls or len(found) > MOST_SPANS,
        unread=len(wanted) - len(heard),
        entries=transcript(heard.get(said.span_id, said) for said in shown),
    )


def _spans(rows: Sequence[Row]) -> tuple[list[Said], dict[int, Place]]:
    """What the rows tell of each span, and where the whole of it stands."""
    spans, places = [], {}
    for span_id, parent_id, kind, status, flags, start_ns, duration_ns, *words, batch_id, day, ordinal in rows:
        name, agent, model, tool, error_type, error_message, input_tokens, output_tokens, cost = words
        places[span_id] = Place(batch_id, day, ordinal)
        spans.append(
            Said(
                span_id=span_id,
                parent_id=parent_id,
                kind=kind,
                status=status,
                start_ns=start_ns,
                duration_ns=duration_ns,
                name=name,
                agent=agent,
                model=model,
                tool=tool,
                error_type=error_type,
                error_message=error_message,
                counted=flags & COUNTED != 0,
                input_tokens=input_tokens,
                output_tokens=output_tokens,
                cost=cost,
            )
        )
    return spans, places


def _wanted(spans: list[Said], *, calls: int) -> tuple[list[Said], list[Said]]:
    """The spans to read, and those to show: all before the first call that is one too many."""
    models = [said for said in spans if said.kind == Kind.LLM]
    if len(models) > calls:
        spans = spans[: spans.index(models[calls])]
    present = {said.span_id for said in spans}
    others = [said for said in spans if said.kind in SPEAKING or said.parent_id not in present]
    others = [said for said in others if said.kind != Kind.LLM][:MOST_OTHERS]
    return models[:calls] + others, spans


def _heard(project_id: int, trace_id: str, wanted: Sequence[Said], places: dict[int, Place]) -> dict[int, Said]:
    """These spans with what they say; those whose batch is no longer kept, or was too much to read, are missing."""
    records = records_of_trace(project_id, trace_id)
    by_place = {places[said.span_id]: said for said in wanted}
    heard: dict[int, Said] = {}
    messages = 0
    for place, raw in sent_spans(project_id, by_place, most_bytes=MOST_BYTES):
        said = by_place[place]
        spoken = conversation(with_records(raw, records.get(said.span_id, ())))
        messages += len(spoken.input) + len(spoken.output)
        if messages > MOST_MESSAGES:
            break
        silent = not (spoken.system or spoken.input or spoken.output)
        heard[said.span_id] = replace(said, conversation=None if silent else spoken)
    return heard
