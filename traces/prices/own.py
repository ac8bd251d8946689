"""Reads the prices that projects have of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ecoa_web.db.named_sql import named_sql
from traces.prices.override import Override

if TYPE_CHECKING:
    from collections.abc import Collection

    from psycopg import Connection

SQL = named_sql(__file__)


def own_prices(conn: Connection[Any], project_ids: Collection[int]) -> dict[int, list[Override]]:
    """The own prices of each of these projects, also of one that has none."""
    found: dict[int, list[Override]] = {project_id: [] for project_id in project_ids}
    for project_id, *columns in conn.execute(SQL.own, {"projects": list(project_ids)}):
        found[project_id].append(override(columns))
    return found


def override(columns: list[Any]) -> Override:
    """A row of traces_price from id to valid_until."""
    return Override(**dict(zip(Override.__slots__, columns, strict=True)))
