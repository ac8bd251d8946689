"""Asking a signature: which rows a phrase needs, and which columns they leave."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import accumulate, pairwise
from operator import and_

from traces.search import gram
from traces.search.phrase import Phrase
from traces.search.shape import LEVELS, PROBES, frequent

MOST_WORDS = 12  # of a run; the rest would tell hardly more


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What must be known of a signature to ask it."""

    columns: int
    rows: tuple[int, ...]  # by level

    @property
    def width(self) -> int:
        """Bytes of a row."""
        return -(-self.columns // 8)

    @property
    def firsts(self) -> list[int]:
        """The number of each level's first row."""
        return [0, *accumulate(self.rows)]


type Row = Callable[[int], int]  # a row's number → its bits, one a column


def rows_for(phrase: Phrase, shape: Shape) -> set[int]:
    """The rows that may have to be read."""
    return {row for run in _runs(phrase) for level in _levels(run, shape) for rows in level for row in rows}


def columns_of(phrase: Phrase, shape: Shape, row: Row) -> int:
    """The columns that may hold the phrase, a bit each."""
    left = (1 << shape.columns) - 1
    for run in _runs(phrase):
        left &= _columns_of_run(run, shape, row, left)
    return left


def _columns_of_run(run: Sequence[int], shape: Shape, row: Row, left: int) -> int:
    """A gram is asked for only where both that it is made of are frequent: others are not in the signature."""
    enough = frequent(shape.columns)
    asked = [True] * len(run)
    for level in _levels(run, shape):
        found = [
            reduce(and_, map(row, rows)) if rows else 0 for rows, wanted in zip(level, asked, strict=True) if wanted
        ]
        left = reduce(and_, found, left)
        counts = iter(found)
        often = [wanted and next(counts).bit_count() >= enough for wanted in asked]
        asked = [first and second for first, second in pairwise(often)]
        if not left or not any(asked):
            break
    return left


def _levels(run: Sequence[int], shape: Shape) -> Iterator[list[tuple[int, ...]]]:
    """Level by level the rows of each gram; none where no text has grams of the level."""
    grams = list(run)
    for level, first in zip(range(LEVELS), _firsts(shape), strict=True):
        if level:
            grams = [gram.longer(begin, word) for begin, word in zip(grams, run[level:], strict=False)]
        if not grams:
            return
        count = shape.rows[level] if level < len(shape.rows) else 0
        yield [tuple(first + row for row in gram.rows(one, count, PROBES[level])) if count else () for one in grams]


def _firsts(shape: Shape) -> list[int]:
    firsts = shape.firsts
    return (firsts + [firsts[-1]] * LEVELS)[:LEVELS]


def _runs(phrase: Phrase) -> list[list[int]]:
    return [[gram.word(word) for word in run[:MOST_WORDS]] for run in phrase.exact]
