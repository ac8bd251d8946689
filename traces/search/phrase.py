"""A phrase: words that follow one another. A `*` in a word stands for any run of letters and digits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from traces.search.words import words

if TYPE_CHECKING:
    from collections.abc import Sequence

ANY = b"*"
# Between two words in a body as it was sent: no letter and no digit of ASCII, or an escape of JSON in JSON in JSON.
_GAP = rb"(?:[^0-9a-z\\]|\\(?:[nrtbf]|u[0-9a-f]{4})?)+"


@dataclass(frozen=True)
class Phrase:
    """Words in a row, each folded, in UTF-8; ANY in one stands for any run."""

    words: tuple[bytes, ...]

    @classmethod
    def of(cls, pieces: Sequence[str]) -> Phrase:
        """The phrase a text says, cut at its wildcards. One that stands alone is ignored as other signs are."""
        return _phrase(tuple(pieces))

    @property
    def exact(self) -> tuple[tuple[bytes, ...], ...]:
        """The runs of words without wildcards."""
        return tuple(tuple(run) for wild, run in groupby(self.words, lambda word: ANY in word) if not wild)

    def is_in(self, text: str) -> bool:
        """Whether a text has these words in a row."""
        if self._pattern is None:
            return self._needle in b" " + words(text) + b" "
        return self._pattern.search(words(text)) is not None

    def may_be_in(self, sent: bytes) -> bool:
        """Whether bytes as they were sent, ASCII letters small, may hold the phrase: no means no."""
        if self._key not in sent:
            return False
        return self._rough is None or self._rough.search(sent) is not None

    @cached_property
    def _needle(self) -> bytes:
        return b" " + b" ".join(self.words) + b" "

    @cached_property
    def _pattern(self) -> re.Pattern[bytes] | None:
        if not any(ANY in word for word in self.words):
            return None
        return re.compile(rb"(?<![^ ])" + rb" ".join(map(_glob, self.words)) + rb"(?![^ ])")

    @cached_property
    def _key(self) -> bytes:
        """The longest run of ASCII letters and digits that must be there; empty when there is none."""
        parts = (part for word in self.words for part in word.split(ANY) if part.isascii())
        return max(parts, key=len, default=b"")

    @cached_property
    def _rough(self) -> re.Pattern[bytes] | None:
        """The longest run of exact ASCII words; None when that is a single word."""
        runs = [
            tuple(run) for plain, run in groupby(self.words, lambda word: word.isascii() and ANY not in word) if plain
        ]
        longest = max(runs, key=len, default=())
        return re.compile(_GAP.join(longest)) if len(longest) > 1 else None


def _glob(word: bytes) -> bytes:
    """A word's wildcards as an expression that never goes back: each part as soon as it comes, the last at the end."""
    first, *between = word.split(ANY)
    if not between:
        return re.escape(first)
    *between, last = between
    middle = b"".join(rb"(?>[^ ]*?%b)" % re.escape(part) for part in between)
    return re.escape(first) + middle + (rb"(?>[^ ]*?%b(?![^ ]))" % re.escape(last) if last else rb"[^ ]*+")


@lru_cache(maxsize=1000)
def _phrase(pieces: tuple[str, ...]) -> Phrase:
    found = [words(piece).split() for piece in pieces]
    joined = found[0]
    for (left, right), right_words in zip(pairwise(pieces), found[1:], strict=True):
        begins, ends = bool(words(right[:1])), bool(words(left[-1:]))
        if ends:
            joined[-1] += ANY + (right_words.pop(0) if begins else b"")
        elif begins:
            right_words[0] = ANY + right_words[0]
        joined += right_words
    return Phrase(tuple(joined))
