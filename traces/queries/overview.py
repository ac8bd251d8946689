"""What the overview and the frame ask: the six figures, how they went, and whether something exists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from ecoa_web.db.named_sql import named_sql
from traces.filters.of_traces import IS_STATUS
from traces.queries.latency import step_minutes
from traces.queries.rows import fetch, filled
from traces.queries.sums import NO_LATENCIES, NOTHING, Rollups, Sums
from traces.queries.window import MINUTE_NS
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The figures of one slice of time."""

    start_ns: int
    end_ns: int
    agent_p95_ms: float | None
    tokens: int
    cost_usd: float
    received: int  # spans, by arrival


def over_time(project_id: int, *, window: Window, points: int) -> list[Slice]:
    """A window in about so many equal slices of whole minutes, empty ones included."""
    rollups = Rollups.of(project_id, window=window, filter=None)
    step = step_minutes(window, points=points, at_least=rollups.widest())
    group = sql.SQL("r.bucket / {0} * {0}").format(sql.Literal(step))
    latencies = rollups.latencies(group, kinds=[Kind.AGENT], by_time=True)
    models: dict[int, Sums] = {}
    for (minute, kind), sums in rollups.sums(group).items():
        if kind in MODEL_KINDS:
            models[minute] = models.get(minute, NOTHING) + sums
    minutes = {"first_minute": window.first_minute, "last_minute": window.last_minute}
    received: dict[int, int] = dict(fetch(SQL.received, project=project_id, step=step, **minutes))
    return [
        Slice(
            start_ns=minute * MINUTE_NS,
            end_ns=(minute + step) * MINUTE_NS,
            agent_p95_ms=latencies.get(minute, NO_LATENCIES).ms(0.95)[0],
            tokens=(models.get(minute, NOTHING).input_tokens or 0) + (models.get(minute, NOTHING).output_tokens or 0),
            cost_usd=models.get(minute, NOTHING).cost,
            received=received.get(minute, 0),
        )
        for minute in range(window.first_minute // step * step, window.last_minute, step)
    ]


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest trace of a project."""

    trace_id: str
    start_ns: int


def newest(project_id: int) -> Newest | None:
    """The trace that started last, whenever that was; None when the project has none at all."""
    found = fetch(SQL.any_trace, project=project_id)
    return Newest(*found[0]) if found else None


def has_agent(project_id: int, agent: str) -> bool:
    """Whether a project has ever had an agent of this name."""
    return bool(fetch(SQL.has_agent, project=project_id, agent=agent))


def has_session(project_id: int, session: str) -> bool:
    """Whether a trace of the project belongs to this session."""
    return bool(fetch(SQL.has_session, project=project_id, session=session))
