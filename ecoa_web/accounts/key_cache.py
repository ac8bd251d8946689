"""Which key is this? For processes that must know it for every request, without Django: a revoked key works for at
most a second more.

    request ──▶ digest ──▶ held for under a second? ──yes──▶ answer
                                   │ no
                                   ▼
                        one query, shared by everyone who asks for the same key meanwhile
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg

from ecoa_web.db.named_sql import named_sql

if TYPE_CHECKING:
    from psycopg_pool import AsyncConnectionPool

log = logging.getLogger(__name__)
SQL = named_sql(__file__)

HELD_S = 0.9  # the promise is one second; the rest is for the query
USED_EVERY_S = 60.0
MAX_HELD = 10_000  # of known keys, and again of unknown ones
MAX_QUERIES = 4  # at once, so that a flood of made-up keys leaves connections to others
MAX_SECRET = 1_000  # bytes

type Rows = Sequence[tuple[Any, ...]]  # the columns of the statement run
type Run = Callable[[LiteralString, Sequence[object]], Awaitable[Rows]]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyInfo:
    """What a valid key may do, and where."""

    id: int
    project_id: int
    scopes: frozenset[str]

    def allows(self, scope: str) -> bool:
        """Whether the key carries this scope; none includes another."""
        return scope in self.scopes


@dataclass(frozen=True, slots=True)
class Held:
    info: KeyInfo | None
    until: float


def digest(secret: str | bytes) -> bytes:
    """The SHA-256 that is stored and looked up. Keys are random, so a slow hash would add nothing."""
    raw = secret.encode("utf-8", "surrogatepass") if isinstance(secret, str) else secret
    return hashlib.sha256(raw).digest()


def key_info(row: tuple[Any, ...]) -> KeyInfo:
    """A row of find_key."""
    key_id, project_id, scopes = row
    return KeyInfo(id=key_id, project_id=project_id, scopes=frozenset(scopes))


class KeyCache:
    """Finds keys by their secret; belongs to one event loop. Database errors pass through to the caller."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._known: dict[bytes, Held] = {}
        self._unknown: dict[bytes, Held] = {}  # apart, so that made-up keys never push out real ones
        self._asking: dict[bytes, asyncio.Task[KeyInfo | None]] = {}
        self._slots = asyncio.Semaphore(MAX_QUERIES)
        self._noted: dict[int, float] = {}
        self._notes: set[asyncio.Task[None]] = set()

    @classmethod
    def over(cls, pool: AsyncConnectionPool[Any]) -> KeyCache:
        """A cache that asks through a pool's connections."""

        async def run(statement: LiteralString, params: Sequence[object]) -> Rows:
            async with pool.connection() as connection:
                cursor = await connection.execute(statement, params)
                rows: Rows = await cursor.fetchall()
                return rows

        return cls(run)

    async def find(self, secret: str | bytes) -> KeyInfo | None:
        """The key's id, project and scopes; None for a revoked or unknown one."""
        if not secret or len(secret) > MAX_SECRET:
            return None
        wanted = digest(secret)
        held = self._known.get(wanted) or self._unknown.get(wanted)
        info = held.info if held and held.until > time.monotonic() else await self._ask_once(wanted)
        if info is not None:
            self._note_use(info.id)
        return info

    async def _ask_once(self, wanted: bytes) -> KeyInfo | None:
        task = self._asking.get(wanted)
        if task is None:
            task = self._asking[wanted] = asyncio.create_task(self._ask(wanted))
            task.add_done_callback(lambda done: self._asked(wanted, done))
        return await asyncio.shield(task)  # one caller that hangs up must not fail the others

    def _asked(self, wanted: bytes, done: asyncio.Task[KeyInfo | None]) -> None:
        del self._asking[wanted]
        if not done.cancelled():
            done.exception()  # seen, even when every caller has gone

    async def _ask(self, wanted: bytes) -> KeyInfo | None:
        async with self._slots:
            asked_at = time.monotonic()
            rows = await self._run(SQL.find_key, [wanted])
        info = key_info(rows[0]) if rows else None
        self._hold(wanted, Held(info, asked_at + HELD_S))
        return info

    def _hold(self, wanted: bytes, held: Held) -> None:
        self._known.pop(wanted, None)
        self._unknown.pop(wanted, None)
        into = self._known if held.info else self._unknown
        while len(into) >= MAX_HELD:
            del into[next(iter(into))]  # the one asked for longest ago
        into[wanted] = held

    def _note_use(self, key_id: int) -> None:
        now = time.monotonic()
        if now - self._noted.get(key_id, -USED_EVERY_S) < USED_EVERY_S:
            return
        if len(self._noted) >= MAX_HELD:
            self._noted.clear()
        self._noted[key_id] = now
        task = asyncio.create_task(self._write_use(key_id))
        self._notes.add(task)
        task.add_done_callback(self._notes.discard)

    async def _write_use(self, key_id: int) -> None:
        try:
            await self._run(SQL.key_used, [key_id])
        except (psycopg.Error, OSError) as error:
            # Only "last used" on a page is late by a minute; the request went its way.
            log.warning("key_use_not_noted", extra={"key_id": key_id, "error": type(error).__name__})
