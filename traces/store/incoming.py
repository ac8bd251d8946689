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
from traces.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from traces.decode import RawSpan
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

    def add(self, span: Span, batch: Claimed) -> Claimed | None:
        """Add a span; returns the batch whose span turned out to be a double. A span beats its pending self."""
        place = self.places.get(span.span_id)
        if place is None:
            self.places[span.span_id] = len(self.spans)
            self.spans.append(span)
            self.batches.append(batch)
            return None
        if span.pending or not self.spans[place].pending:
            return batch
        beaten, self.batches[place], self.spans[place] = self.batches[place], batch, span
        return beaten

    def keep(self, span_ids: set[int]) -> list[Claimed]:
        """Leave only these spans; returns the batch of each that went."""
        kept = [(span, batch) for span, batch in zip(self.spans, self.batches, strict=True) if span.span_id in span_ids]
        gone = [batch for span, batch in zip(self.spans, self.batches, strict=True) if span.span_id not in span_ids]
        self.spans, self.batches = [span for span, _ in kept], [batch for _, batch in kept]
        return gone


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A span (or, without ordinal, a whole batch) that cannot be stored."""

    batch: Claimed
    ordinal: int | None
    reason: str


@dataclass(slots=True)
class Incoming:
    """The spans of a group of batches, before the database has said which are new."""

    pieces: dict[tuple[str, int], Piece] = field(default_factory=dict)  # by trace and project
    doubles: Counter[int] = field(default_factory=Counter)  # by batch id
    dead: list[DeadLetter] = field(default_factory=list)
    logs: list[LogRow] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class LogRow:
    """A log record and what it tells."""

    batch: Claimed
    record: Record
    facts: Facts


def read(batches: Iterable[Claimed], *, poison: Mapping[int, Poison] | None = None) -> Incoming:
    """Decode and normalise every span. One that cannot be is a dead letter and costs no other span anything."""
    incoming = Incoming()
    for batch in batches:
        _read_batch(incoming, batch, (poison or {}).get(batch.batch_id, {}))
    return incoming


def _read_batch(incoming: Incoming, batch: Claimed, poison: Poison) -> None:
    if batch.body is None or None in poison:
        reason = "the inbox no longer has its body" if batch.body is None else poison[None]
        incoming.dead.append(DeadLetter(batch=batch, ordinal=None, reason=reason[:REASON_LENGTH]))
        return
    unread = set(range(batch.spans))
    try:
        body = inflated(batch.body)
        if batch.signal is Signal.LOGS:
            for record in records(body):
                unread.discard(record.ordinal)
                _read_record(incoming, batch, record, poison)
        else:
            for raw in decoded(body):
                unread.discard(raw.ordinal)
                _read_span(incoming, batch, raw, poison)
    except (Malformed, ZstdError) as error:
        incoming.dead.append(DeadLetter(batch=batch, ordinal=None, reason=str(error)[:REASON_LENGTH]))
        return
    for ordinal in sorted(unread):
        incoming.dead.append(DeadLetter(batch=batch, ordinal=ordinal, reason="its ids are damaged"))


def _read_span(incoming: Incoming, batch: Claimed, raw: RawSpan, poison: Poison) -> None:
    reason = poison.get(raw.ordinal)
    if reason is None:
        try:
            span = normalise(raw, batch.received_ns)
        except Exception as error:  # whatever it is, it is this span's and must not take its batch-mates along
            reason = f"{type(error).__name__}: {error}"
    if reason is not None:
        incoming.dead.append(DeadLetter(batch=batch, ordinal=raw.ordinal, reason=reason[:REASON_LENGTH]))
        return
    key = (span.trace_id, batch.project_id)
    piece = incoming.pieces.get(key)
    if piece is None:
        piece = incoming.pieces[key] = Piece(project_id=batch.project_id, trace_id=span.trace_id)
    beaten = piece.add(span, batch)
    if beaten is not None:
        incoming.doubles[beaten.batch_id] += 1


def _read_record(incoming: Incoming, batch: Claimed, record: Record, poison: Poison) -> None:
    reason = poison.get(record.ordinal)
    if reason is None:
        try:
            incoming.logs.append(LogRow(batch, record, facts(record)))
        except Exception as error:  # as with a span
            reason = f"{type(error).__name__}: {error}"
    if reason is not None:
        incoming.dead.append(DeadLetter(batch=batch, ordinal=record.ordinal, reason=reason[:REASON_LENGTH]))
