"""Virtual time: real asyncio code whose waits take no time.

    with virtual_time() as clock:
        clock.run(main())                    # or asyncio.run(main()), or inside an async test

A loop that runs inside the context reads the clock's time. When nothing is ready it does not sleep: the clock jumps to
the next timer. Computing takes no time at all, so the same code gives the same times on every machine. What other
threads and other processes do is real: while the loop waits for a thread's work, and for `patience` seconds while it
waits for a socket, it really waits and the clock goes on with the machine's.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import math
import selectors
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from ecoa import clock as ecoa_clock

type Selected = list[tuple[selectors.SelectorKey, int]]

SLICE = 0.05  # real seconds after which pending work is looked at again
BUSY = 1000  # rounds of a loop without a wait, after which every round takes a NUDGE: who polls the clock sees it move
NUDGE = 1e-6  # seconds
PATIENCE = 0.25  # real seconds that a socket may stay silent before the clock jumps


class Clock:
    """The time of one `virtual_time`."""

    def __init__(self, start: datetime | None = None, *, patience: float = PATIENCE) -> None:
        self.start = start or datetime.now(UTC)
        self.patience = patience
        self.pending: set[object] = set()  # what other threads have not finished
        self._begin = self._seconds = time.monotonic()
        self._thread = threading.get_ident()
        self._adopted: dict[asyncio.AbstractEventLoop, Callable[[], None]] = {}

    def time(self) -> float:
        """Seconds, as `loop.time()` and `ecoa.clock.monotonic()` tell them."""
        return self._seconds

    def now(self) -> datetime:
        """The date and time."""
        return self.start + timedelta(seconds=self.elapsed)

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return self._seconds - self._begin

    def advance(self, seconds: float) -> None:
        """Turn the clock on. Timers that became due fire in the loop's next round."""
        if seconds < 0:
            raise ValueError(f"time does not go back ({seconds} s)")
        self._seconds += seconds

    def run[T](self, coro: Coroutine[Any, Any, T]) -> T:
        """Like `asyncio.run`, on this clock."""
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            self.adopt(runner.get_loop())
            return runner.run(coro)

    def adopt(self, loop: asyncio.AbstractEventLoop) -> None:
        """Give a loop this clock's time until the context ends."""
        if loop in self._adopted:
            return
        if not isinstance(loop, asyncio.SelectorEventLoop):
            raise TypeError(f"virtual time needs asyncio's selector loop, not {type(loop).__module__}")
        real, time_of_loop = loop._selector, loop.time  # type: ignore[attr-defined]  # asyncio has no public way
        resolution = loop._clock_resolution  # type: ignore[attr-defined]
        ahead = self._seconds - time_of_loop()  # timers that were set before stay as far away as they were
        loop.time = lambda: self._seconds - ahead  # type: ignore[method-assign]
        loop._selector = _JumpingSelector(self, real, loop)  # type: ignore[attr-defined]

        def restore() -> None:
            if not loop.is_closed():
                gained = loop.time() - time_of_loop()
                loop._selector = real  # type: ignore[attr-defined]
                loop._clock_resolution = resolution  # type: ignore[attr-defined]
                loop.time = lambda: time_of_loop() + gained  # type: ignore[method-assign]

        self._adopted[loop] = restore

    def release(self) -> None:
        """Loops go on in real time, from the time they have now."""
        for restore in self._adopted.values():
            restore()
        self._adopted.clear()

    def adopt_started(self, loop: asyncio.AbstractEventLoop) -> None:
        """Adopt a loop that starts in the thread that made the clock."""
        if threading.get_ident() == self._thread:
            self.adopt(loop)

    def awaited(self, future: concurrent.futures.Future[Any]) -> None:
        """Wait really until this is done and everybody who waits for it was told."""
        tell = future._invoke_callbacks  # type: ignore[attr-defined]  # a done callback would run before the loop's own

        def tell_and_forget() -> None:
            tell()
            self.pending.discard(future)

        self.pending.add(future)
        future._invoke_callbacks = tell_and_forget  # type: ignore[attr-defined]
        if future.done():
            self.pending.discard(future)

    async def joined(self, shutdown: Coroutine[Any, Any, None]) -> None:
        """Wait really until an executor's threads ended."""
        self.pending.add(shutdown)
        try:
            await shutdown
        finally:
            self.pending.discard(shutdown)


