"""Where a phrase is, by a batch's body, and what was found where: a body never changes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zstandard import ZstdError

from traces.decode import spans
from traces.inbox.batch import Signal, inflated
from traces.logs.events import as_span
from traces.logs.facts import facts
from traces.logs.record import records
from traces.search.texts import raw_texts, texts
from traces.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from traces.decode import RawSpan
    from traces.search.phrase import Phrase

MOST_REMEMBERED = 50_000


@dataclass(slots=True)
class Places:
    """Traces, and moments of sessions: a log record may know no trace."""

    traces: set[str] = field(default_factory=set)
    moments: set[tuple[str, int]] = field(default_factory=set)  # session, Unix nanoseconds


def said(body: bytes, signal: Signal) -> Iterator[tuple[RawSpan, str | None]]:
    """What a body says, inflated, span by span; a log record as the span it belongs to, with its session."""
    if signal is Signal.LOGS:
        for record in records(body):
            yield as_span(record), None if record.trace_id else facts(record).session
    else:
        for span in spans(body):
            yield span, None


def places(phrases: Sequence[Phrase], body: bytes, signal: Signal) -> list[Places]:
    """Where each of the phrases is in a stored body."""
    found = [Places() for _ in phrases]
    try:
        sent = inflated(body)
        small = sent.lower()
        for phrase, of_phrase in zip(phrases, found, strict=True):
            if phrase.may_be_in(small):
                _find(phrase, sent, signal, of_phrase)
    except (Malformed, ZstdError):  # damaged at rest
        pass
    return found


def _find(phrase: Phrase, sent: bytes, signal: Signal, found: Places) -> None:
    for span, session in said(sent, signal):
        if span.trace_id in found.traces or not phrase.may_be_in(raw_texts(span).lower()):
            continue
        if any(phrase.is_in(text) for text in texts(span)):
            if span.trace_id:
                found.traces.add(span.trace_id)
            elif session is not None:
                found.moments.add((session, span.start_ns))


class Memory:
    """What was found in which batch, the latest of it."""

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._found: OrderedDict[tuple[int, Phrase], tuple[bytes, frozenset[tuple[str, int]]]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, batch_id: int, phrase: Phrase) -> Places | None:
        """What was found; None when the batch was not looked at."""
        with self._lock:
            held = self._found.get((batch_id, phrase))
            if held is None:
                return None
            self._found.move_to_end((batch_id, phrase))
        ids, moments = held
        return Places({ids[at : at + 16].hex() for at in range(0, len(ids), 16)}, set(moments))

    def put(self, batch_id: int, phrase: Phrase, found: Places) -> None:
        """Remember what was found."""
        held = bytes.fromhex("".join(found.traces)), frozenset(found.moments)
        with self._lock:
            self._found[batch_id, phrase] = held
            while len(self._found) > self._most:
                self._found.popitem(last=False)
