"""The engine of a calling process: one for each event loop and store, begun when the first run is.

It takes the nodes of the runs that are started here, one task a branch, at most `SLOTS` at a time, and ends with its
loop; what it held goes back to the store.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from ecoa.engine.engine import Engine
from ecoa.engine.ids import uuid7
from ecoa.errors import StoreUnavailable
from ecoa.graph import registry
from ecoa.store.base import TERMINAL, Finish, Finished, Lease, Store

SLOTS = 64
LOOK = 5.0
POLL = 1.0  # seconds between looks at a database; the doorbell rings earlier
BEAT = 3.0
REAP = 0.5
LEASE = 15.0
BREATH = 32  # turns of one branch before others get their turn

log = logging.getLogger("ecoa.engine")
_engines: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[int, LocalEngine]] = WeakKeyDictionary()


async def local_engine(store: Store) -> LocalEngine:
    """The running loop's engine for this store."""
    engines = _engines.setdefault(asyncio.get_running_loop(), {})
    while True:
        engine = engines.get(id(store))
        if engine is None or engine.closed:
            engine = engines[id(store)] = LocalEngine(store)
            await engine.begin()
            return engine
        await engine.begun.wait()
        if not engine.closed:
            return engine


def engines_here() -> list[LocalEngine]:
    """The engines of the running loop."""
    return list(_engines.get(asyncio.get_running_loop(), {}).values())


