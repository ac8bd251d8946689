"""Runs a statement and reads its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.db import connection
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import LiteralString

type Row = tuple[Any, ...]  # its types are what its SELECT says, which no checker sees


def fetch(statement: LiteralString | sql.Composable, **parameters: object) -> list[Row]:
    """The rows of one statement."""
    with connection.cursor() as cursor:
        cursor.execute(statement, cast("Mapping[str, Any]", parameters))
        return cast("list[Row]", cursor.fetchall())


def filled(statement: LiteralString, **slots: sql.Composable) -> sql.Composed:
    """A named statement with its `{slots}` filled by composed SQL."""
    return sql.SQL(statement).format(**slots)
