"""Which traces have a phrase, newest first: as far back as a question needs, and never longer than it may take.

    segments, newest first ─▶ candidate batches, by the latest start in each ─▶ bodies ─▶ the phrase, or not
    batches without one ───────────────┘

A trace starts no later than any span of it. So once every candidate whose spans start after some moment was read, all
is known of the traces that start after it: `known_ns`. It moves back as the search goes on.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

from django.db import connection
from psycopg import Cursor

from ecoa_web.db.named_sql import named_sql
from traces.filters import Filter, of_traces
from traces.filters.tree import And, Not, Or, Term
from traces.inbox.batch import Signal
from traces.inbox.ids import batch_id_ms
from traces.queries.rows import fetch, filled
from traces.queries.window import LAST_NS
from traces.search.match import Memory, Places, places
from traces.search.phrase import Phrase
from traces.search.probe import Shape, columns_of, rows_for

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import date

    from traces.filters.tree import Node
    from traces.queries.window import Window

SQL = named_sql(__file__)
MEMORY = Memory()
FIRST_BATCHES, MOST_BATCHES = 8, 64  # read at once
FIRST_SEGMENTS, MOST_SEGMENTS = 16, 256  # asked at once
FEW_TRACES = 300  # so many that fit the rest of a filter are read by their own batches
LATE_NS = 60 * 10**9  # so long after its trace's end a log record may still come
MOST_TRACES = 200_000  # looked at for the end of the last one


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """How far a search went."""

    back_to_ns: int | None  # None: to the window's start
    unindexed: int  # batches that are not in the index yet, and were read


@dataclass(frozen=True, slots=True)
class Segment:
    """One whose batches may hold what is looked for."""

    id: int
    day: date
    max_start_ns: int
    shape: Shape


@dataclass(frozen=True, slots=True, order=True)
class Candidate:
    """A batch that may hold some of the phrases. The one with the latest start comes first."""

    minus_max_start_ns: int
    batch_id: int
    day: date
    phrases: tuple[int, ...]  # their places


class TextSearch:
    """One search, a step at a time."""

    def __init__(
        self,
        project_id: int,
        *,
        window: Window,
        phrases: Sequence[Phrase],
        before_ns: int,
        budget_s: float,
        batches: Collection[int] | None = None,
    ) -> None:
        self._project_id = project_id
        self._phrases = phrases
        self._batches = batches
        self._until = time.monotonic() + budget_s
        self._start_ns = window.start_ns
        self._step = FIRST_BATCHES
        self.found: dict[Phrase, set[str]] = {phrase: set() for phrase in phrases}
        self._heap: list[Candidate] = []
        self._taken: set[int] = set()
        self.unindexed = self._take_waiting()
        self._segments = self._newest_segments(before_ns)

    @property
    def known_ns(self) -> int:
        """Of traces that start after this all is known."""
        ahead = [self._segments[-1].max_start_ns] if self._segments else []
        if self._heap:
            ahead.append(-self._heap[0].minus_max_start_ns)
        return min(max(ahead, default=self._start_ns - 1), LAST_NS)

    @property
    def is_done(self) -> bool:
        """Whether all is known of the whole window."""
        return self.known_ns < self._start_ns

    @property
    def is_late(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() > self._until

    @property
    def state(self) -> Searched:
        """How far it went."""
        return Searched(back_to_ns=None if self.is_done else self.known_ns + 1, unindexed=self.unindexed)

    def advance(self) -> None:
        """Read some more batches, each time twice as many."""
        unread: list[Candidate] = []
        for candidate in self._next_candidates():
            missing = [place for place in candidate.phrases if not self._remembered(candidate.batch_id, place)]
            if missing:
                unread.append(candidate)
            if len(unread) >= self._step or (unread and self.is_late):  # some in any case: who asks again gets on
                break
        self._read(unread)
        self._step = min(self._step * 2, max(MOST_BATCHES // len(self._phrases), 1))

    def run(self) -> None:
        """To the window's start, or until the time is up."""
        while not self.is_done and not self.is_late:
            self.advance()

    def _take_waiting(self) -> int:
        rows = fetch(SQL.waiting, project=self._project_id)
        everything = tuple(range(len(self._phrases)))
        for batch_id, day in rows:
            self._push(batch_id_ms(batch_id) * 1_000_000, batch_id, day, everything)
        return len(rows)

    def _newest_segments(self, before_ns: int) -> list[Segment]:
        """Those that may hold spans of traces in the window, the newest last."""
        rows = fetch(SQL.segments, project=self._project_id, start=self._start_ns, before=before_ns)
        return [
            Segment(id, day, max_start, Shape(columns=columns, rows=tuple(rows)))
            for id, day, max_start, columns, rows in rows
        ]

    def _push(self, max_start_ns: int, batch_id: int, day: date, phrases: tuple[int, ...]) -> None:
        if batch_id in self._taken or max_start_ns < self._start_ns:
            return
        if self._batches is None or batch_id in self._batches:
            self._taken.add(batch_id)
            heappush(self._heap, Candidate(-max_start_ns, batch_id, day, phrases))

    def _next_candidates(self) -> Iterator[Candidate]:
        asked = FIRST_SEGMENTS
        while True:
            while self._segments and (
                not self._heap or self._segments[-1].max_start_ns >= -self._heap[0].minus_max_start_ns
            ):
                if self.is_late and asked > FIRST_SEGMENTS:
                    return
                self._ask(asked)
                asked = min(asked * 2, MOST_SEGMENTS)
            if not self._heap:
                return
            yield heappop(self._heap)

    def _ask(self, count: int) -> None:
        """Find the candidates in the newest segments."""
        segments, self._segments = self._segments[-count:], self._segments[:-count]
        left = self._columns_left(segments)
        if not left:
            return
        of = {"ids": list(left), "days": list({segment.day for segment in segments})}
        for id, day, batches, max_starts, firsts, lasts in fetch(SQL.batches, **of):
            phrases: dict[int, list[int]] = {}
            for place, columns in enumerate(left[id]):
                inside = {
                    at
                    for column, (first, last) in enumerate(zip(firsts, lasts, strict=True))
                    if columns >> column & 1
                    for at in range(first, last + 1)
                }
                for at in inside:
                    phrases.setdefault(at, []).append(place)
            for at, some in phrases.items():
                self._push(max_starts[at], batches[at], day, tuple(some))

    def _columns_left(self, segments: Sequence[Segment]) -> dict[int, list[int]]:
        """By segment, for each phrase the columns that may hold it; without segments where there is none."""
        rows = [sorted({row for phrase in self._phrases for row in rows_for(phrase, one.shape)}) for one in segments]
        bits = self._bits(segments, rows)
        found = {}
        for segment, numbers in zip(segments, rows, strict=True):
            width, read = segment.shape.width, bits.get(segment.id, b"")
            held = {
                row: int.from_bytes(read[at * width : (at + 1) * width], "little") for at, row in enumerate(numbers)
            }
            columns = [columns_of(phrase, segment.shape, held.__getitem__) for phrase in self._phrases]
            if any(columns):
                found[segment.id] = columns
        return found

    def _bits(self, segments: Sequence[Segment], rows: Sequence[Sequence[int]]) -> dict[int, bytes]:
        asked = [
            (one.id, one.day, row, one.shape.width) for one, some in zip(segments, rows, strict=True) for row in some
        ]
        if not asked:
            return {}
        ids, days, numbers, widths = (list(column) for column in zip(*asked, strict=True))
        return dict(_binary(SQL.bits, ids=ids, days=days, rows=numbers, widths=widths))

    def _remembered(self, batch_id: int, place: int) -> bool:
        known = MEMORY.get(batch_id, self._phrases[place])
        if known is not None:
            self._add(place, known)
        return known is not None

    def _read(self, candidates: Sequence[Candidate]) -> None:
        if not candidates:
            return
        days = list({candidate.day for candidate in candidates})
        ids = [candidate.batch_id for candidate in candidates]
        wanted = {candidate.batch_id: candidate.phrases for candidate in candidates}
        for batch_id, signal, body in _binary(SQL.bodies, project=self._project_id, ids=ids, days=days):
            asked = wanted[batch_id]
            each = places([self._phrases[place] for place in asked], body, Signal(signal))
            for place, found in zip(asked, each, strict=True):
                MEMORY.put(batch_id, self._phrases[place], found)
                self._add(place, found)

    def _add(self, place: int, found: Places) -> None:
        traces = self.found[self._phrases[place]]
        traces |= found.traces
        if found.moments:
            sessions, moments = (list(column) for column in zip(*found.moments, strict=True))
            rows = fetch(SQL.of_sessions, project=self._project_id, sessions=sessions, moments=moments)
            traces.update(trace_id for (trace_id,) in rows)


