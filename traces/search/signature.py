"""The signature of a segment: for each gram in its texts, which of up to 64 columns may hold it.

    level 1, words      row 0  01101…   a bit a column        a gram's columns: AND of its rows. No bit means no;
    level 2, pairs      row m1 10010…                         a bit may be wrong by chance
    level 3, triples    …

A gram longer than a word is in it only where both grams it is made of (its first and its last words) are in more than
half of the columns: there they say little, elsewhere they say enough. Who asks finds out in the same way. So a
phrase of rare words costs nothing, and one of frequent words is found as if it were rare.

Rows, not columns, stand together: a question reads a few rows of a megabyte.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log1p
from typing import TYPE_CHECKING, Any

import numpy as np

from traces.search.gram import BASE, MULTIPLIERS, SPREAD, STEP
from traces.search.shape import BITS, LEVELS, LONGEST_WORD, PROBES, frequent
from traces.search.words import spaced

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

FEWEST_ROWS = 64

_EDGE = 1  # stands after each text, and in none
_AT_ONCE = 16_384  # letters: arrays that stay in the processor's cache
_LONG, _LONG_WORDS = 131_072, 8_192
_U64 = np.uint64
_GAUGE_BITS = 19

type Numbers = np.ndarray[Any, np.dtype[np.uint64]]
type Marks = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """rows by level; bits: row by row, a byte for each eight columns or part of them, little-endian."""

    rows: tuple[int, ...]
    bits: bytes


def numbers(texts: Iterable[str]) -> Numbers:
    """The words of texts as numbers, in order; zero between texts."""
    found: list[Numbers] = []
    blob = bytearray()
    for text in texts:
        for part in _parts(spaced(text)):
            blob += b" %b \x01" % part
            if len(blob) > _AT_ONCE:
                found.append(_numbers(blob))
                blob = bytearray()
    return np.concatenate([*found, _numbers(blob)])


def _parts(text: bytes) -> Iterator[bytes]:
    """The text; a long one in parts that overlap by a gram, without words that nobody can ask for."""
    if len(text) <= _LONG:
        yield text
        return
    words = [word for word in text.split() if len(word) <= LONGEST_WORD]
    for at in range(0, len(words), _LONG_WORDS):
        yield b" ".join(words[at : at + _LONG_WORDS + LEVELS - 1])


def _numbers(blob: bytearray) -> Numbers:
    """Each word's letters times the powers of the base, added up, and divided by the power that it begins with."""
    letters = np.frombuffer(blob, np.uint8)
    is_word = letters != 0x20
    starts = np.flatnonzero(is_word[1:] & ~is_word[:-1]) + 1  # a blob begins with a space
    if not len(starts):
        return np.zeros(0, _U64)
    power, inverse = _powers(len(letters))
    weighed = power[: len(letters)] * letters
    weighed *= is_word
    found = np.add.reduceat(weighed, starts)
    found *= inverse[starts]
    _mix(found)
    found[letters[starts] == _EDGE] = 0
    return found


def signature(columns: Sequence[Numbers]) -> Signature:
    """The signature of columns of words."""
    levels, sizes = [], []
    grams = list(columns)
    inside: list[Marks] = [words != 0 for words in columns]
    enough = frequent(len(columns))
    for level in range(1, LEVELS + 1):
        if level > 1:
            grams = [_longer(gram, words[level - 1 :]) for gram, words in zip(grams, columns, strict=True)]
            inside = [marks[:-1] & marks[1:] for marks in inside]
        chosen = [gram[marks] for gram, marks in zip(grams, inside, strict=True)]
        probes = PROBES[level - 1]
        count = _row_count(chosen, BITS[level - 1])
        if not count:
            break
        rows = _filled(chosen, count, probes)
        levels.append(rows)
        sizes.append(count)
        if level < LEVELS:
            for marks, gram in zip(inside, chosen, strict=True):
                marks[marks] = np.bitwise_count(_columns_of(rows, gram, probes)) >= enough
    width = -(-len(columns) // 8)
    bits = b"".join(level.view(np.uint8).reshape(-1, 8)[:, :width].tobytes() for level in levels)
    return Signature(rows=tuple(sizes), bits=bits)


def _filled(columns: Sequence[Numbers], count: int, probes: int) -> Numbers:
    rows = np.zeros(count, _U64)
    for column, grams in enumerate(columns):
        bit = _U64(1 << column)
        for probe in range(probes):
            rows[_places(grams, count, probe)] |= bit
    return rows


def _columns_of(rows: Numbers, grams: Numbers, probes: int) -> Numbers:
    found = rows[_places(grams, len(rows), 0)]
    for probe in range(1, probes):
        found &= rows[_places(grams, len(rows), probe)]
    return found


def _places(grams: Numbers, count: int, probe: int) -> Numbers:
    places = grams * _U64(MULTIPLIERS[probe])
    places >>= _U64(32)
    places *= _U64(count)
    places >>= _U64(32)
    return places


def _row_count(columns: Sequence[Numbers], bits: float) -> int:
    """So many bits for each gram of a column that is rather full."""
    counts: list[float] = sorted(_distinct(grams) for grams in columns)
    full = counts[len(counts) * 3 // 4]
    return max(FEWEST_ROWS, int(full * bits)) if counts[-1] else 0


def _distinct(grams: Numbers) -> float:
    """About how many different ones."""
    if len(grams) < 2:
        return len(grams)
    size = 1 << _GAUGE_BITS
    gauge = np.zeros(size, np.bool_)
    gauge[grams >> _U64(64 - _GAUGE_BITS)] = True
    share = min(int(np.count_nonzero(gauge)), size - 1) / size
    return min(-size * log1p(-share), float(len(grams)))


def _longer(grams: Numbers, next_words: Numbers) -> Numbers:
    made = grams[: len(next_words)] * _U64(STEP)
    made += next_words
    _mix(made)
    return made


def _mix(found: Numbers) -> None:
    found ^= found >> _U64(32)
    found *= _U64(SPREAD)
    found ^= found >> _U64(29)


_tables: tuple[Numbers, Numbers] = (np.ones(1, _U64), np.ones(1, _U64))


def _powers(size: int) -> tuple[Numbers, Numbers]:
    """The powers of the base and of its inverse, so many at least."""
    global _tables  # noqa: PLW0603 - a table that grows
    if len(_tables[0]) < size:
        length = 1 << (size - 1).bit_length()
        _tables = _geometric(BASE, length), _geometric(pow(BASE, -1, 1 << 64), length)
    return _tables


def _geometric(base: int, length: int) -> Numbers:
    table = np.empty(length, _U64)
    table[0], have = 1, 1
    while have < length:
        table[have : 2 * have] = table[:have] * _U64(pow(base, have, 1 << 64))
        have *= 2
    return table
