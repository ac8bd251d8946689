"""Grams, words in a row as numbers of 64 bits, and the rows of a signature that stand for each.

Here for the few grams of a question; traces.search.signature does the same for the many of a batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MASK = (1 << 64) - 1
BASE = 0x9E37_79B9_7F4A_7C15  # of a word's polynomial
STEP = 0xD6E8_FEB8_6659_FD93  # of a gram's next word
SPREAD = 0xFF51_AFD7_ED55_8CCD
MULTIPLIERS = (0xC4CE_B9FE_1A85_EC53, 0x8764_1B5C_2A6F_3D15, 0xA24B_AED4_963E_E407, 0x9FB2_1C65_1E98_DF25)
"""A row's number by each."""


def word(letters: bytes) -> int:
    """A word's number."""
    total, power = 0, 1
    for letter in letters:
        total += letter * power
        power = power * BASE & MASK
    return mixed(total & MASK)


def longer(gram: int, next_word: int) -> int:
    """The number of a gram and the word after it."""
    return mixed((gram * STEP + next_word) & MASK)


def rows(gram: int, count: int, probes: int) -> Iterator[int]:
    """The rows of a gram, among so many."""
    for multiplier in MULTIPLIERS[:probes]:
        yield ((gram * multiplier & MASK) >> 32) * count >> 32


def mixed(number: int) -> int:
    """A number whose every bit depends on the other's."""
    number ^= number >> 32
    number = number * SPREAD & MASK
    return number ^ number >> 29
