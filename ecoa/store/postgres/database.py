"""How the store's statements reach PostgreSQL: a pool a loop, and patience while the database is away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, LiteralString
from weakref import WeakKeyDictionary

from psycopg.conninfo import make_conninfo
from psycopg.errors import UndefinedTable

from ecoa.errors import StoreNotReady, StoreUnavailable
from ecoa.store.postgres.connect import GONE
from ecoa.store.postgres.liveness import Liveness
from ecoa.store.postgres.pool import Pool

if TYPE_CHECKING:
    from ecoa.store.postgres.connect import Conn

type Row = tuple[Any, ...]  # a row of any statement
type Params = Mapping[str, Any]

PATIENCE_S = 10.0  # a restart of PostgreSQL takes less
KEEPALIVE = {"keepalives_idle": 5, "keepalives_interval": 3, "keepalives_count": 3}  # a dead network is noticed
SHORT_S = 0.5  # where there is a local answer
PAUSES_S = (0.0, 0.05, 0.2, 0.5)
NO_TABLES = "The database has not all tables of ECOA: run `manage.py migrate` (`manage.py up` does it, too)."
PROJECT = "SELECT id FROM accounts_project WHERE slug = %(slug)s"


class Database:
    """One database, one project of it, any number of event loops."""

    def __init__(self, dsn: str, *, direct_dsn: str | None, project: str, connections: int) -> None:
        self.dsn = dsn
        self.direct_dsn = make_conninfo(direct_dsn or dsn, **KEEPALIVE)
        self.project = project
        self._connections = connections
        self._pools: WeakKeyDictionary[asyncio.AbstractEventLoop, Pool] = WeakKeyDictionary()
        self._livenesses: WeakKeyDictionary[asyncio.AbstractEventLoop, Liveness] = WeakKeyDictionary()
        self._project_id: int | None = None

    @property
    def pool(self) -> Pool:
        """The running loop's."""
        loop = asyncio.get_running_loop()
        pool = self._pools.get(loop)
        if pool is None:
            self._forget_ended_loops()
            pool = self._pools[loop] = Pool(self.dsn, size=self._connections)
        return pool

    @property
    def liveness(self) -> Liveness:
        """The running loop's."""
        loop = asyncio.get_running_loop()
        liveness = self._livenesses.get(loop)
        if liveness is None:
            liveness = self._livenesses[loop] = Liveness(self)
        return liveness

    def _forget_ended_loops(self) -> None:
        for loop in [loop for loop in self._pools if loop.is_closed()]:
            self._pools.pop(loop).abandon()
            self._livenesses.pop(loop, None)

    async def close(self) -> None:
        """Close the running loop's connections."""
        if liveness := self._livenesses.pop(asyncio.get_running_loop(), None):
            await liveness.close()
        if pool := self._pools.pop(asyncio.get_running_loop(), None):
            await pool.close()

    async def project_id(self) -> int:
        """The project's id, looked up once."""
        if self._project_id is None:
            rows = await self.rows(PROJECT, {"slug": self.project})
            if not rows:
                raise StoreNotReady(
                    f"The database has no project {self.project!r}: create it, or name another one in ECOA_PROJECT."
                )
            self._project_id = int(rows[0][0])
        return self._project_id

    async def rows(self, statement: LiteralString, params: Params, *, patience: float = PATIENCE_S) -> list[Row]:
        """One statement, committed; its rows. It must bear being run again: the answer of the first may be lost."""

        async def run() -> list[Row]:
            async with self.pool.connection() as conn:
                cursor = await conn.execute(statement, params)
                return await cursor.fetchall() if cursor.description else []

        return await self.patiently(run, patience=patience)

    async def row(self, statement: LiteralString, params: Params, *, patience: float = PATIENCE_S) -> Row | None:
        """The first of its rows."""
        rows = await self.rows(statement, params, patience=patience)
        return rows[0] if rows else None

    async def patiently[T](self, run: Callable[[], Awaitable[T]], *, patience: float = PATIENCE_S) -> T:
        """Run it, and again after a lost connection or a deadlock; StoreUnavailable in the end.

        StoreNotReady at once where the tables are missing.
        """
        give_up = time.monotonic() + patience
        tries = 0
        while True:
            try:
                return await run()
            except UndefinedTable as error:
                raise StoreNotReady(NO_TABLES) from error
            except (StoreUnavailable, *GONE) as error:
                pause = PAUSES_S[min(tries, len(PAUSES_S) - 1)]
                tries += 1
                if time.monotonic() + pause > give_up:
                    if isinstance(error, StoreUnavailable):
                        raise
                    raise StoreUnavailable(f"the database does not answer: {error}") from error
                await asyncio.sleep(pause)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Conn]:
        """A connection in a transaction, which is committed at the end of the block."""
        async with self.pool.connection() as conn:
            await conn.execute("BEGIN")
            try:
                yield conn
                await conn.execute("COMMIT")
            except BaseException:
                if not conn.closed:
                    await conn.rollback()
                raise