def search(
    project_id: int, *, window: Window, filter: Filter, budget_s: float, before_ns: int | None = None
) -> TextSearch:
    """A search for the phrases of a filter, among the batches that what else it says leaves."""
    end_ns = window.end_ns if before_ns is None else min(before_ns, window.end_ns)
    return TextSearch(
        project_id,
        window=window,
        phrases=phrases_in(filter),
        before_ns=_last_start_ns(project_id, window.start_ns, end_ns),
        batches=_batches_of_few(project_id, window.start_ns, end_ns, filter),
        budget_s=budget_s,
    )


def phrases_in(filter: Filter | None) -> list[Phrase]:
    """The phrases a filter asks for, each once."""
    return [] if filter is None else list(dict.fromkeys(Phrase.of(term.pieces) for term in _terms(filter.node)))


def needs_text(node: Node) -> bool:
    """Whether nothing matches that has none of the phrases."""
    match node:
        case And(parts):
            return any(map(needs_text, parts))
        case Or(parts):
            return all(map(needs_text, parts))
        case Term():
            return node.key == "text" and node.op == ":"
        case _:
            return False


def without_text(node: Node) -> Node | None:
    """What all that matches has to fit besides; None when that is nothing."""
    match node:
        case And(parts):
            kept = tuple(part for part in map(without_text, parts) if part is not None)
            return And(kept) if kept else None
        case Or(parts):
            each = [without_text(part) for part in parts]
            return None if None in each else Or(tuple(part for part in each if part is not None))
        case _:
            return None if any(_terms(node)) else node


