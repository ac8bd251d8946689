"""What a filter is once parsed: a tree of terms."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FilterError(ValueError):
    """A filter that cannot be read, or that asks what the question at hand cannot answer."""

    def __init__(self, message: str, *, position: int | None = None, expected: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.position = position  # characters from the start, 0-based
        self.expected = expected

    def __str__(self) -> str:
        where = "" if self.position is None else f" at position {self.position}"
        wanted = f"; expected {', '.join(self.expected)}" if self.expected else ""
        return f"{self.message}{where}{wanted}"


class Op(StrEnum):
    """How a term compares."""

    EQ = ":"
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One comparison: `agent:credit-check`, `duration>3s`, `attr.customer.tier:gold`."""

    key: str  # `attr` for attr.KEY
    op: Op
    pieces: tuple[str, ...]  # the value, cut at its `*`
    position: int
    attribute: str = ""  # KEY of attr.KEY

    @property
    def value(self) -> str:
        """The value as it was written."""
        return "*".join(self.pieces)

    @property
    def label(self) -> str:
        """The key as it was written."""
        return f"attr.{self.attribute}" if self.attribute else self.key


@dataclass(frozen=True, slots=True)
class Not:
    """What its inside does not match."""

    inside: Node


@dataclass(frozen=True, slots=True)
class And:
    """What all parts match."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """What any part matches."""

    parts: tuple[Node, ...]


type Node = Term | Not | And | Or


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A parsed filter and the text it came from."""

    text: str
    node: Node
