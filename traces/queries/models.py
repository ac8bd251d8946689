"""Figures per model, from rollups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from traces.filters import Filter
    from traces.queries.window import Window


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
    raise NotImplementedError
