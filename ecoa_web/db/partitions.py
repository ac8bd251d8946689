"""Daily partitions: made ahead of time, retired whole.

    p = traces_span_20261122     FOR VALUES FROM ('2026-11-22') TO ('2026-11-23')

New ones are made with CREATE TABLE … LIKE and ATTACH, which wait for no reader and no writer. Old ones leave with
DETACH CONCURRENTLY and DROP, which wait for nobody for longer than LOCK_TIMEOUT; what could not go now goes next time.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from psycopg import errors, sql

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from psycopg import Connection

DAILY_TABLES = ("traces_inbox_batch", "traces_span", "traces_log", "traces_search_segment")
LOCK_TIMEOUT = "2s"
ENSURE_LOCK = 0x45434F41_0001  # advisory: one maker of partitions at a time

# Rows of a span partition are written once, some once more (a pending span that ended, an agent decided later).
# Without room on the page an update cannot be HOT; a fuller page is worth more, since most spans are never updated.
STORAGE_OPTIONS = {
    "traces_inbox_batch": sql.SQL("autovacuum_vacuum_insert_scale_factor = 0.5"),
    "traces_span": sql.SQL("autovacuum_vacuum_insert_scale_factor = 0.5, autovacuum_analyze_scale_factor = 0.2"),
    "traces_log": sql.SQL("autovacuum_vacuum_insert_scale_factor = 0.5"),
    "traces_search_segment": sql.SQL("autovacuum_vacuum_insert_scale_factor = 0.5"),
}
ATTACHED = """
SELECT c.relname, i.inhdetachpending
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = to_regclass(%s)
"""


def ensure_days(conn: Connection[Any], days: Iterable[date]) -> None:
    """Every daily table has its partition for each of these days; safe to call from many processes at once."""
    missing = [(table, day) for day in days for table in DAILY_TABLES if not _exists(conn, partition_name(table, day))]
    if not missing:
        return
    with conn.transaction():
        conn.execute("SELECT pg_advisory_xact_lock(%s)", [ENSURE_LOCK])
        for table, day in missing:
            if not _exists(conn, partition_name(table, day)):
                _make(conn, table, day)


def retire_before(conn: Connection[Any], table: str, day: date) -> list[str]:
    """Drop the table's partitions older than the day; returns the names of those that went. Needs autocommit."""
    gone = []
    for name, detaching in list(_attached(conn, table)):
        if _day_of(name, table) < day and _detach(conn, table, name, begun=detaching) and _drop(conn, name):
            gone.append(name)
    gone += [name for name in _leftovers(conn, table) if _day_of(name, table) < day and _drop(conn, name)]
    return gone


def days_of(conn: Connection[Any], table: str) -> list[date]:
    """The days that the table has a partition for, oldest first."""
    return sorted(_day_of(name, table) for name, detaching in _attached(conn, table) if not detaching)


def partition_name(table: str, day: date) -> str:
    """traces_span, 2026-11-22 → traces_span_20261122."""
    return f"{table}_{day:%Y%m%d}"


def _make(conn: Connection[Any], table: str, day: date) -> None:
    parent, child = sql.Identifier(table), sql.Identifier(partition_name(table, day))
    options = STORAGE_OPTIONS[table]
    conn.execute(
        sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL) WITH ({})").format(child, parent, options),
    )
    conn.execute(
        sql.SQL("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})").format(
            parent, child, sql.Literal(day), sql.Literal(day + timedelta(days=1))
        )
    )


def _detach(conn: Connection[Any], table: str, name: str, *, begun: bool) -> bool:
    """Whether the partition is off its table. A detach that an earlier try began is finished."""
    how = sql.SQL("FINALIZE" if begun else "CONCURRENTLY")
    command = sql.SQL("ALTER TABLE {} DETACH PARTITION {} {}").format(sql.Identifier(table), sql.Identifier(name), how)
    return _within_timeout(conn, command)


def _drop(conn: Connection[Any], name: str) -> bool:
    return _within_timeout(conn, sql.SQL("DROP TABLE {}").format(sql.Identifier(name)))


def _within_timeout(conn: Connection[Any], command: sql.Composed) -> bool:
    """Run it outside a transaction (DETACH CONCURRENTLY must be); False when the lock was not to be had in time."""
    conn.execute(sql.SQL("SET lock_timeout = {}").format(sql.Literal(LOCK_TIMEOUT)))
    try:
        conn.execute(command)
    except (errors.LockNotAvailable, errors.DeadlockDetected):
        return False
    finally:
        conn.execute("RESET lock_timeout")
    return True


def _attached(conn: Connection[Any], table: str) -> Iterator[tuple[str, bool]]:
    return ((name, bool(detaching)) for name, detaching in conn.execute(ATTACHED, [table]).fetchall())


def _leftovers(conn: Connection[Any], table: str) -> list[str]:
    """Partitions that were detached and not dropped: named like one, inheriting from nothing."""
    rows = conn.execute(
        "SELECT relname FROM pg_class c WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"
        " AND starts_with(relname, %s) AND NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid)",
        [f"{table}_"],
    ).fetchall()
    return [name for (name,) in rows if re.fullmatch(re.escape(table) + r"_\d{8}", name)]


def _day_of(name: str, table: str) -> date:
    return date.fromisoformat(name.removeprefix(f"{table}_"))


def _exists(conn: Connection[Any], name: str) -> bool:
    row = conn.execute("SELECT to_regclass(%s) IS NOT NULL", [name]).fetchone()
    return row is not None and bool(row[0])
