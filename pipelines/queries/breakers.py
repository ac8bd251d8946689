"""Breakers and limiters of a project, as the whole fleet sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ecoa_web.db.named_sql import named_sql
from traces.queries.rows import fetch

if TYPE_CHECKING:
    from datetime import datetime

SQL = named_sql(__file__)
LAST_BEFORE = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerRow:
    """A breaker."""

    name: str
    state: str
    reason: str
    wait: float  # seconds it stays open this time
    opened_at: datetime | None
    retry_at: datetime | None
    probe_by: str | None
    probe_until: datetime | None
    version: int
    pinned_by: str | None
    changed_at: datetime
    openings: int  # in the window


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A breaker changed its state."""

    id: int
    name: str
    state: str
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LimiterRow:
    """One dimension of a limiter."""

    name: str
    dimension: str
    capacity: float  # a minute
    level: float  # what may be taken now; negative after an underestimate
    blocked_until: datetime | None
    updated_at: datetime

    @property
    def share(self) -> float:
        """How much of it may be taken now, 0 to 1."""
        return max(0.0, min(1.0, self.level / self.capacity)) if self.capacity > 0 else 0.0

    @property
    def width(self) -> str:
        """Of its bar."""
        return f"{self.share * 100:.1f}%"


def breakers(project_id: int, *, start: datetime, end: datetime) -> list[BreakerRow]:
    """Those that are not closed first."""
    names = tuple(BreakerRow.__dataclass_fields__)
    found = fetch(SQL.breakers, project=project_id, start=start, end=end)
    return [BreakerRow(**dict(zip(names, row, strict=True))) for row in found]


def not_closed(project_id: int) -> dict[str, str]:
    """State by name, of breakers that are open or half open."""
    return dict(fetch(SQL.not_closed, project=project_id))


def changes(project_id: int, *, name: str = "", before: int = LAST_BEFORE, limit: int = 50) -> list[Change]:
    """What breakers did, newest first."""
    names = tuple(Change.__dataclass_fields__)
    found = fetch(SQL.changes, project=project_id, name=name, before=before, limit=limit)
    return [Change(**dict(zip(names, row, strict=True))) for row in found]


def limiters(project_id: int) -> list[LimiterRow]:
    """By name and dimension."""
    names = tuple(LimiterRow.__dataclass_fields__)
    return [LimiterRow(**dict(zip(names, row, strict=True))) for row in fetch(SQL.limiters, project=project_id)]
