"""Interned rollup keys: what a row is about, as one integer. Bounded a project, cached a process."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import orjson

from ecoa_web.db.named_sql import named_sql
from traces.rollups.delta import Key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from psycopg import Connection

SQL = named_sql(__file__)
MOST_CACHED = 200_000
MOST_A_PROJECT = 50_000
OTHER = "(other)"  # stands for the names of whatever came after a project had MOST_A_PROJECT keys
COUNT_FOR_S = 60.0


class Keys:
    """The ids of rollup keys. One a connection: what a transaction inserted is remembered when it has committed."""

    def __init__(self, *, most_a_project: int = MOST_A_PROJECT) -> None:
        self._most = most_a_project
        self._ids: dict[Key, int] = {}
        self._counts: dict[int, int] = {}
        self._counted_at = 0.0

    def ids(self, conn: Connection[Any], keys: Collection[Key]) -> dict[Key, int]:
        """The id of each key, made where there is none. Call last in a transaction: new keys lock out other makers."""
        known = {key: self._ids[key] for key in keys if key in self._ids}
        missing = {key for key in keys if key not in known}
        if missing:
            known |= _rows(conn, SQL.find, missing)
            missing -= known.keys()
        if missing:
            known |= self._made(conn, missing)
        return known

    def remember(self, ids: dict[Key, int]) -> None:
        """These ids are committed."""
        if len(self._ids) > MOST_CACHED:
            self._ids.clear()
        self._ids |= ids

    def _made(self, conn: Connection[Any], missing: set[Key]) -> dict[Key, int]:
        stands_for = self._within_bounds(conn, missing)
        wanted = set(stands_for.values())
        made = _rows(conn, SQL.insert, wanted)
        while wanted - made.keys():  # others made them meanwhile: a new statement sees theirs
            made |= _rows(conn, SQL.find, wanted - made.keys())
        return {key: made[stand_in] for key, stand_in in stands_for.items()}

    def _within_bounds(self, conn: Connection[Any], missing: set[Key]) -> dict[Key, Key]:
        """Each missing key with what stands for it: itself while its project has room."""
        if time.monotonic() - self._counted_at > COUNT_FOR_S or any(k.project_id not in self._counts for k in missing):
            projects = {key.project_id for key in missing} | self._counts.keys()
            self._counts = dict.fromkeys(projects, 0)
            self._counts |= dict(conn.execute(SQL.count, {"projects": list(projects)}).fetchall())
            self._counted_at = time.monotonic()
        room = Counter({project: self._most - count for project, count in self._counts.items()})
        stands_for = {}
        for key in sorted(missing):
            room[key.project_id] -= 1
            stands_for[key] = key if room[key.project_id] >= 0 else overflow(key)
        self._counts = {project: self._most - left for project, left in room.items()}
        return stands_for


def overflow(key: Key) -> Key:
    """The key that stands for this one in a project that has too many: names are lost, kinds stay apart."""
    return Key(key.project_id, key.kind, *(OTHER if name else "" for name in key[2:]))


def _rows(conn: Connection[Any], statement: Any, keys: Iterable[Key]) -> dict[Key, int]:
    wanted = orjson.dumps([key._asdict() for key in keys]).decode()
    return {Key(*row[1:]): row[0] for row in conn.execute(statement, {"keys": wanted}).fetchall()}
