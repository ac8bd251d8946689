"""Folding deltas into minutes, minutes into hours, hours into days. One folder at a time (traces.jobs sees to it)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ecoa_web.db.named_sql import named_sql

if TYPE_CHECKING:
    from psycopg import Connection

SQL = named_sql(__file__)
DELTAS_AT_A_TIME = 50_000
ROWS_AT_A_TIME = 20_000
HOUR, DAY = 60, 24 * 60  # minutes
MINUTES_FOR = 3 * HOUR
HOURS_FOR = 14 * DAY


def fold(conn: Connection[Any], *, now_minute: int, limit: int = DELTAS_AT_A_TIME) -> int:
    """Fold up to `limit` deltas, old ones into their hour at once; how many rows they came to."""
    before = whole(now_minute - MINUTES_FOR, HOUR)
    return conn.execute(SQL.fold, {"before": before, "into": HOUR, "limit": limit}).rowcount


def compact(conn: Connection[Any], *, now_minute: int, limit: int = ROWS_AT_A_TIME) -> int:
    """Widen up to `limit` rows of each width that are old enough; how many rows they came to."""
    hours = {"width": 1, "into": HOUR, "before": whole(now_minute - MINUTES_FOR, HOUR), "limit": limit}
    days = {"width": HOUR, "into": DAY, "before": whole(now_minute - HOURS_FOR, DAY), "limit": limit}
    return conn.execute(SQL.compact, hours).rowcount + conn.execute(SQL.compact, days).rowcount


def expire(conn: Connection[Any], *, before_minute: int, limit: int = ROWS_AT_A_TIME) -> int:
    """Delete up to `limit` rows that begin before a minute; how many went."""
    return conn.execute(SQL.expire, {"before": before_minute, "limit": limit}).rowcount


def whole(minute: int, width: int) -> int:
    """The last start of a bucket of this width that is not after the minute."""
    return minute - minute % width
