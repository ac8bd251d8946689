"""Reads the rules that projects have of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ecoa_web.db.named_sql import named_sql
from traces.rules.rule import FIELDS, READERS, UNRULED, Rule, Ruled, ruled
from traces.rules.version import BUILT_IN, version_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from psycopg import Connection

SQL = named_sql(__file__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """What is a project's own in reading its spans."""

    epoch: int = 0  # how many replays of it have begun
    rules: tuple[Rule, ...] = ()
    ruled: Ruled = UNRULED
    version: str = BUILT_IN


def own_rules(conn: Connection[Any], project_ids: Collection[int]) -> dict[int, Own]:
    """The rules of each of these projects, compiled."""
    epochs: dict[int, int] = {}
    rules: dict[int, tuple[Rule, ...]] = {}
    for project_id, epoch, *columns in conn.execute(SQL.own, {"projects": list(project_ids)}).fetchall():
        epochs[project_id] = epoch
        if columns[0] is not None and known(columns[1], columns[3]):
            rules[project_id] = (*rules.get(project_id, ()), Rule(*columns))
    return {project_id: own(epoch, rules.get(project_id, ())) for project_id, epoch in epochs.items()}


def known(field: str, reader: str) -> bool:
    """Whether this version still has that field and that reader; a rule that names another says nothing."""
    return field in FIELDS and reader in READERS


def own(epoch: int, rules: tuple[Rule, ...]) -> Own:
    """What is a project's own, compiled."""
    return Own(epoch=epoch, rules=rules, ruled=ruled(rules), version=version_of(rules)) if rules else Own(epoch=epoch)
