"""The ledger of ingest: received = stored + duplicate + rejected + pending + dead."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ecoa_web.db.named_sql import named_sql
from traces.queries.rows import fetch
from traces.span import Outcome

if TYPE_CHECKING:
    from traces.queries.window import Window

SQL = named_sql(__file__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What became of log records; rejected ones carry no GenAI content, or could not be read."""

    received: int = 0
    stored: int = 0
    duplicate: int = 0
    rejected: dict[str, int] = field(default_factory=dict)  # reason: how many
    dead: int = 0


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
    log_records: Records = field(default_factory=Records)


def ledger(project_id: int, *, window: Window) -> Ledger:
    """The ledger of one project, by the minute of arrival."""
    minutes = {"first_minute": window.first_minute, "last_minute": window.last_minute}
    spans: Counter[int] = Counter()
    rejected: dict[str, int] = {}
    rejected_records: dict[str, int] = {}
    for outcome, reason, count in fetch(SQL.outcomes, project=project_id, **minutes):
        spans[outcome] += count
        if outcome == Outcome.REJECTED:
            rejected[reason] = count
        elif outcome == Outcome.LOGS_REJECTED:
            rejected_records[reason] = count
    pending, oldest = fetch(SQL.pending, project=project_id)[0]
    return Ledger(
        received_spans=spans[Outcome.RECEIVED],
        stored_spans=spans[Outcome.STORED],
        duplicate_spans=spans[Outcome.DUPLICATE],
        rejected_spans=rejected,
        pending_batches=pending,
        oldest_pending_s=oldest,
        dead_letters=spans[Outcome.DEAD],
        log_records=Records(
            received=spans[Outcome.LOGS_RECEIVED],
            stored=spans[Outcome.LOGS_STORED],
            duplicate=spans[Outcome.LOGS_DUPLICATE],
            rejected=rejected_records,
            dead=spans[Outcome.LOGS_DEAD],
        ),
    )
