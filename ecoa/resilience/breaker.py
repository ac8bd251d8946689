"""A circuit breaker: stops calling what is down, and asks with one call whether it is back."""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
import threading
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self

from ecoa.clock import monotonic
from ecoa.errors import CircuitOpen
from ecoa.resilience import fleet
from ecoa.resilience.circuit import Circuit, State, Ticket
from ecoa.resilience.faults import Health, health
from ecoa.resilience.window import Window
from ecoa.store.base import BreakerRow, Store

REFRESH = 0.25  # seconds between looks at what the fleet decided
RATE = 0.5  # of the latest calls, where failure_rate is not given
log = logging.getLogger("ecoa.resilience")

# What this task is inside of, newest first: (breaker, ticket, those around it).
type _Entered = tuple["CircuitBreaker", Ticket, "_Entered"] | None
_entered: ContextVar[_Entered] = ContextVar("ecoa_breakers", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerChange:
    """A breaker changed its state."""

    name: str | None
    state: State
    reason: str
    at: float  # by ecoa.clock.monotonic()


class CircuitBreaker:
    """Opens after `failure_threshold` failures within `window` seconds (by default `recovery_timeout`), while at least
    `failure_rate` (by default half) of the latest 20 calls failed; then refuses with CircuitOpen(retry_after).

    After `recovery_timeout` seconds one call probes: a success closes, a failure opens for twice as long, at most ten
    times. Failures are timeouts, connection errors, 5xx, an AgentError raised over the whole of some work and unknown
    exceptions; not 429, 4xx, malformed output, cancellation, ValueError and its like, nor what `ignore` names.

    With a `name` the whole fleet shares it through the store, with one probe among all; a closed breaker asks nobody.
    Use it as `async with breaker:`, `with breaker:` (this process alone), a decorator, or an agent's `breaker=`.
    """

    def __init__(
        self,
        failure_threshold: int = 3,
        recovery_timeout: float = 60,
        *,
        name: str | None = None,
        window: float | None = None,
        failure_rate: float | None = None,
        minimum_calls: int = 0,
        shared: bool = True,
        ignore: tuple[type[Exception], ...] = (),
    ) -> None:
        if failure_threshold < 1 or recovery_timeout <= 0 or (window is not None and window <= 0):
            raise ValueError("a breaker needs a threshold of at least 1, and times above 0")
        if failure_rate is not None and not 0 <= failure_rate <= 1:
            raise ValueError(f"failure_rate is a share from 0 to 1, not {failure_rate}")
        self.failure_threshold = failure_threshold
        self.recovery_timeout = recovery_timeout
        self.name = name
        self.failure_rate = failure_rate
        self.shared = shared
        self.ignore = ignore
        self._circuit = Circuit(
            Window(
                window or recovery_timeout,
                threshold=failure_threshold,
                rate=RATE if failure_rate is None else failure_rate,
                minimum_calls=minimum_calls,
            ),
            recovery=recovery_timeout,
        )
        self._lock = threading.Lock()
        self._looked = float("-inf")
        self._warned = failure_rate is not None
        self._listeners: list[Callable[[BreakerChange], None]] = []

    @property
    def state(self) -> State:
        """closed, open, or half_open: the next call is the probe, or one is on its way."""
        return self._circuit.shown(monotonic())

    @property
    def retry_after(self) -> float:
        """Seconds until a call may go; 0 when it may now."""
        return 0.0 if self._circuit.state == "closed" else max(0.0, self._circuit.retry_at - monotonic())

    def named(self, name: str) -> Self:
        """Give it a name when it has none; agents and pipelines do, so that the fleet shares it."""
        if self.name is None:
            self.name = name
        return self

    def on_change(self, listener: Callable[[BreakerChange], None]) -> None:
        """Tell this function every change of state in this process."""
        self._listeners.append(listener)

    def trip(self, reason: str = "by hand") -> None:
        """Open it in this process."""
        with self._lock:
            self._circuit.open(monotonic(), self.recovery_timeout)
        self._tell(reason)

    def reset(self, reason: str = "by hand") -> None:
        """Close it in this process."""
        with self._lock:
            self._circuit.close()
        self._tell(reason)

    async def check(self) -> None:
        """Raise CircuitOpen where a call would be refused now."""
        self._look()
        if wait := self.retry_after:
            raise CircuitOpen(retry_after=wait)

    async def admit(self) -> Ticket:
        """Begin a call: raises CircuitOpen, or gives the ticket that `settle` wants back."""
        self._look()
        ticket = self._admit()
        if ticket.probe and (store := self._store()) is not None:
            await self._win_probe(store)
        return ticket

    async def settle(self, ticket: Ticket, error: BaseException | None) -> None:
        """End a call."""
        if self._settle(ticket, error) and (store := self._store()) is not None:
            await self._publish(store, error)

    async def __aenter__(self) -> Self:
        _entered.set((self, await self.admit(), _entered.get()))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> Literal[False]:
        await self.settle(self._left(), error)
        return False

    def __enter__(self) -> Self:
        _entered.set((self, self._admit(), _entered.get()))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._settle(self._left(), error)

    def __call__[F: Callable[..., Any]](self, fn: F) -> F:
        """A function whose calls go through this breaker."""
        wrapped: Any
        if inspect.iscoroutinefunction(fn):

            @functools.wraps(fn)
            async def guarded(*args: Any, **kwargs: Any) -> Any:
                async with self:
                    return await fn(*args, **kwargs)

            wrapped = guarded
        else:

            @functools.wraps(fn)
            def guarded_plain(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return fn(*args, **kwargs)

            wrapped = guarded_plain
        return wrapped  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        name = f"{self.name!r}, " if self.name else ""
        return f"CircuitBreaker({name}{self.failure_threshold} in {self._circuit.window.seconds:g} s, {self.state})"

    def _admit(self) -> Ticket:
        with self._lock:
            before = self._circuit.state
            ticket = self._circuit.admit(monotonic())
        if self._circuit.state != before:
            self._tell("probe")
        return ticket

    def _settle(self, ticket: Ticket, error: BaseException | None) -> bool:
        with self._lock:
            changed = self._circuit.settle(ticket, self._health(error), monotonic())
            busy = self._circuit.window.busy and not self._warned
            self._warned = self._warned or busy
        if changed:
            self._tell(_reason(error))
        if busy:
            log.warning(
                "breaker %s sees over 100 calls in its window: give it a failure_rate, a count alone opens on noise",
                self.name or "without a name",
            )
        return changed

    def _health(self, error: BaseException | None) -> Health:
        if isinstance(error, CircuitOpen) or (self.ignore and isinstance(error, self.ignore)):
            return "unclear"
        return health(error)

    def _left(self) -> Ticket:
        """The ticket of the block that ends: the newest of this breaker's in this task."""
        around, inner = _entered.get(), []
        while around is not None and around[0] is not self:
            inner.append(around)
            around = around[2]
        if around is None:  # entered in another task
            return Ticket(self._circuit.era)
        rest = around[2]
        for breaker, ticket, _ in reversed(inner):
            rest = (breaker, ticket, rest)
        _entered.set(rest)
        return around[1]

    def _store(self) -> Store | None:
        return fleet.shared_store() if self.shared and self.name is not None else None

    def _look(self) -> None:
        """See beside the call what the fleet decided, when the last look is long enough ago."""
        now = monotonic()
        if now - self._looked >= REFRESH:
            self._looked = now
            if (store := self._store()) is not None:
                fleet.soon(self._refresh(store))

    async def _refresh(self, store: Store) -> None:
        assert self.name is not None
        row = await fleet.ask(f"breaker {self.name}", store.breaker(self.name))
        if row is not None:
            self._follow(row)

    def _follow(self, row: BreakerRow) -> None:
        with self._lock:
            changed = self._circuit.follow(row, monotonic(), pause=REFRESH)
        if changed:
            self._tell("decided elsewhere")

    async def _win_probe(self, store: Store) -> None:
        """Be the fleet's one probe, or raise CircuitOpen."""
        assert self.name is not None
        try:
            won = await fleet.ask(
                f"breaker {self.name}",
                store.probe(self.name, worker=fleet.who_asks(), lease=self.recovery_timeout),
            )
        except asyncio.CancelledError:
            self._pass_on(wait=0.0)
            raise
        if won is not False:
            return
        row = await fleet.ask(f"breaker {self.name}", store.breaker(self.name))
        if row is not None and row.state != "closed":  # else the fleet never heard that it opened here
            self._pass_on(wait=REFRESH)
            raise CircuitOpen(retry_after=REFRESH)

    def _pass_on(self, *, wait: float) -> None:
        with self._lock:
            self._circuit.yield_probe(monotonic(), wait=wait)

    async def _publish(self, store: Store, error: BaseException | None) -> None:
        """Tell the fleet, and see what became of it: a person may hold the breaker."""
        assert self.name is not None
        circuit, about = self._circuit, f"breaker {self.name}"
        if circuit.state == "closed":
            await fleet.ask(about, store.close_breaker(self.name, by=fleet.who_asks()))
            row = await fleet.ask(about, store.breaker(self.name))
        elif circuit.retry_at > monotonic():
            row = await fleet.ask(about, store.trip(self.name, wait=circuit.wait, reason=_reason(error)))
        else:
            return  # the probe said nothing: its lease in the store runs out by itself
        if row is not None:
            circuit.seen = min(circuit.seen, row.version - 1)  # what became of it holds even where nothing changed
            self._follow(row)

    def _tell(self, reason: str) -> None:
        state = self._circuit.state
        change = BreakerChange(name=self.name, state=state, reason=reason, at=monotonic())
        log.info("breaker %s is %s: %s", self.name or "without a name", state, reason)
        for listener in self._listeners:
            listener(change)


def _reason(error: BaseException | None) -> str:
    return "a probe succeeded" if error is None else f"{type(error).__name__}: {error}"[:200]
