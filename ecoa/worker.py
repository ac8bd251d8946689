"""A worker: claims what may run, runs it, says that it lives, and takes back what dead workers held. As many as wanted.

claim ▶ turn ▶ turn ▶ …     each slot follows one chain of nodes, handed over from turn to turn without the queue
beat                        every 3 s, a fifth of a lease: leases extended; what was lost or cancelled is stopped
reap                        every half second, a little more or less: nodes of dead workers become ready
SIGTERM                     claim nothing; running turns have 30 s to end, the rest is given back
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import signal
import socket
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from ecoa.errors import StoreUnavailable

if TYPE_CHECKING:
    from ecoa.store.base import Lease, Store

log = logging.getLogger("ecoa.worker")

SLOTS = 64
REAP_S = (0.4, 0.6)
LEASE_S = 15.0
POLL_S = 1.0
DRAIN_S = 30.0
RETRY_S = (0.2, 1.0)


class Worker:
    """One worker of a store, on the running event loop."""

    def __init__(
        self,
        store: Store,
        *,
        pipelines: Sequence[str],
        queues: Sequence[str] = ("default",),
        slots: int = SLOTS,
        name: str | None = None,
        on_turn: Callable[[int], None] | None = None,
    ) -> None:
        """`on_turn` is told the project of every turn that ended."""
        from ecoa.engine.engine import Engine

        self.name = name or f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
        self._store = store
        self._pipelines = list(pipelines)
        self._queues = list(queues)
        self._slots = slots
        self._on_turn = on_turn
        self._lease: float = getattr(store, "lease_s", LEASE_S)
        self._engine = Engine(store, worker=self.name, pipelines=self._pipelines)
        self._chains: set[asyncio.Task[None]] = set()
        self._freed = asyncio.Event()

    async def run(self, stop: asyncio.Event, *, drain: float = DRAIN_S) -> None:
        """Work until told to stop, then let running turns end."""
        await self._patiently("enroll", self._enroll)
        others = [
            asyncio.create_task(self._every(self._lease / 5, self._lease / 5, self._engine.beat, "beat")),
            asyncio.create_task(self._every(*REAP_S, self._reap, "reap")),
        ]
        log.info("worker_started: %s, pipelines %s", self.name, ", ".join(self._pipelines))
        try:
            await self._claim_until(stop)
            await self._drain(drain)
        finally:
            for task in (*others, *self._chains):
                task.cancel()
            await asyncio.gather(*others, *self._chains, return_exceptions=True)
            with suppress(StoreUnavailable):
                await self._store.leave(self.name)
        log.info("worker_stopped: %s", self.name)

    async def _enroll(self) -> None:
        await self._store.enroll(
            self.name, host=socket.gethostname(), pid=os.getpid(), pipelines=self._pipelines, slots=self._slots
        )

    async def _claim_until(self, stop: asyncio.Event) -> None:
        stopped = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                await self._first_of(stopped, self._claim())
        finally:
            stopped.cancel()

    async def _first_of(self, stopped: asyncio.Task[Any], work: Coroutine[Any, Any, None]) -> None:
        """Do the work, or less of it when told to stop. A claim that is on its way is always taken."""
        task = asyncio.create_task(work)
        await asyncio.wait((stopped, task), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            self._freed.set()  # it waits for a slot or for the bell, never within a claim for long
            task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def _claim(self) -> None:
        """Fill the free slots, or wait until there is something to fill them with."""
        free = self._slots - len(self._chains)
        if free <= 0:
            self._freed.clear()
            await self._freed.wait()
            return
        try:
            leases = await asyncio.shield(asyncio.create_task(self._take(free)))
        except StoreUnavailable as error:
            log.warning("claim_failed: %s", error)
            await asyncio.sleep(random.uniform(*RETRY_S))  # noqa: S311 - jitter
            return
        if len(leases) < free:
            await self._store.idle(POLL_S)

    async def _take(self, limit: int) -> list[Lease]:
        leases = await self._store.claim(self.name, pipelines=self._pipelines, queues=self._queues, limit=limit)
        for lease in leases:
            self._follow(lease)
        return leases

    def _follow(self, lease: Lease) -> None:
        """Run this node and what it hands over."""
        task = asyncio.create_task(self._chain(lease), name=f"ecoa {lease.pipeline} {lease.path}")
        self._chains.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._chains.discard(task)
        self._freed.set()

    async def _chain(self, lease: Lease | None) -> None:
        while lease is not None:
            leases = await self._turn(lease)
            lease = leases[0] if leases else None
            for other in leases[1:]:
                self._follow(other)

    async def _turn(self, lease: Lease) -> list[Lease]:
        """One node; what was handed over. What a turn leaves behind is taken over when its lease ends."""
        try:
            return await self._engine.turn(lease)
        except StoreUnavailable as away:
            log.warning("turn_lost: %s of run %s: %s", lease.path, lease.run_id, away)
        except Exception:
            log.exception("turn_failed: %s of run %s", lease.path, lease.run_id)
        finally:
            if self._on_turn is not None:
                self._on_turn(lease.project_id)
        return []

    async def _reap(self) -> None:
        for run_id, path in await self._store.reap(lease=self._lease):
            log.warning("node_taken_back: %s of run %s", path, run_id)
        await self._store.expire_reviews()

    async def _drain(self, seconds: float) -> None:
        if self._chains:
            log.info("draining: %d turns", len(self._chains))
            await asyncio.wait(self._chains, timeout=seconds)

    async def _every(self, least: float, most: float, do: Callable[[], Coroutine[Any, Any, None]], what: str) -> None:
        while True:
            await asyncio.sleep(random.uniform(least, most))  # noqa: S311 - jitter
            try:
                await do()
            except StoreUnavailable as away:
                log.warning("%s_failed: %s", what, away)
            except Exception:
                log.exception("%s_failed", what)

    async def _patiently(self, what: str, do: Callable[[], Coroutine[Any, Any, None]]) -> None:
        while True:
            try:
                return await do()
            except StoreUnavailable as away:
                log.warning("%s_failed: %s", what, away)
                await asyncio.sleep(random.uniform(*RETRY_S))  # noqa: S311 - jitter


async def work(store: Store, *, modules: Sequence[str], **options: Any) -> None:
    """Run the pipelines of these modules until SIGTERM or SIGINT."""
    from ecoa.graph import registry

    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await store.open()
    try:
        await Worker(store, pipelines=registry.load(modules), **options).run(stop)
    finally:
        await store.close()
