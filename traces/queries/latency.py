"""Percentiles and histograms per group and over time, from rollups."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, LiteralString

from psycopg import sql

from traces.queries.sums import NO_LATENCIES, NOTHING, Latencies, Rollups, Slot, Sums
from traces.queries.window import MINUTE_NS, to_datetime
from traces.span import MODEL_KINDS, Kind

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from traces.filters import Filter
    from traces.queries.window import Window


class GroupBy(StrEnum):
    """What latency can be grouped by."""

    AGENT = "agent"
    KIND = "kind"
    MODEL = "model"
    TOOL = "tool"
    SERVICE = "service"
    PIPELINE = "pipeline"
    VERSION = "version"


# By what, and over spans of which kinds (None: all of them).
GROUPS: Mapping[GroupBy, tuple[LiteralString, Collection[Kind] | None]] = {
    GroupBy.AGENT: ("k.agent", [Kind.AGENT]),
    GroupBy.KIND: ("k.kind", None),
    GroupBy.MODEL: ("k.model", MODEL_KINDS),
    GroupBy.TOOL: ("k.tool", [Kind.TOOL]),
    GroupBy.SERVICE: ("k.service", None),
    GroupBy.PIPELINE: ("k.pipeline", [Kind.PIPELINE]),
    GroupBy.VERSION: ("k.version", [Kind.AGENT]),
}
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720, 1440)  # minutes that divide a day


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
    column, kinds = GROUPS[group_by]
    rollups = Rollups.of(project_id, window=window, filter=filter)
    total = _of_kinds(rollups.sums(sql.SQL(column)), kinds)
    latencies = rollups.latencies(sql.SQL(column), kinds=kinds)
    name = (lambda kind: Kind(kind).name.lower()) if group_by is GroupBy.KIND else str
    rows = [
        _row(name(group), sums=sums, latencies=latencies.get(group, NO_LATENCIES))
        for group, sums in total.items()
        if group != "" and sums.calls > 0
    ]
    return sorted(rows, key=lambda row: (-row.calls, row.group))[:limit]


def latency_over_time(
    project_id: int, *, window: Window, filter: Filter | None = None, points: int = 60
) -> list[Point]:
    """Calls, errors and percentiles of agents' own spans in about so many slices; slices without calls are left out."""
    rollups = Rollups.of(project_id, window=window, filter=filter)
    step = step_minutes(window, points=points, at_least=rollups.widest())
    slice_start = sql.SQL("r.bucket / {0} * {0}").format(sql.Literal(step))
    total = _of_kinds(rollups.sums(slice_start), [Kind.AGENT])
    latencies = rollups.latencies(slice_start, kinds=[Kind.AGENT], by_time=True)
    return [
        _point(minute, sums=total[minute], latencies=latencies.get(minute, NO_LATENCIES))
        for minute in sorted(total)
        if total[minute].calls > 0
    ]


def _of_kinds[G](sums: dict[tuple[G, int], Sums], kinds: Collection[Kind] | None) -> dict[G, Sums]:
    total: dict[G, Sums] = {}
    for (group, kind), part in sums.items():
        if kinds is None or kind in kinds:
            total[group] = total.get(group, NOTHING) + part
    return total


def step_minutes(window: Window, *, points: int, at_least: int) -> int:
    """Minutes of a slice: the finest step that needs no more than so many slices and cuts no rollup row."""
    wanted = max((window.last_minute - window.first_minute) / points, at_least)
    days = -(-wanted // STEPS[-1])
    return next((step for step in STEPS if step >= wanted), int(days) * STEPS[-1])


def _row(group: str, *, sums: Sums, latencies: Latencies) -> LatencyRow:
    p50, p90, p95, p99 = latencies.ms(0.5, 0.9, 0.95, 0.99)
    return LatencyRow(
        group=group,
        calls=sums.calls,
        errors=sums.errors,
        p50_ms=p50,
        p90_ms=p90,
        p95_ms=p95,
        p99_ms=p99,
        mean_ms=sums.mean_ms,
        histogram=latencies.slots(),
    )


def _point(minute: int, *, sums: Sums, latencies: Latencies) -> Point:
    p50, p95, p99 = latencies.ms(0.5, 0.95, 0.99)
    return Point(
        start=to_datetime(minute * MINUTE_NS),
        calls=sums.calls,
        errors=sums.errors,
        timeouts=sums.timeouts,
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
    )
