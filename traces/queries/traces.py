"""Many traces: the newest ones, how many over time, what they have in common."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from traces.filters import Filter
    from traces.queries.window import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceRow:
    """A trace as lists show it."""

    trace_id: str  # 32 lower-case hex
    name: str | None  # its root's; None: no root has arrived
    status: str  # ok, error, running, waiting
    start_ns: int
    end_ns: int | None  # None: nothing in it has ended
    last_seen: datetime
    span_count: int
    error_count: int
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    unpriced_calls: int
    agents: list[str]
    models: list[str]
    services: list[str]
    tools: list[str]
    sessions: list[str]
    users: list[str]
    service: str | None
    pipeline: str | None
    version: str | None
    environment: str | None
    input_preview: str | None
    output_preview: str | None
    root_missing: bool
    seq: int

    @property
    def duration_ms(self) -> float | None:
        """From its first start to its last end so far."""
        return None if self.end_ns is None else (self.end_ns - self.start_ns) / 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class TracePage:
    """Some traces, newest first, and the cursor of those after them."""

    rows: list[TraceRow]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """How many traces started in one slice of time."""

    start: datetime
    ok: int
    error: int
    running: int
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facets:
    """The most frequent values among matching traces, with their counts, most frequent first."""

    status: list[tuple[str, int]]
    service: list[tuple[str, int]]
    agent: list[tuple[str, int]]
    model: list[tuple[str, int]]
    name: list[tuple[str, int]]


def newest_traces(
    project_id: int, *, window: Window, filter: Filter | None = None, cursor: str | None = None, limit: int = 50
) -> TracePage:
    """Traces that started in the window and match, newest first."""
    raise NotImplementedError


def trace_summary(project_id: int, trace_id: str) -> TraceRow | None:
    """One trace as lists show it; None when the project has no such trace."""
    raise NotImplementedError


def count_over_time(project_id: int, *, window: Window, filter: Filter | None = None, bars: int = 60) -> list[Bar]:
    """Matching traces by status in so many equal slices of the window, empty ones included."""
    raise NotImplementedError


def facets(project_id: int, *, window: Window, filter: Filter | None = None) -> Facets:
    """What the newest 20,000 matching traces have in common: up to 20 values of each."""
    raise NotImplementedError
