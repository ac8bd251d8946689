"""Django's connection as the store's functions take one: inside the same transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.db import connection

if TYPE_CHECKING:
    from psycopg import Connection


def worker_view() -> Connection[Any]:
    """psycopg's connection under Django's."""
    connection.ensure_connection()
    return cast("Connection[Any]", connection.connection)
