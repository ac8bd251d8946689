"""The ledger of ingest: received = stored + duplicate + rejected + pending + dead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from traces.queries.window import Window


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
    """The ledger of one project, by arrival."""
    raise NotImplementedError
