"""Figures per model, from rollups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from traces.queries.sums import NO_LATENCIES, NOTHING, Latencies, Rollups, Sums
from traces.span import MODEL_KINDS

if TYPE_CHECKING:
    from traces.filters import Filter
    from traces.queries.window import Window

MODEL = sql.SQL(r"k.model || E'\x1f' || k.provider")


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


def model_figures(project_id: int, *, window: Window, filter: Filter | None = None, limit: int = 100) -> list[ModelRow]:
    """Models by calls, most first."""
    rollups = Rollups.of(project_id, window=window, filter=filter)
    total: dict[str, Sums] = {}
    for (model, kind), sums in rollups.sums(MODEL).items():
        if kind in MODEL_KINDS:
            total[model] = total.get(model, NOTHING) + sums
    latencies = rollups.latencies(MODEL, kinds=MODEL_KINDS)
    rows = [
        _row(*model.split("\x1f"), sums=sums, latencies=latencies.get(model, NO_LATENCIES))
        for model, sums in total.items()
        if sums.calls > 0
    ]
    return sorted(rows, key=lambda row: (-row.calls, row.model, row.provider or ""))[:limit]


def _row(model: str, provider: str, *, sums: Sums, latencies: Latencies) -> ModelRow:
    p50, p95 = latencies.ms(0.5, 0.95)
    return ModelRow(
        model=model,
        provider=provider or None,
        calls=sums.model_calls,
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
    )
