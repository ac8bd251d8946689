"""What claimed batches bring: spans by trace without doubles, log records, and what cannot be read, with why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zstandard import ZstdError

from traces.decode import spans as decoded
from traces.inbox.batch import Signal, inflated
from traces.logs.facts import Facts, facts
from traces.logs.record import Record, records
from traces.normalise import normalise
from traces.rules.own import Own
from traces.senders.senders import Seen
from traces.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from traces.decode import RawSpan
    from traces.senders.senders import Run, Senders
    from traces.span import Span
    from traces.store.claim import Claimed

type Poison = Mapping[int | None, str]  # ordinal (None: the whole batch) → why it must not be stored

REASON_LENGTH = 500


@dataclass(slots=True)
class Piece:
    """What a group of batches brings of one trace: its spans, each once, and the batch of each."""

    project_id: int
    trace_id: str
    spans: list[Span] = field(default_factory=list)
    batches: list[Claimed] = field(default_factory=list)
    places: dict[int, int] = field(default_factory=dict)  # span id → index

    def add(self, span: Span, batch: Claimed) -> tuple[Span, Claimed] | None:
        """Add a span; returns the one that turned out to be a double, with its batch. A span beats its pending self."""
        place = self.places.get(span.span_id)
        if place is None:
            self.places[span.span_id] = len(self.spans)
            self.spans.append(span)
            self.batches.append(batch)
            return None
        if span.pending or not self.spans[place].pending:
            return span, batch
        beaten = self.spans[place], self.batches[place]
        self.batches[place], self.spans[place] = batch, span
        return beaten

    def keep(self, span_ids: set[int]) -> list[tuple[Span, Claimed]]:
        """Leave only these spans; returns those that went, with their batches."""
        kept = [(span, batch) for span, batch in zip(self.spans, self.batches, strict=True) if span.span_id in span_ids]
        gone = [pair for pair in zip(self.spans, self.batches, strict=True) if pair[0].span_id not in span_ids]
        self.spans, self.batches = [span for span, _ in kept], [batch for _, batch in kept]
        return gone


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A span (or, without ordinal, a whole batch) that cannot be stored."""

    batch: Claimed
    ordinal: int | None
    reason: str
    service: str = ""


@dataclass(slots=True)
class Incoming:
    """The spans of a group of batches, before the database has said which are new."""

    pieces: dict[tuple[str, int], Piece] = field(default_factory=dict)  # by trace and project
    read: dict[int, Counter[str]] = field(default_factory=dict)  # by batch id, how many spans of each service
    doubles: Counter[tuple[int, str]] = field(default_factory=Counter)  # by batch id and service
    dead: list[DeadLetter] = field(default_factory=list)
    logs: list[LogRow] = field(default_factory=list)
    seen: Seen = field(default_factory=Seen)

    def double(self, span: Span, batch: Claimed) -> None:
        """That span of that batch is stored already."""
        self.doubles[batch.batch_id, span.service or ""] += 1


@dataclass(frozen=True, slots=True)
class LogRow:
    """A log record and what it tells."""

    batch: Claimed
    record: Record
    facts: Facts


def read(
    batches: Iterable[Claimed], *, own: Mapping[int, Own], senders: Senders, poison: Mapping[int, Poison] | None = None
) -> Incoming:
    """Decode and normalise every span. One that cannot be is a dead letter and costs no other span anything."""
    incoming = Incoming()
    for batch in batches:
        incoming.read[batch.batch_id] = Counter()
        try:
            _read_batch(incoming, batch, (poison or {}).get(batch.batch_id, {}), own[batch.project_id], senders)
        except (Malformed, ZstdError) as error:
            _set_aside(incoming, batch, str(error))
    return incoming


def _set_aside(incoming: Incoming, batch: Claimed, reason: str) -> None:
    """The whole batch is a dead letter; whose it was is not known."""
    incoming.read[batch.batch_id] = Counter({"": batch.spans})
    incoming.dead.append(DeadLetter(batch=batch, ordinal=None, reason=reason[:REASON_LENGTH]))


def _read_batch(incoming: Incoming, batch: Claimed, poison: Poison, own: Own, senders: Senders) -> None:
    if batch.body is None or None in poison:
        _set_aside(incoming, batch, "the inbox no longer has its body" if batch.body is None else poison[None])
        return
    unread = set(range(batch.spans))
    body = inflated(batch.body)
    if batch.signal is Signal.LOGS:
        for record in records(body):
            unread.discard(record.ordinal)
            _read_record(incoming, batch, record, poison)
        incoming.read[batch.batch_id][""] += batch.spans - len(unread)
    else:
        _read_spans(incoming, batch, decoded(body), unread, poison, own, senders)
    for ordinal in sorted(unread):
        incoming.read[batch.batch_id][""] += 1
        incoming.dead.append(DeadLetter(batch=batch, ordinal=ordinal, reason="its ids are damaged"))


def _read_spans(  # a loop over locals: 20,000 turns a second
    incoming: Incoming,
    batch: Claimed,
    spans: Iterable[RawSpan],
    unread: set[int],
    poison: Poison,
    own: Own,
    senders: Senders,
) -> None:
    seen = incoming.seen
    first = len(seen.runs)
    looks = 0
    run: Run | None = None
    for raw in spans:
        unread.discard(raw.ordinal)
        if run is None or raw.scope is not run.scope or raw.resource is not run.resource:
            run = senders.run(seen, batch, raw, own)
            looks = senders.looks_at(run.source)
        run.spans += 1
        if looks:
            looks -= 1
            senders.look(seen, batch, raw, run)
        _read_span(incoming, batch, raw, poison, run)
    read = incoming.read[batch.batch_id]
    for run in seen.runs[first:]:
        read[run.source.service] += run.spans


def _read_span(incoming: Incoming, batch: Claimed, raw: RawSpan, poison: Poison, run: Run) -> None:
    reason = poison.get(raw.ordinal)
    if reason is None:
        try:
            span = normalise(raw, batch.received_ns, run.tables)
        except Exception as error:  # whatever it is, it is this span's and must not take its batch-mates along
            reason = f"{type(error).__name__}: {error}"
    if reason is not None:
        service = run.source.service
        incoming.dead.append(
            DeadLetter(batch=batch, ordinal=raw.ordinal, reason=reason[:REASON_LENGTH], service=service)
        )
        return
    key = (span.trace_id, batch.project_id)
    piece = incoming.pieces.get(key)
    if piece is None:
        piece = incoming.pieces[key] = Piece(project_id=batch.project_id, trace_id=span.trace_id)
    beaten = piece.add(span, batch)
    if beaten is not None:
        incoming.double(*beaten)


def _read_record(incoming: Incoming, batch: Claimed, record: Record, poison: Poison) -> None:
    reason = poison.get(record.ordinal)
    if reason is None:
        try:
            incoming.logs.append(LogRow(batch, record, facts(record)))
        except Exception as error:  # as with a span
            reason = f"{type(error).__name__}: {error}"
    if reason is not None:
        incoming.dead.append(DeadLetter(batch=batch, ordinal=record.ordinal, reason=reason[:REASON_LENGTH]))
