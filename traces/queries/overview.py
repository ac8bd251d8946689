"""The six figures of the overview."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from ecoa_web.db.named_sql import named_sql
from traces.filters.of_traces import IS_STATUS
from traces.queries.rows import fetch, filled
from traces.queries.sums import NO_LATENCIES, NOTHING, Rollups
from traces.span import MODEL_KINDS, Kind

if TYPE_CHECKING:
    from traces.queries.window import Window

SQL = named_sql(__file__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A project over a window."""

    traces: int
    failed: int  # traces whose status is error
    agent_calls: int
    agent_p95_ms: float | None
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    unpriced_calls: int


def figures(project_id: int, *, window: Window) -> Figures:
    """The sums of a project over a window."""
    traces, failed = fetch(
        filled(SQL.traces, failed=sql.SQL(IS_STATUS["error"])),
        project=project_id,
        start=window.start_ns,
        end=window.end_ns,
    )[0]
    rollups = Rollups.of(project_id, window=window, filter=None)
    agents, models = NOTHING, NOTHING
    for (_, kind), sums in rollups.sums(sql.SQL("''")).items():
        if kind == Kind.AGENT:
            agents += sums
        elif kind in MODEL_KINDS:
            models += sums
    latencies = rollups.latencies(sql.SQL("''"), kinds=[Kind.AGENT]).get("", NO_LATENCIES)
    return Figures(
        traces=traces,
        failed=failed,
        agent_calls=agents.calls,
        agent_p95_ms=latencies.ms(0.95)[0],
        input_tokens=models.input_tokens,
        output_tokens=models.output_tokens,
        cost_usd=models.cost_usd,
        unpriced_calls=models.unpriced,
    )
