"""A trace before it is sent: steps inside steps, each with its place in time relative to the step around it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

type Value = str | int | float | bool | list[str]

MS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a step failed, as an exception would say it."""

    kind: str
    message: str
    stack: str


@dataclass(slots=True, kw_only=True)
class Step:
    """One span to be."""

    name: str
    service: str
    attributes: Mapping[str, Value]
    outgoing: bool = False  # a call to somebody else: span kind CLIENT
    offset_ns: int = 0  # from the start of the step around it
    duration_ns: int = 0
    failure: Failure | None = None
    results: Mapping[str, Value] = field(default_factory=dict)  # known when it ends
    children: list[Step] = field(default_factory=list)

    @property
    def end_ns(self) -> int:
        return self.offset_ns + self.duration_ns


def in_sequence(around: Step, children: Iterable[Step], *, gap_ns: int, tail_ns: int) -> Step:
    """One after the other; the step around ends a little after the last."""
    at = gap_ns
    for child in children:
        child.offset_ns = at
        at = child.end_ns + gap_ns
        around.children.append(child)
    around.duration_ns = at + tail_ns
    return around


def side_by_side(around: Step, children: Iterable[Step], *, gap_ns: int, tail_ns: int) -> Step:
    """All at once; the step around ends a little after the slowest."""
    around.children.extend(children)
    for child in around.children:
        child.offset_ns = gap_ns
    around.duration_ns = max(child.end_ns for child in around.children) + tail_ns
    return around
