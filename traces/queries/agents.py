"""Figures per agent, from rollups."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from psycopg import sql

from traces.filters import Filter
from traces.filters.tree import And, Op, Term
from traces.queries.latency import Point, latency_over_time
from traces.queries.sums import NO_LATENCIES, NOTHING, Latencies, Rollups, Slot, Sums
from traces.span import MODEL_KINDS, Kind

if TYPE_CHECKING:
    from traces.queries.window import Window

AGENT = sql.SQL("k.agent")


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRow:
    """One agent over a window: calls, errors, timeouts, latency of its own spans; tokens, cost of its model calls."""

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
    critical_share: float | None  # of all time on critical paths in the window, 0 to 1
    histogram: list[Slot]  # of its own spans' durations, by le_ms


def agent_figures(project_id: int, *, window: Window, filter: Filter | None = None, limit: int = 100) -> list[AgentRow]:
    """Agents by calls, most first."""
    rollups = Rollups.of(project_id, window=window, filter=filter)
    own: dict[str, Sums] = {}
    models: dict[str, Sums] = {}
    critical: dict[str, float] = {}
    for (agent, kind), sums in rollups.sums(AGENT).items():
        critical[agent] = critical.get(agent, 0.0) + sums.critical_ns
        if kind == Kind.AGENT:
            own[agent] = sums
        elif kind in MODEL_KINDS:
            models[agent] = models.get(agent, NOTHING) + sums
    latencies = rollups.latencies(AGENT, kinds=[Kind.AGENT])
    whole = sum(critical.values())
    rows = [
        _row(
            agent,
            own=own.get(agent, NOTHING),
            models=models.get(agent, NOTHING),
            latencies=latencies.get(agent, NO_LATENCIES),
            critical_share=critical[agent] / whole if whole > 0 else None,
        )
        for agent in (own.keys() | models.keys()) - {""}
    ]
    return sorted(rows, key=lambda row: (-row.calls, row.agent))[:limit]


def agent_over_time(project_id: int, *, agent: str, window: Window, points: int = 60) -> list[Point]:
    """One agent's calls, errors and percentiles in about so many slices; slices without calls are left out."""
    return latency_over_time(project_id, window=window, filter=named(agent), points=points)


def named(agent: str, filter: Filter | None = None) -> Filter:
    """The filter of exactly one agent, whatever signs its name has, and what another filter asks besides."""
    term = Term(key="agent", op=Op.EQ, pieces=(agent,), position=0)
    return Filter(text="", node=term) if filter is None else replace(filter, node=And((term, filter.node)))


def _row(agent: str, *, own: Sums, models: Sums, latencies: Latencies, critical_share: float | None) -> AgentRow:
    p50, p90, p95, p99 = latencies.ms(0.5, 0.9, 0.95, 0.99)
    return AgentRow(
        agent=agent,
        calls=own.calls,
        errors=own.errors,
        timeouts=own.timeouts,
        error_rate=own.error_rate,
        p50_ms=p50,
        p90_ms=p90,
        p95_ms=p95,
        p99_ms=p99,
        mean_ms=own.mean_ms,
        input_tokens=models.input_tokens,
        output_tokens=models.output_tokens,
        cost_usd=models.cost_usd,
        critical_share=critical_share,
        histogram=latencies.slots(),
    )
