"""What arrived and what became of it: by key, by service, over time, and now."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ecoa_web.db.named_sql import named_sql
from traces.queries.rows import fetch
from traces.span import Outcome

if TYPE_CHECKING:
    from traces.queries.window import Window

SQL = named_sql(__file__)
PENDING = -1
BATCH_ID_BITS = 22  # below the milliseconds; traces.inbox.ids


@dataclass(slots=True)
class Account:
    """The spans of one sender, or of all: received = stored + duplicate + rejected + dead + pending."""

    received: int = 0
    stored: int = 0
    duplicate: int = 0
    rejected: int = 0
    dead: int = 0
    pending: int = 0

    @property
    def told(self) -> int:
        """Spans of which the ledger says what became of them."""
        return self.stored + self.duplicate + self.rejected + self.dead + self.pending

    @property
    def missing(self) -> int:
        """Received spans of which nothing is known: 0, unless something is wrong."""
        return self.received - self.told

    def add(self, outcome: int, spans: int) -> None:
        """Count spans with that outcome."""
        name = NAMES.get(outcome)
        if name is not None:
            setattr(self, name, getattr(self, name) + spans)


NAMES = {
    Outcome.RECEIVED.value: "received",
    Outcome.STORED.value: "stored",
    Outcome.DUPLICATE.value: "duplicate",
    Outcome.REJECTED.value: "rejected",
    Outcome.DEAD.value: "dead",
    PENDING: "pending",
}


@dataclass(slots=True)
class Accounts:
    """The spans of a window, told in several ways that each add up to the whole."""

    whole: Account = field(default_factory=Account)
    keys: dict[int, Account] = field(default_factory=lambda: defaultdict(Account))
    services: dict[str, Account] = field(default_factory=lambda: defaultdict(Account))
    unread: Account = field(default_factory=Account)  # decided before anyone read whose they are, or waiting for that
    reasons: Counter[str] = field(default_factory=Counter)  # of rejected ones


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """How things stand."""

    spans_per_second: float
    pending_spans: int
    pending_batches: int
    lag_s: float | None  # for how long the oldest new batch has waited; None: nothing waits but for a replay


def accounts(project_id: int, *, window: Window) -> Accounts:
    """What became of the spans that arrived in a window."""
    rows = fetch(
        SQL.account,
        project=project_id,
        first_minute=window.first_minute,
        last_minute=window.last_minute,
        first_batch=window.first_minute * 60_000 << BATCH_ID_BITS,
        last_batch=window.last_minute * 60_000 << BATCH_ID_BITS,
        most=Outcome.DEAD.value,
    )
    found = Accounts()
    for key_id, service, outcome, reason, spans in rows:
        found.whole.add(outcome, spans)
        found.keys[key_id].add(outcome, spans)
        if outcome == Outcome.REJECTED:
            found.reasons[reason] += spans
        if outcome in (PENDING, Outcome.REJECTED) or (outcome == Outcome.DUPLICATE and reason):
            found.unread.add(outcome, spans)
        elif outcome != Outcome.RECEIVED:
            found.services[service].add(outcome, spans)
    return found


def over_time(project_id: int, *, window: Window, slots: int) -> list[tuple[int, int]]:
    """Received spans, and those rejected or dead, by slot of a window."""
    found = [(0, 0)] * slots
    minutes = {"first_minute": window.first_minute, "last_minute": window.last_minute}
    outcomes = {
        "received": Outcome.RECEIVED.value,
        "rejected": Outcome.REJECTED.value,
        "dead": Outcome.DEAD.value,
    }
    for slot, received, bad in fetch(SQL.over_time, project=project_id, slots=slots, **minutes, **outcomes):
        found[slot] = (received, bad)
    return found


def now(project_id: int) -> Now:
    """How much arrives and waits at this moment."""
    seconds = time.time()
    minute = int(seconds) // 60 - 1
    [row] = fetch(SQL.now, project=project_id, minute=minute, received=Outcome.RECEIVED.value)
    received, spans, batches, lag = row
    return Now(
        spans_per_second=received / (seconds - minute * 60),
        pending_spans=spans,
        pending_batches=batches,
        lag_s=None if lag is None else max(lag, 0.0),
    )
