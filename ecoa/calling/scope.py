"""What a call knows of the run around it: who it is, how long it may take, where its history goes.

A Scope is there for every call of an agent. Outside of runs Agent.run makes it; inside, the engine does, and calls that
a node's code makes itself get a child each, with a path under the node's: "refund/classify#1".
"""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ecoa.clock import monotonic
from ecoa.result import Usage
from ecoa.store.base import Effect, EffectDone, NewEvent, Store
from ecoa.trace import trace_id

if TYPE_CHECKING:
    from ecoa.context import SessionContext

STORED_WAIT = 5.0  # seconds; a longer wait of a durable run frees its slot

_CURRENT: ContextVar[Scope | None] = ContextVar("ecoa_scope", default=None)


class StoredWait(Exception):
    """The wait is too long to hold a slot: run the node again after `seconds`, with `state` as Scope.state."""

    passes_through = True  # no failure of an agent: see ecoa.resilience.faults

    def __init__(self, seconds: float, state: Mapping[str, Any], *, why: str = "") -> None:
        super().__init__(f"{why or 'wait'} for {seconds:.1f} s")
        self.seconds = seconds
        self.state = state  # JSON: {"attempts": calls made so far, …}
        self.why = why
        self.attempts: int = state.get("attempts", 0)


@dataclass(slots=True, kw_only=True, eq=False)
class Scope:
    """One call of an agent: made by Agent.run, or by the engine for a node, or by `child` for a call in a call."""

    path: str
    trace_id: str = field(default_factory=trace_id)
    run_id: str | None = None
    deadline: float | None = None  # by ecoa.clock.monotonic()
    store: Store | None = None
    worker: str | None = None
    fence: int | None = None
    lease_until: float | None = None  # by clock.monotonic(): later than this the node may be another worker's
    attempt: int = 1  # of the node: takeovers and stored waits count
    session: SessionContext | None = None
    decision: Mapping[str, Any] | None = None  # {"decision", "output", "by", "comment"} when a review was decided
    state: Mapping[str, Any] | None = None  # what the StoredWait before this turn left
    key: str | None = None  # the idempotency key, when it is not made of run and path
    durable: bool = False  # long waits raise StoredWait; the engine sets it
    transaction: Callable[[Callable[[], Any]], Awaitable[Any]] | None = None  # runs it in the node's transaction
    events: list[NewEvent] = field(default_factory=list)  # shared with children; the engine writes them with the node
    effect: EffectDone | None = None  # the node's own effect, for Finish.effect
    usage: Usage | None = None  # of this call and those it made
    parent: Scope | None = None
    beat: Callable[[], None] | None = None  # what ctx.heartbeat() does
    loop: asyncio.AbstractEventLoop | None = None  # where the call runs; its threads reach back through it
    made: dict[str, Any] = field(default_factory=dict)  # how far this call is: the state of a StoredWait
    calls: int = 0  # of the agent, or its fallbacks, in this turn
    asked: bool = False  # people, in this turn
    within: str | None = None  # where the paths of children begin, when it is not `path`: in a fallback
    called: dict[str, int] = field(default_factory=dict)  # children by name, of this attempt
    _derived_key: str | None = None

    def child(self, name: str, *, key: str | None = None, session: SessionContext | None = None) -> Scope:
        """The scope of a call that this call's code makes: the same run, no more time than is left here."""
        nth = self.called[name] = self.called.get(name, 0) + 1
        path = f"{self.within or self.path}/{name}#{nth}"
        return Scope(
            path=path,
            trace_id=self.trace_id,
            run_id=self.run_id,
            deadline=self.deadline,
            store=self.store,
            worker=self.worker,
            fence=self.fence,
            lease_until=self.lease_until,
            session=session or self.session,
            decision=self.decision,
            key=key or (_hash(self.key, path) if self.key is not None else None),
            events=self.events,
            parent=self,
            loop=self.loop,
        )

    @property
    def keyed(self) -> bool:
        """Whether the idempotency key outlives this call, so that the ledger can know it."""
        return self.key is not None or self.run_id is not None

    @property
    def idempotency_key(self) -> str:
        """64 hex digits, the same over attempts and resumes; where `keyed` is false, of this call alone."""
        if self.key is not None:
            return self.key
        if self._derived_key is None:
            self._derived_key = _hash(self.run_id or uuid.uuid4().hex, self.path)
        return self._derived_key

    @property
    def root(self) -> Scope:
        """The scope of the node, or of the outermost call."""
        return self if self.parent is None else self.parent.root

    @property
    def remaining(self) -> float | None:
        """Seconds until the deadline."""
        return None if self.deadline is None else self.deadline - monotonic()

    async def wait(self, seconds: float, why: str, state: Mapping[str, Any] | None = None) -> None:
        """Sleep; in a durable run raise StoredWait instead when it is long."""
        if self.durable and self.parent is None and seconds > STORED_WAIT:
            raise StoredWait(seconds, self.made if state is None else state, why=why)
        await asyncio.sleep(seconds)

    def event(self, kind: str, /, **data: Any) -> None:
        """Add a line to the run's history."""
        self.events.append(NewEvent(kind=kind, path=self.path, data=data))

    def spend(self, usage: Usage) -> None:
        """Count tokens of a model call, here and in every call around this one."""
        scope: Scope | None = self
        while scope is not None:
            scope.usage = usage if scope.usage is None else scope.usage + usage
            scope = scope.parent

    def until(self, *spans: float | None) -> float | None:
        """The deadline when these spans, too, begin now."""
        span = earliest(*spans)
        return self.deadline if span is None else earliest(self.deadline, monotonic() + span)

    async def intend(self, *, scope: str, effect: str, digest: str, ttl: float | None) -> Effect:
        """Commit the intent of an effect, or learn what the ledger has. `scope` is its place in the ledger."""
        return await self._ledger().intend(
            key=self.idempotency_key,
            scope=scope,
            path=self.path,
            effect=effect,
            fence=self.fence,
            digest=digest,
            ttl=ttl,
        )

    async def settle(self, done: EffectDone, *, now: bool = False) -> None:
        """Write how the effect ended: a node's own with the node (unless `now`), any other now."""
        if self.run_id is not None and self.parent is None and not now:
            self.effect = done
        else:
            await self._ledger().settle(done)

    def _ledger(self) -> Store:
        if self.store is None:
            from ecoa.store import default_store

            self.store = default_store()
        return self.store


def current() -> Scope | None:
    """The scope of the call that this code runs in."""
    return _CURRENT.get()


def enter(scope: Scope) -> Any:  # Token: its type is private to contextvars' generics
    """Make a scope the current one; give the token to `leave`."""
    return _CURRENT.set(scope)


def leave(token: Any) -> None:
    """Go back to the scope before."""
    _CURRENT.reset(token)


def callers_key(agent: str, key: str) -> str:
    """The idempotency key of an agent called with the caller's own key."""
    return _hash(f"agent:{agent}", key)


def earliest(*moments: float | None) -> float | None:
    """The first of the moments (or the shortest of the spans) that are given."""
    given = [moment for moment in moments if moment is not None]
    return min(given) if given else None


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
