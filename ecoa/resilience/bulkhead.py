"""So many calls at a time: one slow target cannot take every slot."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from types import TracebackType
from typing import Self

from ecoa.errors import Overloaded


class Bulkhead:
    """`async with Bulkhead(8)`: eight at a time, the others wait in order. Full with `queue` waiting: Overloaded.

    It may be shared by event loops of several threads.
    """

    def __init__(self, limit: int, *, queue: int | None = None) -> None:
        if limit < 1 or (queue is not None and queue < 0):
            raise ValueError("a bulkhead has room for at least 1, and a queue of at least 0")
        self.limit = limit
        self.queue = queue
        self.inside = 0
        self._waiting: deque[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = deque()
        self._lock = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    async def acquire(self) -> None:
        """Take a place, waiting for one."""
        with self._lock:
            if self.inside < self.limit:
                self.inside += 1
                return
            if self.queue is not None and len(self._waiting) >= self.queue:
                raise Overloaded(f"{self.limit} calls are running and {len(self._waiting)} waiting")
            loop = asyncio.get_running_loop()
            turn = (loop, loop.create_future())
            self._waiting.append(turn)
        try:
            await turn[1]  # whoever leaves hands the place over: `inside` does not change
        except asyncio.CancelledError:
            self._give_up(turn)
            raise

    def release(self) -> None:
        """Give the place to who waits longest."""
        with self._lock:
            while self._waiting:
                loop, turn = self._waiting.popleft()
                if not loop.is_closed():
                    loop.call_soon_threadsafe(self._hand_over, turn)
                    return
            self.inside -= 1

    async def __aenter__(self) -> Self:
        await self.acquire()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.release()

    def _hand_over(self, turn: asyncio.Future[None]) -> None:
        if turn.done():  # it was cancelled on the way
            self.release()
        else:
            turn.set_result(None)

    def _give_up(self, turn: tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]) -> None:
        with self._lock:
            if turn in self._waiting:
                self._waiting.remove(turn)
                return
        if turn[1].done() and not turn[1].cancelled():  # it had its place already
            self.release()

    def __repr__(self) -> str:
        return f"Bulkhead({self.limit}, inside={self.inside}, waiting={self.waiting})"
