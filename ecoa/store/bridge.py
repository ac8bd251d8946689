"""A store's sessions from code that must not wait on its own event loop.

With PostgreSQL a thread of its own runs a loop, and the store a pool for it: plain `get` waits about a millisecond,
awaits do not block at all. A store in memory answers directly.
"""

from __future__ import annotations

import asyncio
import atexit
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, Protocol
from weakref import ReferenceType, WeakKeyDictionary, ref

from ecoa.errors import StoreUnavailable
from ecoa.store.base import SessionStore

type Late = Callable[[SessionStore], Coroutine[Any, Any, None]]

PATIENCE = 10.0  # seconds a plain call waits for the database


class Bridge(Protocol):
    """How to reach a store's sessions, waiting plainly or awaiting."""

    def now[T](self, ask: Callable[[SessionStore], Coroutine[Any, Any, T]]) -> T:
        """The answer, waited for."""

    async def soon[T](self, ask: Callable[[SessionStore], Coroutine[Any, Any, T]]) -> T:
        """The answer, awaited."""

    def later(self, seconds: float, do: Late) -> None:
        """Have it done in so many seconds, whatever becomes of the caller's loop."""


def bridge_to(store: SessionStore) -> Bridge:
    """The one bridge of a store."""
    with _lock:
        if store not in _bridges:
            _bridges[store] = Thread(store) if getattr(store, "durable", True) else Direct(store)
        return _bridges[store]


def close_bridge(store: SessionStore) -> None:
    """End the thread to a store, if there is one; the next session starts another."""
    with _lock:
        bridge = _bridges.get(store)
        if not isinstance(bridge, Thread):
            return
        del _bridges[store]
    bridge.close()


class Direct:
    """To a store in memory, whose methods never really wait."""

    def __init__(self, store: SessionStore) -> None:
        self._store = ref(store)
        self._waiting: list[tuple[asyncio.AbstractEventLoop, Late]] = []

    def now[T](self, ask: Callable[[SessionStore], Coroutine[Any, Any, T]]) -> T:
        self._do_what_loops_left()
        return self._finish(ask)

    async def soon[T](self, ask: Callable[[SessionStore], Coroutine[Any, Any, T]]) -> T:
        self._do_what_loops_left()
        return await ask(_alive(self._store))

    def later(self, seconds: float, do: Late) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # a plain script: nobody could see it half-way
            self.now(do)
            return
        self._waiting.append((loop, do))
        loop.call_later(seconds, self._begin, loop, do)

    def _begin(self, loop: asyncio.AbstractEventLoop, do: Late) -> None:
        if (loop, do) in self._waiting:
            self._waiting.remove((loop, do))
            _keep(loop.create_task(do(_alive(self._store))))

    def _do_what_loops_left(self) -> None:
        """`asyncio.run` ended within the second."""
        for loop, do in [waiting for waiting in self._waiting if waiting[0].is_closed()]:
            self._waiting.remove((loop, do))
            self._finish(do)

    def _finish[T](self, ask: Callable[[SessionStore], Coroutine[Any, Any, T]]) -> T:
        coroutine = ask(_alive(self._store))
        try:
            coroutine.send(None)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        coroutine.close()
        raise StoreUnavailable("the store in memory waits; use aget and aset")


class Thread:
    """To a database: a thread with its own loop and connections. Starts when first used, ends with the process."""

    def __init__(self, store: SessionStore) -> None:
        self._store = ref(store)
        self._loop = asyncio.new_event_loop()
        self._waiting: list[Late] = []
        self._thread = threading.Thread(target=self._loop.run_forever, name="ecoa-sessions", daemon=True)
        self._thread.start()

    def now[T](self, ask: Callable[[SessionStore], Coroutine[Any, Any, T]]) -> T:
        try:
            return self._submit(ask).result(PATIENCE)
        except TimeoutError as cause:
            raise StoreUnavailable(f"no answer about a session in {PATIENCE:g} s") from cause

    async def soon[T](self, ask: Callable[[SessionStore], Coroutine[Any, Any, T]]) -> T:
        return await asyncio.wrap_future(self._submit(ask))

    def later(self, seconds: float, do: Late) -> None:
        self._loop.call_soon_threadsafe(self._wait, seconds, do)

    def _wait(self, seconds: float, do: Late) -> None:
        self._waiting.append(do)
        self._loop.call_later(seconds, self._begin, do)

    def _begin(self, do: Late) -> None:
        if do in self._waiting:
            self._waiting.remove(do)
            _keep(self._loop.create_task(self._ask(do)))

    def close(self) -> None:
        """Do what waits, give its connections back and end it."""
        asyncio.run_coroutine_threadsafe(self._last(), self._loop).result(PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _last(self) -> None:
        while self._waiting:
            await self._ask(self._waiting.pop())
        store: Any = self._store()
        if store is not None:
            await store.close()

    def _submit[T](self, ask: Callable[[SessionStore], Coroutine[Any, Any, T]]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(self._ask(ask), self._loop)

    async def _ask[T](self, ask: Callable[[SessionStore], Coroutine[Any, Any, T]]) -> T:
        return await ask(_alive(self._store))


def _alive(store: ReferenceType[SessionStore]) -> SessionStore:
    found = store()
    assert found is not None, "a store outlives its sessions"
    return found


def _keep(task: asyncio.Task[None]) -> None:
    """A loop forgets tasks that nobody holds."""
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


def _close_all() -> None:
    for store in list(_bridges):
        close_bridge(store)


_lock = threading.Lock()
_bridges: WeakKeyDictionary[SessionStore, Bridge] = WeakKeyDictionary()
_tasks: set[asyncio.Task[None]] = set()
atexit.register(_close_all)
