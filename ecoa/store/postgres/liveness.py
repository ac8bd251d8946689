"""That a worker lives: its session holds an advisory lock, which the server frees the moment the process is gone.

The same session listens for the doorbell. The doorbell carries nothing and may be lost: polling is the truth. It is
rung after commits, never within them, and at most every few milliseconds: commits that notify wait for each other.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from ecoa.errors import StoreUnavailable
from ecoa.store.postgres.connect import GONE, connect, refuse_transaction_pooling

if TYPE_CHECKING:
    from ecoa.store.postgres.connect import Conn
    from ecoa.store.postgres.database import Database

log = logging.getLogger("ecoa.store")

CHANNEL = "ecoa_ready"
QUIET_S = 0.01  # between two rings
RECONNECT_S = (0.05, 0.3)
TAKE_LOCK = "SELECT pg_try_advisory_lock(%s)"


class Liveness:
    """The sessions of the workers of one event loop, and its doorbell."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._sessions: dict[str, asyncio.Task[None]] = {}
        self._enrolls: dict[str, Callable[[], Awaitable[None]]] = {}
        self._bell = asyncio.Event()
        self._ringing: asyncio.Task[None] | None = None
        self._again = False

    async def hold(self, worker: str, lock: int, enroll: Callable[[], Awaitable[None]]) -> None:
        """Hold the worker's lock until it is dropped, whatever happens to the connection; enrolled each time anew."""
        await self.drop(worker)
        self._enrolls[worker] = enroll
        held: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sessions[worker] = asyncio.create_task(self._live(lock, enroll, held), name=f"ecoa liveness {worker}")
        await held

    async def enroll_again(self, worker: str) -> None:
        """It was given up for dead while it was frozen, and lives."""
        if worker in self._sessions:
            await self._enrolls[worker]()

    async def drop(self, worker: str) -> None:
        """End the worker's session."""
        self._enrolls.pop(worker, None)
        if task := self._sessions.pop(worker, None):
            task.cancel()
            await asyncio.wait([task])

    async def close(self) -> None:
        """End all sessions."""
        for worker in list(self._sessions):
            await self.drop(worker)
        if self._ringing is not None:
            await asyncio.wait([self._ringing])

    async def idle(self, timeout: float) -> None:
        """Sleep until the doorbell, at most `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout):
                await self._bell.wait()
        except TimeoutError:
            return
        self._bell.clear()

    def ring(self) -> None:
        """Tell every worker that there may be something to do: soon, and once for many."""
        self._bell.set()
        if self._ringing is not None and not self._ringing.done():
            self._again = True
            return
        self._ringing = asyncio.create_task(self._notify(), name="ecoa doorbell")

    async def _notify(self) -> None:
        while True:
            self._again = False
            try:
                async with self._db.pool.connection() as conn:
                    await conn.execute(f"NOTIFY {CHANNEL}")
            except (StoreUnavailable, *GONE):
                return  # they poll
            await asyncio.sleep(QUIET_S)
            if not self._again:
                return

    async def _live(self, lock: int, enroll: Callable[[], Awaitable[None]], held: asyncio.Future[None]) -> None:
        while True:
            try:
                conn = await connect(self._db.direct_dsn, name="ecoa worker")
                try:
                    await self._hold_on(conn, lock, enroll, held)
                finally:
                    await conn.close()
            except (StoreUnavailable, *GONE) as error:
                log.warning("worker_session_lost: %s", error)
                await asyncio.sleep(random.uniform(*RECONNECT_S))  # noqa: S311 - jitter
            except Exception as error:
                if held.done():
                    raise
                held.set_exception(error)
                return

    async def _hold_on(
        self, conn: Conn, lock: int, enroll: Callable[[], Awaitable[None]], held: asyncio.Future[None]
    ) -> None:
        if not held.done():
            await refuse_transaction_pooling(conn, self._db.direct_dsn)
        await conn.execute(TAKE_LOCK, (lock,))  # an earlier session that the server has not missed yet may hold it
        await conn.execute(f"LISTEN {CHANNEL}")
        await enroll()
        if not held.done():
            held.set_result(None)
        self._bell.set()
        async for _ in conn.notifies():
            self._bell.set()
