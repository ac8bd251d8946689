"""Threads for agents that are plain functions, so that they never block the loop."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import os
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any

from ecoa.calling.scope import current
from ecoa.errors import Misuse

MOST = 256  # threads; further calls wait for one
IDLE = 10.0  # seconds that a thread waits for another call before it ends

type _Work = tuple[Future[Any], Callable[[], Any]]


class Threads:
    """Daemon threads: one that hangs, abandoned after a timeout, keeps neither the program alive nor others waiting."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self.alive = 0
        self._idle = 0  # threads that will look at the queue before they sleep, or are asleep
        self._work: deque[_Work] = deque()
        self._changed = threading.Condition()

    def submit(self, fn: Callable[[], Any]) -> Future[Any]:
        """Have it called in a thread."""
        future: Future[Any] = Future()
        with self._changed:
            self._work.append((future, fn))
            if self._idle < len(self._work) and self.alive < self.most:
                self.alive += 1
                self._idle += 1
                threading.Thread(target=self._serve, name=f"ecoa-agent-{self.alive}", daemon=True).start()
            else:
                self._changed.notify()
        return future

    def _serve(self) -> None:
        while (work := self._next()) is not None:
            if work[0].set_running_or_notify_cancel():
                _answer(*work)
            del work  # nothing is held while idle
            with self._changed:
                self._idle += 1

    def _next(self) -> _Work | None:
        """The next call; None when there was none for long, and the thread ends."""
        with self._changed:
            while not self._work:
                if not self._changed.wait(IDLE) and not self._work:
                    self._idle -= 1
                    self.alive -= 1
                    return None
            self._idle -= 1
            return self._work.popleft()


def _answer(future: Future[Any], fn: Callable[[], Any]) -> None:
    try:
        value = fn()
    except BaseException as error:  # it belongs to whoever waits
        future.set_exception(error)
    else:
        future.set_result(value)


def _after_fork() -> None:
    """Threads do not live on in the child of a server that forks its workers; new ones begin when they are needed."""
    POOL.__init__(POOL.most)  # type: ignore[misc]
    _background.cache_clear()


POOL = Threads()
if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_after_fork)


async def in_thread(fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Call it in a thread, in the context of this task. Cancelled, the thread goes on alone."""
    context = contextvars.copy_context()
    return await asyncio.wrap_future(POOL.submit(lambda: context.run(fn, *args, **kwargs)))


def wait_for[T](work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine from plain code and wait: on the loop of the agent's call around it, else on one in a thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        work.close()
        raise Misuse("run_sync would block the event loop here: await run() instead")
    scope = current()
    home = scope.loop if scope is not None else None
    answer = asyncio.run_coroutine_threadsafe(work, home if home is not None and home.is_running() else _background())
    try:
        return answer.result()
    except BaseException:
        answer.cancel()
        raise


@functools.cache
def _background() -> asyncio.AbstractEventLoop:
    """The loop of run_sync where no other is known; it lives as long as the process."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="ecoa-run-sync", daemon=True).start()
    return loop
