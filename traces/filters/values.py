"""Reads a term's value as what its key needs."""

from __future__ import annotations

import math
import re
from collections.abc import Collection

from traces.filters.tree import FilterError, Op, Term

NUMBER = re.compile(r"([+-]?(?:\d+(?:\.\d+)?|\.\d+))([km]?)", re.IGNORECASE)
DURATION = re.compile(r"(\d+(?:\.\d+)?|\.\d+)(ns|us|µs|ms|s|m|h)", re.IGNORECASE)
FACTORS = {"": 1, "k": 1_000, "m": 1_000_000}
UNITS_NS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
LARGEST = 9e18  # what a bigint holds


def number(term: Term) -> float:
    """`10k` is 10000."""
    found = NUMBER.fullmatch(term.value)
    value = float(found[1]) * FACTORS[found[2].lower()] if found else math.inf
    if abs(value) > LARGEST:
        raise _wrong(term, "a number such as 5, 0.05 or 10k")
    return value


def duration_ns(term: Term) -> float:
    """`250ms` is 250,000,000."""
    found = DURATION.fullmatch(term.value)
    value = float(found[1]) * UNITS_NS[found[2].lower()] if found else math.inf
    if value > LARGEST:
        raise _wrong(term, "a duration such as 250ms, 3s or 2m")
    return value


def one_of(term: Term, names: Collection[str]) -> str:
    """The one of these names that the value is, whatever its case."""
    if term.value.lower() not in names:
        raise _wrong(term, *names)
    return term.value.lower()


def equality(term: Term) -> None:
    """Refuses `<` and its like on what has no order."""
    if term.op not in (Op.EQ, Op.NE):
        message = f"{term.label} has no order"
        raise FilterError(message, position=term.position, expected=(f"{term.label}:", f"{term.label}!="))


def like(pieces: tuple[str, ...]) -> str:
    """A LIKE pattern in which only the wildcards are wild."""
    return "%".join(piece.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for piece in pieces)


def _wrong(term: Term, *expected: str) -> FilterError:
    return FilterError(f"{term.label} cannot be {term.value!r}", position=term.position, expected=expected)
