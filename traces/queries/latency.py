"""Percentiles and histograms per group, from rollups."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from traces.filters import Filter
    from traces.queries.window import Window


class GroupBy(StrEnum):
    """What latency can be grouped by, and whose spans it is then about."""

    AGENT = "agent"  # spans of kind agent
    KIND = "kind"  # all spans
    MODEL = "model"  # model calls
    TOOL = "tool"  # spans of kind tool
    SERVICE = "service"  # all spans
    PIPELINE = "pipeline"  # spans of kind pipeline
    VERSION = "version"  # spans of kind agent


@dataclass(frozen=True, slots=True)
class Slot:
    """So many calls took at most le_ms, and longer than the slot before."""

    le_ms: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyRow:
    """How long the calls of one group took."""

    group: str
    calls: int
    errors: int
    p50_ms: float | None
    p90_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    mean_ms: float | None
    histogram: list[Slot]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One slice of time."""

    start: datetime
    calls: int
    errors: int
    timeouts: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


def latency(
    project_id: int, *, window: Window, group_by: GroupBy, filter: Filter | None = None, limit: int = 100
) -> list[LatencyRow]:
    """Latency per group, the group with most calls first."""
    raise NotImplementedError


def latency_over_time(
    project_id: int, *, window: Window, filter: Filter | None = None, points: int = 60
) -> list[Point]:
    """Calls, errors and percentiles of agents' own spans in about so many slices; slices without calls are left out."""
    raise NotImplementedError
