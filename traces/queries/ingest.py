"""The ledger of ingest: received = stored + duplicate + rejected + pending + dead."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ecoa_web.db.named_sql import named_sql
from traces.queries.rows import fetch
from traces.span import Outcome

if TYPE_CHECKING:
    from traces.queries.window import Window

SQL = named_sql(__file__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What became of the spans that arrived in a window, and what waits now."""

    received_spans: int
    stored_spans: int
    duplicate_spans: int
    rejected_spans: dict[str, int]  # reason: how many
    pending_batches: int
    oldest_pending_s: float | None  # None: nothing waits
    dead_letters: int


def ledger(project_id: int, *, window: Window) -> Ledger:
    """The ledger of one project, by the minute of arrival."""
    minutes = {"first_minute": window.first_minute, "last_minute": window.last_minute}
    spans: Counter[int] = Counter()
    rejected: dict[str, int] = {}
    for outcome, reason, count in fetch(SQL.outcomes, project=project_id, **minutes):
        spans[outcome] += count
        if outcome == Outcome.REJECTED:
            rejected[reason] = count
    pending, oldest = fetch(SQL.pending, project=project_id)[0]
    return Ledger(
        received_spans=spans[Outcome.RECEIVED],
        stored_spans=spans[Outcome.STORED],
        duplicate_spans=spans[Outcome.DUPLICATE],
        rejected_spans=rejected,
        pending_batches=pending,
        oldest_pending_s=oldest,
        dead_letters=spans[Outcome.DEAD],
    )
