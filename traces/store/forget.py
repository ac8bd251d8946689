"""Forgetting deleted projects: what was received from them and all that was derived from it, some rows at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import sql

from ecoa_web.db.named_sql import named_sql
from traces.store.claim import share_derived

if TYPE_CHECKING:
    from psycopg import Connection

SQL = named_sql(__file__)
ROWS_AT_A_TIME = 20_000

# The place of a row is that in its partition. Rows of theirs at the same place of another one go as well: no harm.
DELETE = sql.SQL(
    "DELETE FROM {table} WHERE project_id = ANY(%(gone)s)"
    " AND ctid = ANY(ARRAY(SELECT ctid FROM {table} WHERE project_id = ANY(%(gone)s) LIMIT %(limit)s))"
)


def forget_gone(conn: Connection[Any], *, limit: int = ROWS_AT_A_TIME) -> bool:
    """Delete some rows of deleted projects from every table; whether there may be more."""
    gone = [project_id for (project_id,) in conn.execute(SQL.gone)]
    if not gone:
        return False
    asked = {"gone": gone, "limit": limit}
    with conn.transaction():
        share_derived(conn)
        deleted = [conn.execute(SQL.forget_rollups, asked).rowcount, conn.execute(SQL.forget_deltas, asked).rowcount]
        for (table,) in conn.execute(SQL.tables).fetchall():
            if table == "traces_rollup_key" and any(deleted):  # its sums would not find their project
                continue
            deleted.append(conn.execute(DELETE.format(table=sql.Identifier(table)), asked).rowcount)
        if not any(deleted):
            conn.execute(SQL.unmark, asked)
    return any(deleted)
