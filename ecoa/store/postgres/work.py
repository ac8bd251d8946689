"""Database work written once and run by both drivers: a generator yields statements and is sent their rows.

    def rename(run_id: str, name: str) -> Work[str]:
        rows = yield Ask(SQL.rename, {"id": run_id, "name": name})
        return rows[0]["name"]

    run_sync(connection, rename(id, "x"))            # Django's connection, inside its transaction
    await run_async(connection, rename(id, "x"))     # the engine's

The caller opens the transaction around it.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, LiteralString, cast

if TYPE_CHECKING:
    import psycopg

type Row = dict[str, Any]  # columns by name
type Work[T] = Generator[Ask, list[Row], T]


@dataclass(frozen=True, slots=True)
class Ask:
    """One statement."""

    sql: LiteralString
    params: Mapping[str, object] = field(default_factory=dict)


def run_sync[T](connection: psycopg.Connection[Any], work: Work[T]) -> T:
    """Do it on this connection, in the transaction that it is in."""
    from psycopg.rows import dict_row

    with connection.cursor(row_factory=dict_row) as cursor:
        rows: list[Row] | None = None
        while True:
            try:
                ask = work.send(rows) if rows is not None else next(work)
            except StopIteration as end:
                return cast("T", end.value)
            cursor.execute(ask.sql, ask.params)
            rows = cursor.fetchall() if cursor.description else []


async def run_async[T](connection: psycopg.AsyncConnection[Any], work: Work[T]) -> T:
    """Do it on this connection, in the transaction that it is in."""
    from psycopg.rows import dict_row

    async with connection.cursor(row_factory=dict_row) as cursor:
        rows: list[Row] | None = None
        while True:
            try:
                ask = work.send(rows) if rows is not None else next(work)
            except StopIteration as end:
                return cast("T", end.value)
            await cursor.execute(ask.sql, ask.params)
            rows = await cursor.fetchall() if cursor.description else []
