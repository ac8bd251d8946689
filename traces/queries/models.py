"""Figures per model, from rollups."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from psycopg import sql

from traces.filters import Filter
from traces.filters.tree import And, Op, Term
from traces.queries.latency import step_minutes
from traces.queries.rows import fetch
from traces.queries.sums import NO_LATENCIES, NOTHING, Latencies, Measure, Rollups, Slot, Sums
from traces.queries.window import MINUTE_NS, to_datetime
from traces.span import MODEL_KINDS

if TYPE_CHECKING:
    from traces.queries.window import Window

MODEL = sql.SQL(r"k.model || E'\x1f' || k.provider")
HAS_MODEL = """
SELECT EXISTS (SELECT FROM traces_rollup_key
               WHERE project_id = %(project)s AND model = %(model)s AND provider = %(provider)s
               AND   kind = ANY(%(kinds)s))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRow:
    """One model over a window. Tokens and cost are of counted calls only."""

    model: str
    provider: str | None
    calls: int
    errors: int
    input_tokens: int | None
    output_tokens: int | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    reasoning_tokens: int | None
    cost_usd: float | None
    unpriced_calls: int
    p50_ms: float | None
    p95_ms: float | None
    ttft_p50_ms: float | None  # to the first token, over the calls that told it
    ttft_p95_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPoint:
    """One slice of time. Tokens in disjoint buckets, of counted calls."""

    start: datetime
    calls: int
    uncached: int
    cache_read: int
    cache_write: int
    output_text: int
    reasoning: int
    cost_usd: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelDetail:
    """One model over a window: its figures, its calls by duration and by time to the first token, and over time."""

    row: ModelRow
    durations: list[Slot]
    first_tokens: list[Slot]
    points: list[ModelPoint]  # slices without calls are left out
    step_ms: float  # how long a slice is


def model_figures(project_id: int, *, window: Window, filter: Filter | None = None, limit: int = 100) -> list[ModelRow]:
    """Models by calls, most first."""
    rollups = Rollups.of(project_id, window=window, filter=filter)
    total: dict[str, Sums] = {}
    for (model, kind), sums in rollups.sums(MODEL).items():
        if kind in MODEL_KINDS:
            total[model] = total.get(model, NOTHING) + sums
    latencies = rollups.latencies(MODEL, kinds=MODEL_KINDS)
    first_tokens = rollups.latencies(MODEL, kinds=MODEL_KINDS, of=Measure.TTFT)
    rows = [
        _row(
            *model.split("\x1f"),
            sums=sums,
            latencies=latencies.get(model, NO_LATENCIES),
            first_tokens=first_tokens.get(model, NO_LATENCIES),
        )
        for model, sums in total.items()
        if sums.calls > 0
    ]
    return sorted(rows, key=lambda row: (-row.calls, row.model, row.provider or ""))[:limit]


def model_detail(
    project_id: int, *, model: str, provider: str | None, window: Window, points: int = 60
) -> ModelDetail | None:
    """One model of one provider; None when the project never called it."""
    rollups = Rollups.of(project_id, window=window, filter=one_model(model, provider))
    of_all = sql.SQL("0")
    sums = [part for (_, kind), part in rollups.sums(of_all).items() if kind in MODEL_KINDS]
    if not sums and not _ever_called(project_id, model, provider):
        return None
    latencies = rollups.latencies(of_all, kinds=MODEL_KINDS).get(0, NO_LATENCIES)
    first_tokens = rollups.latencies(of_all, kinds=MODEL_KINDS, of=Measure.TTFT).get(0, NO_LATENCIES)
    row = _row(model, provider or "", sums=sum(sums, NOTHING), latencies=latencies, first_tokens=first_tokens)
    step = step_minutes(window, points=points, at_least=rollups.widest())
    return ModelDetail(
        row=row,
        durations=latencies.slots(),
        first_tokens=first_tokens.slots(),
        points=_over_time(rollups, step),
        step_ms=step * 60_000.0,
    )


def one_model(model: str, provider: str | None, filter: Filter | None = None) -> Filter:
    """The filter of exactly one model of one provider, and what another filter asks besides."""
    of_model = Term(key="model", op=Op.EQ, pieces=(model,), position=0)
    of_provider = Term(key="provider", op=Op.EQ, pieces=(provider or "",), position=0)
    terms = And((of_model, of_provider))
    return Filter(text="", node=terms) if filter is None else replace(filter, node=And((terms, filter.node)))


def _over_time(rollups: Rollups, step: int) -> list[ModelPoint]:
    total: dict[int, Sums] = {}
    for (minute, kind), sums in rollups.sums(sql.SQL("r.bucket / {0} * {0}").format(sql.Literal(step))).items():
        if kind in MODEL_KINDS:
            total[minute] = total.get(minute, NOTHING) + sums
    return [_point(minute, total[minute]) for minute in sorted(total) if total[minute].calls > 0]


def _point(minute: int, sums: Sums) -> ModelPoint:
    return ModelPoint(
        start=to_datetime(minute * MINUTE_NS),
        calls=sums.calls,
        uncached=sums.tokens_in,
        cache_read=sums.tokens_cache_read,
        cache_write=sums.tokens_cache_write,
        output_text=sums.tokens_out,
        reasoning=sums.tokens_reasoning,
        cost_usd=sums.cost_usd,
    )


def _ever_called(project_id: int, model: str, provider: str | None) -> bool:
    kinds = [int(kind) for kind in MODEL_KINDS]
    return bool(fetch(HAS_MODEL, project=project_id, model=model, provider=provider or "", kinds=kinds)[0][0])


def _row(model: str, provider: str, *, sums: Sums, latencies: Latencies, first_tokens: Latencies) -> ModelRow:
    p50, p95 = latencies.ms(0.5, 0.95)
    ttft_p50, ttft_p95 = first_tokens.ms(0.5, 0.95)
    return ModelRow(
        model=model,
        provider=provider or None,
        calls=sums.calls,
        errors=sums.errors,
        input_tokens=sums.input_tokens,
        output_tokens=sums.output_tokens,
        cache_read_tokens=sums.tokens_cache_read or None,
        cache_write_tokens=sums.tokens_cache_write or None,
        reasoning_tokens=sums.tokens_reasoning or None,
        cost_usd=sums.cost_usd,
        unpriced_calls=sums.unpriced,
        p50_ms=p50,
        p95_ms=p95,
        ttft_p50_ms=ttft_p50,
        ttft_p95_ms=ttft_p95,
    )
