"""A segment in the making: batches in the order of their arrival, cut into columns of about the same size."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zstandard import ZstdError

from traces.inbox.batch import Signal, inflated
from traces.inbox.ids import batch_id_ms
from traces.normalise import DAY_NS
from traces.search.match import said
from traces.search.shape import COLUMNS
from traces.search.signature import Numbers, Signature, numbers, signature
from traces.search.texts import texts
from traces.wire import Malformed

if TYPE_CHECKING:
    from traces.decode import RawSpan

FULL = 64 * 1024  # letters of a column that ends with its batch
TOO_FULL = 256 * 1024  # letters of a column that ends inside one


@dataclass(slots=True)
class Segment:
    """What a row of traces_search_segment is made of. The lists are parallel, by batch and by column."""

    batches: list[int] = field(default_factory=list)
    min_starts: list[int] = field(default_factory=list)
    max_starts: list[int] = field(default_factory=list)
    columns: list[Numbers] = field(default_factory=list)
    firsts: list[int] = field(default_factory=list)
    lasts: list[int] = field(default_factory=list)
    _texts: list[str] = field(default_factory=list)  # of the column in the making, each once
    _seen: set[bytes | str] = field(default_factory=set)
    _letters: int = 0
    _first: int = 0

    @property
    def is_full(self) -> bool:
        return len(self.columns) >= COLUMNS

    def add(self, batch_id: int, body: bytes, signal: Signal) -> None:
        """Take one more batch. One that cannot be read has no text."""
        received_ns = batch_id_ms(batch_id) * 1_000_000
        starts = [received_ns] if signal is Signal.LOGS else []
        try:
            for span, _ in said(inflated(body), signal):
                found = texts(span, self._seen)
                self._texts += found
                self._letters += sum(map(len, found))
                starts.append(_start_ns(span, received_ns))
                if self._letters > TOO_FULL and len(self.columns) < COLUMNS - 1:
                    self._end_column(len(self.batches))
        except (Malformed, ZstdError):
            pass
        self.batches.append(batch_id)
        self.min_starts.append(min(starts, default=received_ns))
        self.max_starts.append(max(starts, default=received_ns))
        if self._letters >= FULL:
            self.end()

    def end(self) -> None:
        """End the last column."""
        if self._first < len(self.batches):
            self._end_column(len(self.batches) - 1)
            self._first = len(self.batches)

    def signature(self) -> Signature:
        return signature(self.columns)

    def _end_column(self, last: int) -> None:
        self.columns.append(numbers(self._texts))
        self.firsts.append(self._first)
        self.lasts.append(last)
        self._texts, self._seen, self._letters, self._first = [], set(), 0, last


def _start_ns(span: RawSpan, received_ns: int) -> int:
    """As normalising has it."""
    latest = received_ns + DAY_NS
    start = span.start_ns or min(span.end_ns, latest) or received_ns
    return received_ns if start > latest else start
