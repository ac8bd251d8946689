"""The six figures of the overview."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from traces.queries.window import Window


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
    raise NotImplementedError
