"""Connections of one event loop, the latest used first.

psycopg_pool's tasks outlive a loop that ends without closing them, as `asyncio.run(pipeline.run(x))` does in a script;
this one has no tasks, and taking a connection that is free costs a microsecond.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from weakref import finalize

from psycopg.pq import TransactionStatus

from ecoa.errors import StoreUnavailable
from ecoa.store.postgres.connect import GONE, connect, is_direct, settle_session

if TYPE_CHECKING:
    from ecoa.store.postgres.connect import Conn

IDLE = TransactionStatus.IDLE


class Pool:
    """At most `size` connections, made when they are needed."""

    def __init__(self, dsn: str, *, size: int) -> None:
        self._dsn = dsn
        self._free: list[Conn] = []
        self._slots = asyncio.Semaphore(size)
        self._direct: bool | None = None
        finalize(self, _hang_up, self._free)  # at the latest when the program ends

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Conn]:
        """A connection outside of any transaction; one that comes back otherwise is closed."""
        async with self._slots:
            conn = await self._take()
            try:
                yield conn
            finally:
                if conn.pgconn.transaction_status == IDLE:
                    self._free.append(conn)
                else:
                    await conn.close()

    async def close(self) -> None:
        """Close those that are free."""
        while self._free:
            await self._free.pop().close()

    def abandon(self) -> None:
        """The loop ended without closing them."""
        _hang_up(self._free)

    async def _take(self) -> Conn:
        while self._free:
            conn = self._free.pop()
            if not conn.closed:
                return conn
        try:
            conn = await connect(self._dsn, name="ecoa")
            try:
                await self._settle(conn)
            except BaseException:
                await conn.close()
                raise
        except GONE as cause:
            raise StoreUnavailable(f"the database does not answer: {cause}") from cause
        return conn

    async def _settle(self, conn: Conn) -> None:
        if self._direct is None:
            self._direct = await is_direct(conn)
        if self._direct:
            await settle_session(conn)
        else:
            conn.prepare_threshold = None  # the next statement may meet another server process


def _hang_up(connections: list[Conn]) -> None:
    while connections:
        connections.pop().pgconn.finish()