def _terms(node: Node) -> Iterator[Term]:
    match node:
        case Term():
            if node.key == "text":
                yield node
        case Not(inside):
            yield from _terms(inside)
        case And(parts) | Or(parts):
            for part in parts:
                yield from _terms(part)


def _batches_of_few(project_id: int, start_ns: int, end_ns: int, filter: Filter) -> set[int] | None:
    """Where the traces are that fit what a filter says besides; None when these are many."""
    node = without_text(filter.node)
    if node is None:
        return None
    where = of_traces(Filter(text=filter.text, node=node))
    of = {"project": project_id, "start": start_ns, "end": end_ns, "limit": FEW_TRACES + 1}
    traces = [trace_id for (trace_id,) in fetch(filled(SQL.some, where=where.sql), **of, **where.parameters)]
    if len(traces) > FEW_TRACES:
        return None
    return {batch_id for (batch_id,) in fetch(SQL.batches_of, project=project_id, traces=traces)}


def _last_start_ns(project_id: int, start_ns: int, end_ns: int) -> int:
    """When the last span can have started, or log record been written, of the traces that start in a span of time."""
    if end_ns >= time.time_ns():
        return LAST_NS
    [(last, traces)] = fetch(SQL.last_end, project=project_id, start=start_ns, end=end_ns, most=MOST_TRACES)
    return LAST_NS if last is None or traces >= MOST_TRACES else int(last) + LATE_NS


def _binary(statement: Any, **parameters: object) -> list[tuple[Any, ...]]:
    """The rows of a statement with bytes in them, which as text would be twice as long."""
    connection.ensure_connection()
    with Cursor(connection.connection) as cursor:  # Django's own puts parameters into the text, and takes text only
        rows: list[tuple[Any, ...]] = cursor.execute(statement, parameters, binary=True).fetchall()
    return rows