class LocalEngine(Engine):
    """An engine with a loop of its own."""

    def __init__(self, store: Store, *, slots: int = SLOTS) -> None:
        super().__init__(store, worker=f"{socket.gethostname()}:{os.getpid()}:{uuid7()[-12:]}", pipelines=[])
        self.slots = slots
        self.busy = 0
        self.begun = asyncio.Event()
        self.closed = False
        self.durable: bool = getattr(store, "durable", True)
        self.patience = LOOK if self.durable else 86400.0  # seconds after which a waiter asks the store by itself
        self._tasks: set[asyncio.Task[None]] = set()
        self._free = asyncio.Event()
        self._kick = asyncio.Event()
        self._defined: set[str] = set()
        self._listeners: dict[str, list[asyncio.Future[None]]] = {}
        self._mine: dict[str, int] = {}  # branches by run

    async def begin(self) -> None:
        """Enroll, and take work until the loop ends. Where that fails, the next start tries again."""
        try:
            await self.store.open()
            await self.store.enroll(
                self.worker, host=socket.gethostname(), pid=os.getpid(), pipelines=self.pipelines(), slots=self.slots
            )
        except BaseException:
            self.closed = True
            self.begun.set()
            raise
        self._main = _daemon(self._work(), "ecoa-engine")
        if self.durable:
            self._beats = _daemon(self._beat(), "ecoa-engine-beats")
        self.begun.set()

    def pipelines(self) -> list[str]:
        """What was started or resumed here; with a store in memory, which has no other workers, everything known."""
        return super().pipelines() if self.durable else registry.names()

    def adopt(self, pipeline: str) -> None:
        """Take nodes of this pipeline from now on."""
        assert self._pipelines is not None
        if pipeline not in self._pipelines:
            self._pipelines.append(pipeline)
        self.look()

    def look(self) -> None:
        """There may be work: look now."""
        self._kick.set()

    async def define(self, pipeline: str, definition_hash: str, definition: dict[str, object]) -> None:
        """Have the store keep a definition, once."""
        if definition_hash not in self._defined:
            await self.store.define(pipeline, definition_hash, definition)
            self._defined.add(definition_hash)

    @property
    def free(self) -> int:
        """Slots that are not taken."""
        return self.slots - self.busy

    def take(self, leases: Sequence[Lease]) -> None:
        """Run these; they are its own already."""
        for lease in leases:
            self._spawn(lease)

    def finished(self, lease: Lease, ended: Finish, finished: Finished) -> None:
        """Tell who waits for the run; look for work when some was made that was not handed over."""
        if finished.run_status in TERMINAL or finished.run_status in ("paused", "held"):
            self._tell(lease.run_id)
        if any(node.status == "ready" for node in ended.creates) or ended.status in ("ready", "waiting"):
            self.look()

    @contextmanager
    def listening(self, run_id: str) -> Iterator[Callable[[float], Awaitable[None]]]:
        """What sleeps until the run may have another status than at the beginning of the block."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._listeners.setdefault(run_id, []).append(future)

        async def changed(timeout: float) -> None:
            waits: list[asyncio.Future[None]] = [future]
            if not self._mine.get(run_id):  # others run it, or nobody
                waits.append(_eager(self.store.watch(run_id, timeout=timeout)))
            try:
                await asyncio.wait(waits, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            finally:
                waits[-1].cancel()

        try:
            yield changed
        finally:
            future.cancel()
            waiting = self._listeners.get(run_id, [])
            if future in waiting:
                waiting.remove(future)
            if not waiting:
                self._listeners.pop(run_id, None)

    # ---- private

    def _tell(self, run_id: str) -> None:
        for future in self._listeners.pop(run_id, []):
            if not future.done():
                future.set_result(None)

    def _spawn(self, lease: Lease) -> None:
        self.busy += 1
        self._mine[lease.run_id] = self._mine.get(lease.run_id, 0) + 1
        task = asyncio.get_running_loop().create_task(self._branch(lease), name=f"ecoa {lease.pipeline} {lease.path}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _branch(self, lease: Lease) -> None:
        """Turn after turn, until nothing is handed over."""
        run_id, turns = lease.run_id, 0
        try:
            while True:
                leases = await self.turn(lease)
                if not leases:
                    return
                lease, *others = leases
                self.take(others)
                turns += 1
                if turns % BREATH == 0:
                    await asyncio.sleep(0)
        except StoreUnavailable:
            log.warning("the store is away: %s of run %s goes on when its lease has run out", lease.path, run_id)
        finally:
            self.busy -= 1
            left = self._mine.get(run_id, 0) - 1
            if left > 0:
                self._mine[run_id] = left
            else:
                self._mine.pop(run_id, None)
                self._tell(run_id)
            self._free.set()

    async def _work(self) -> None:
        try:
            while True:
                try:
                    await self._claim()
                except StoreUnavailable:
                    await asyncio.sleep(POLL)
        finally:
            self.closed = True
            await self._end()

    async def _claim(self) -> None:
        if self.free <= 0:
            self._free.clear()
            await self._free.wait()
        self._kick.clear()
        leases = await self.store.claim(
            self.worker, pipelines=self.pipelines(), queues=["default"], limit=max(self.free, 1)
        )
        if leases:
            self.take(leases)
            return
        idle = _eager(self.store.idle(POLL if self.durable else 86400.0))
        kicked = _eager(self._kick.wait())
        try:
            await asyncio.wait((kicked, idle), return_when=asyncio.FIRST_COMPLETED)
        finally:
            kicked.cancel()
            idle.cancel()

    async def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            try:
                if loop.time() >= due:
                    due = loop.time() + BEAT
                    await self.beat()
                await self.store.reap(lease=LEASE)
                await self.store.expire_reviews()
            except StoreUnavailable:
                pass  # the leases outlast a restart of the database; the next beat tells
            await asyncio.sleep(REAP)

    async def _end(self) -> None:
        """The loop ends: branches stop where they are, the store gets back what they held."""
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.gather(*tasks, return_exceptions=True)
        await self.store.leave(self.worker)
        await self.store.close()


def _eager(work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """A task that begins at once, so that no ring is missed before it listens."""
    return asyncio.Task(work, loop=asyncio.get_running_loop(), eager_start=True)


def _daemon(work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
    """A task that lives as long as its loop: one that is closed without cancelling its tasks is no mistake."""
    task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work, name=name)
    task._log_destroy_pending = False  # type: ignore[attr-defined]  # as asyncio.gather does
    return task
