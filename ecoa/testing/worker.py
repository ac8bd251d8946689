"""A worker for tests: it runs turns, and dies, freezes or doubles where a fault says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from ecoa.engine.engine import Engine
from ecoa.store.base import Finish, Finished, Lease, Store

AFTER = ":after"


class Crashed(Exception):  # what happened, not what went wrong
    """The worker is dead."""


@dataclass(slots=True, eq=False)
class Fault:
    """What happens to a worker at a node, once."""

    kind: Literal["crash", "crash after", "freeze", "double"]
    path: str
    over: bool = False

    @staticmethod
    def crash(at: str | None) -> Fault | None:
        """Before the node's code, or with ":after" before its end is written."""
        if at is None:
            return None
        return Fault("crash after", at.removesuffix(AFTER)) if at.endswith(AFTER) else Fault("crash", at)

    @staticmethod
    def freeze(at: str | None) -> Fault | None:
        """Before the node's end is written."""
        return None if at is None else Fault("freeze", at)

    @staticmethod
    def double(at: str | None) -> Fault | None:
        """Two hands for one node."""
        return None if at is None else Fault("double", at)


class Worker:
    """One worker process, as far as a store can see."""

    def __init__(
        self,
        id: str,
        store: Store,
        *,
        faults: Sequence[Fault],
        thaw: asyncio.Event,
        frozen: list[asyncio.Task[Any]],
    ) -> None:
        self.id = id
        self._hand = _Hand(store, self, thaw)
        self._faults = faults
        self._frozen = frozen
        self._stuck = asyncio.Event()
        self._engine = self._made()

    async def work(self, leases: Sequence[Lease]) -> bool:
        """Run these nodes and what they hand over; whether the worker still lives."""
        tasks = [asyncio.create_task(self._branch(lease)) for lease in leases]
        stuck = asyncio.create_task(self._stuck.wait())
        try:
            waiting: set[asyncio.Task[Any]] = {*tasks, stuck}
            while waiting - {stuck}:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                if stuck in done:
                    self._frozen += [task for task in tasks if not task.done()]
                    return False
                for task in done:
                    task.result()
        except Crashed:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            return False
        finally:
            stuck.cancel()
        return True

    def meets(self, path: str, *kinds: str) -> Fault | None:
        """The fault that waits at this node, which is over with that."""
        for fault in self._faults:
            if fault.path == path and fault.kind in kinds and not fault.over:
                fault.over = True
                return fault
        return None

    async def stand(self, thaw: asyncio.Event) -> None:
        """Freeze until somebody lets it go on."""
        self._stuck.set()
        await thaw.wait()

    async def _branch(self, lease: Lease) -> None:
        todo = [lease]
        while todo:
            todo += await self._turn(todo.pop(0))

    async def _turn(self, lease: Lease) -> list[Lease]:
        if self.meets(lease.path, "crash"):
            raise Crashed(lease.path)
        if self.meets(lease.path, "double"):
            both = await asyncio.gather(self._engine.turn(lease), self._made().turn(lease))
            return [*both[0], *both[1]]
        return await self._engine.turn(lease)

    def _made(self) -> Engine:
        return Engine(cast("Store", self._hand), worker=self.id)


class _Hand:
    """A store as the worker reaches it: what is written at a fault's node does not arrive, or late."""

    def __init__(self, store: Store, worker: Worker, thaw: asyncio.Event) -> None:
        self._store = store
        self._worker = worker
        self._thaw = thaw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def finish(self, turn: Finish, *, worker: str) -> Finished:
        """Write a turn's end, unless a fault is in the way."""
        fault = self._worker.meets(turn.path, "crash after", "freeze")
        if fault is not None and fault.kind == "crash after":
            raise Crashed(turn.path)
        if fault is not None:
            await self._worker.stand(self._thaw)
        return await self._store.finish(turn, worker=worker)
