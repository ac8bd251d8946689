"""Figures per agent, from rollups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from traces.queries.latency import Point, Slot

if TYPE_CHECKING:
    from traces.filters import Filter
    from traces.queries.window import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRow:
    """One agent over a window: calls, errors, timeouts and latency of its own spans; tokens and cost of its model calls."""

    agent: str
    calls: int
    errors: int
    timeouts: int
    error_rate: float  # 0 to 1
    p50_ms: float | None
    p90_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    mean_ms: float | None
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    critical_share: float | None  # of all critical time in the window, 0 to 1
    histogram: list[Slot]  # of its own spans' durations, by le_ms


def agent_figures(project_id: int, *, window: Window, filter: Filter | None = None, limit: int = 100) -> list[AgentRow]:
    """Agents by calls, most first."""
    raise NotImplementedError


def agent_over_time(project_id: int, *, agent: str, window: Window, points: int = 60) -> list[Point]:
    """One agent's calls, errors and percentiles in about so many slices of the window; slices without calls are left out."""
    raise NotImplementedError
