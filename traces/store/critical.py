"""The share of each span of a complete trace in its critical path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from traces.tree import analyse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from traces.settle import Decided


def mark_critical(decided: Sequence[Decided]) -> None:
    """Set critical_ns where it is more than nothing."""
    placed = analyse([one.span for one in decided])
    for one in decided:
        one.critical_ns = placed[one.span.span_id].critical_ns or None
