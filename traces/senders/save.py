"""Saves what a worker has seen of those who send: a few rows in one transaction, every few seconds."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Any

import orjson

from ecoa_web.db.named_sql import named_sql
from traces.rules.own import own_rules
from traces.store.claim import DERIVED_LOCK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

    from traces.senders.senders import Counted, Senders, SourceKey

SQL = named_sql(__file__)
SAVE_LOCK = 0x45434F41_0006  # advisory: one worker at a time saves
EVERY_S = 2.0
MOST_SOURCES, MOST_KEYS = 1_000, 200  # of a project

type Row = dict[str, object]


class Saver:
    """Saves what is due."""

    def __init__(self, senders: Senders, *, every_s: float = EVERY_S) -> None:
        self._senders = senders
        self._every_s = every_s
        self._due = 0.0

    def step(self, conn: Connection[Any]) -> None:
        """Save, if it is time."""
        now = time.monotonic()
        if self._senders.counted and now >= self._due:
            self._due = now + self._every_s
            save(conn, self._senders)


def save(conn: Connection[Any], senders: Senders) -> None:
    """Add what was counted since the last time to what is known. What a replay has made void is left out."""
    taken = senders.take()
    with conn.transaction():
        conn.execute(SQL.begin, {"derived": DERIVED_LOCK, "saving": SAVE_LOCK})
        owned = own_rules(conn, list(taken))
        valid = {
            project_id: counted for project_id, counted in taken.items() if counted.epoch == owned[project_id].epoch
        }
        conn.execute(SQL.mappings, {"rows": _json(_mappings(valid))})
        for grown in _grown(conn, SQL.sources, list(_sources(valid))):
            conn.execute(SQL.trim_sources, {"project": grown, "most": MOST_SOURCES})
        for grown in _grown(conn, SQL.keys, list(_keys(valid))):
            conn.execute(SQL.trim_keys, {"project": grown, "most": MOST_KEYS})


def _grown(conn: Connection[Any], statement: Any, rows: list[Row]) -> set[int]:
    """Add the rows; the projects that have new ones."""
    if not rows:
        return set()
    return {project_id for (project_id,) in conn.execute(statement, {"rows": _json(rows)}) if project_id is not None}


def _mappings(valid: dict[int, Counted]) -> list[Row]:
    return [
        {
            "project_id": project_id,
            "version": version,
            "spans": tally.spans,
            "first_ns": tally.first_ns,
            "last_ns": tally.last_ns,
        }
        for project_id, counted in valid.items()
        for version, tally in counted.versions.items()
    ]


def _sources(valid: dict[int, Counted]) -> Iterator[Row]:
    for counted in valid.values():
        for source, tally in counted.sources.items():
            yield {
                **source._asdict(),
                "digest": _digest(source),
                "dialects": sorted(tally.dialects - {""}),
                "spans": tally.spans,
                "first_ns": tally.first_ns,
                "last_ns": tally.last_ns,
            }


def _keys(valid: dict[int, Counted]) -> Iterator[Row]:
    for project_id, counted in valid.items():
        for key, sight in counted.keys.items():
            yield {
                "project_id": project_id,
                "key": key,
                "spans": sight.spans,
                "example": sight.example,
                "scope": sight.scope,
                "trace_id": sight.trace_id,
                "span_id": sight.span_id,
                "last_ns": sight.last_ns,
            }


def _digest(source: SourceKey) -> str:
    return hashlib.blake2b("\x1f".join(source[1:]).encode(), digest_size=16).hexdigest()


def _json(rows: object) -> str:
    return orjson.dumps(rows).decode()
