"""The bytes of all unanswered requests together, so that many large requests cannot fill the memory."""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType
from typing import Self

from traces.receiver.refusal import too_large, unavailable

WAIT_S = 0.01


class Budget:
    """So many bytes for all requests of the process. Threads share it."""

    def __init__(self, total: int) -> None:
        self.total = total
        self._free = total
        self._lock = threading.Lock()

    @property
    def free(self) -> int:
        """Bytes that nobody holds."""
        return self._free

    def take(self, size: int) -> None:
        """Take bytes out, or refuse: for now (503), or for good when there will never be so many (413)."""
        if size > self.total:
            raise too_large("the request needs more memory than the receiver may use")
        with self._lock:
            if size > self._free:
                raise unavailable("too many bytes are in flight")
            self._free -= size

    def put_back(self, size: int) -> None:
        """Return bytes."""
        with self._lock:
            self._free += size


class Share:
    """What one request holds of the budget; all of it returns when the request ends. Its thread may still be at work
    then: what that takes in the same moment must return, too."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._held = 0
        self._ended = False
        self._lock = threading.Lock()

    def grow(self, size: int) -> None:
        """Hold more, or raise the refusal."""
        with self._lock:
            if self._ended:
                raise unavailable("the request has ended")
            self._budget.take(size)
            self._held += size

    async def wait_for(self, size: int) -> None:
        """Hold more as soon as there is so much."""
        while self._budget.free < size:
            await asyncio.sleep(WAIT_S)
        self.grow(size)

    def keep(self, size: int) -> None:
        """Hold no more than this from now on."""
        with self._lock:
            if size < self._held:
                self._budget.put_back(self._held - size)
                self._held = size

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._lock:
            self._ended = True
        self.keep(0)