class _JumpingSelector(selectors.BaseSelector):
    """A selector that turns the clock on instead of sleeping."""

    def __init__(self, clock: Clock, real: selectors.BaseSelector, loop: asyncio.AbstractEventLoop) -> None:
        self._clock = clock
        self._real = real
        self._loop = loop
        self._rounds = 0  # without a wait
        self._silent = 0.0  # real seconds since a socket said something

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()

    def select(self, timeout: float | None = None) -> Selected:
        threads = bool(self._clock.pending)  # before looking: who is not in it any more has been heard by then
        events = self._real.select(0)
        if events or (timeout is not None and timeout <= 0):
            self._rounds += 1
            if self._rounds > BUSY:
                self._clock.advance(NUDGE)
            return self._heard(events)
        self._rounds = 0
        if timeout is None or threads:
            return self._wait(timeout)
        if len(self._real.get_map()) > 1 and self._silent < self._clock.patience:  # one is the loop's own
            return self._wait(min(timeout, self._clock.patience - self._silent))
        self._silent = 0.0
        self._jump(timeout)
        return []

    def _jump(self, seconds: float) -> None:
        """A little past the timer: others that were meant for the same moment differ from it by rounding."""
        clock = self._clock
        clock.advance(seconds)
        rounding = math.ulp(clock.time())
        clock.advance(8 * rounding)
        self._loop._clock_resolution = max(1e-9, 2 * rounding)  # type: ignore[attr-defined]

    def _wait(self, timeout: float | None) -> Selected:
        began = time.monotonic()
        events = self._real.select(SLICE if timeout is None else min(timeout, SLICE))
        waited = time.monotonic() - began
        self._clock.advance(waited)
        self._silent += waited
        return self._heard(events)

    def _heard(self, events: Selected) -> Selected:
        if events:
            self._silent = 0.0
        return events


_active: list[Clock] = []  # at most one


@contextmanager
def virtual_time(start: datetime | None = None, *, patience: float = PATIENCE) -> Iterator[Clock]:
    """Loops that run in this thread skip their waits. Inside another `virtual_time` it is that one's clock."""
    if _active:
        if start is not None:
            raise RuntimeError("virtual time has started already: give the start to the outer virtual_time")
        yield _active[0]
        return
    clock = Clock(start, patience=patience)
    with ExitStack() as stack:
        _active.append(clock)
        stack.callback(_active.clear)
        stack.callback(ecoa_clock.use, ecoa_clock.use(clock))
        stack.callback(clock.release)
        _replace(stack, asyncio.BaseEventLoop, "run_forever", _adopting)
        _replace(stack, asyncio.BaseEventLoop, "shutdown_default_executor", _joining)
        for module in (asyncio, asyncio.futures):  # run_in_executor takes it from there
            _replace(stack, module, "wrap_future", _awaiting)
        if running := asyncio._get_running_loop():
            clock.adopt(running)
        yield clock


def _replace(
    stack: ExitStack, owner: object, name: str, wrap: Callable[[Callable[..., Any]], Callable[..., Any]]
) -> None:
    original = getattr(owner, name)
    setattr(owner, name, wrap(original))
    stack.callback(setattr, owner, name, original)


def _adopting(run_forever: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(run_forever)
    def adopt_and_run(loop: asyncio.BaseEventLoop) -> None:
        for clock in _active:
            clock.adopt_started(loop)
        run_forever(loop)

    return adopt_and_run


def _awaiting(wrap_future: Callable[..., asyncio.Future[Any]]) -> Callable[..., asyncio.Future[Any]]:
    @functools.wraps(wrap_future)
    def wrap_and_count(future: Any, **kwargs: Any) -> asyncio.Future[Any]:
        if isinstance(future, concurrent.futures.Future):
            for clock in _active:
                clock.awaited(future)
        return wrap_future(future, **kwargs)

    return wrap_and_count


def _joining(shutdown: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., Coroutine[Any, Any, None]]:
    @functools.wraps(shutdown)
    async def join(*args: Any, **kwargs: Any) -> None:
        for clock in _active:
            return await clock.joined(shutdown(*args, **kwargs))
        return await shutdown(*args, **kwargs)

    return join
