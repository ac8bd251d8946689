"""Dead letters: what could not be stored, with why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

import zstandard

from ecoa_web.db.named_sql import named_sql
from traces.decode import span_at
from traces.inbox.batch import Signal, inflated
from traces.queries.rows import fetch
from traces.wire import Malformed

if TYPE_CHECKING:
    from traces.decode import RawSpan

SQL = named_sql(__file__)
LAST_ID = 2**63 - 1
MOST_BYTES = 32 * 1024 * 1024  # of a body that is opened to show one span


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter."""

    id: int
    batch_id: int
    day: date
    ordinal: int | None  # None: the whole batch
    reason: str
    failed_at: datetime
    spans: int | None  # in its batch; None: that is no longer kept
    signal: int
    kept: bool

    @property
    def what(self) -> str:
        """What a batch of it holds."""
        return "log record" if self.signal == Signal.LOGS else "span"


def letters(project_id: int, *, before: int | None, limit: int) -> list[Letter]:
    """A page of a project's dead letters, newest first."""
    place = LAST_ID if before is None else before
    return [Letter(*row) for row in fetch(SQL.letters, project=project_id, before=place, limit=limit)]


def letter_count(project_id: int) -> int:
    """How many dead letters a project has."""
    count: int = fetch(SQL.count, project=project_id)[0][0]
    return count


def letter(project_id: int, letter_id: int) -> Letter | None:
    """A dead letter; None when the project has no such one."""
    found = fetch(SQL.letter, project=project_id, letter=letter_id)
    return Letter(*found[0]) if found else None


def letter_span(project_id: int, of: Letter) -> RawSpan | None:
    """The span that a letter is about, as it was sent; None when it cannot be read or is too much to open."""
    if of.ordinal is None or of.signal != Signal.TRACES:
        return None
    found = fetch(SQL.body, batch=of.batch_id, day=of.day, project=project_id)
    try:
        stored = bytes(found[0][0]) if found else b""
        if not stored or not 0 <= zstandard.frame_content_size(stored) <= MOST_BYTES:
            return None
        return span_at(inflated(stored), of.ordinal)
    except (Malformed, zstandard.ZstdError):
        return None
