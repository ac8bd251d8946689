"""The share of each span of a complete trace in its critical path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from traces.tree import Node, critical_times

if TYPE_CHECKING:
    from collections.abc import Iterable

    from traces.settle import Decided


def mark_critical(decided: Iterable[Decided]) -> None:
    """Set critical_ns where it is more than nothing."""
    by_id = {one.span.span_id: one for one in decided}
    spans = [one.span for one in by_id.values()]
    times = critical_times(Node(span.span_id, span.parent_id, span.start_ns, span.end_ns) for span in spans)
    for span_id, critical_ns in times.items():
        by_id[span_id].critical_ns = critical_ns or None
