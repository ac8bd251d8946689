"""SessionContext: what is remembered of a user between calls and requests.

    open ──first get──▶ snapshot ──set, update──▶ snapshot + own writes ──▶ committed
                                                  a run's: with the node's completion
                                                  else: next agent call, close, one second

A context sees the values as they were when it opened, and its own writes. Two of one user never see each other
half-way; at the commit writes merge per key, and `update` runs its function again when another commit came first.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import threading
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any, Self
from weakref import ReferenceType, ref

from ecoa import codec
from ecoa.calling.scope import Scope, current
from ecoa.errors import EcoaError, StoreUnavailable
from ecoa.store import default_store
from ecoa.store.base import SessionStore, SessionWrites
from ecoa.store.bridge import Bridge, bridge_to

__all__ = ["SessionContext"]

LATE = 1.0  # seconds that a write waits at most when no agent is called and nothing is closed
ATTEMPTS = 100  # at an update that others keep overtaking
log = logging.getLogger("ecoa.context")

type Change = Callable[[Any], Any]
type Values = Mapping[str, tuple[str, int]]  # JSON text and version by key


class SessionContext:
    """What is remembered of a user. Values live for `ttl` seconds from their last use.

    session: a part of its own, a conversation for instance, beside what the user has in general.
    shared: no isolation; every get sees what is committed now, every set is committed at once.
    """

    def __init__(
        self, user_id: str | int, *, ttl: float = 300, session: str | None = None, shared: bool = False
    ) -> None:
        self.owner = owner_of(user_id, session)
        self.shared = shared
        self._state = _state(self.owner, ttl=ttl, shared=shared)
        _remember(self)

    @classmethod
    def of_run(cls, owner: str, values: Values | None, *, store: SessionStore, ttl: float = 300) -> SessionContext:
        """A run's: with the values read before (None: when they are needed); `writes()` go with the completion."""
        context = cls.__new__(cls)
        context.owner, context.shared = owner, False
        snapshot = None if values is None else dict(values)
        context._state = _State(owner=owner, ttl=ttl, store=store, of_run=True, snapshot=snapshot)
        return context

    def get(self, key: str, default: Any = None) -> Any:
        """The value as it was when the context opened, or as written here since."""
        self._read()
        return self._state.value(key, default)

    def set(self, key: str, value: Any) -> None:
        """Remember a value. What has no JSON form raises ResultNotSerializable here."""
        self._state.put(key, codec.dumps(value))
        self._wrote()

    def update(self, key: str, fn: Change) -> Any:
        """Compare and swap: `fn` gets the value or None, and runs again when another commit came first."""
        self._read()
        value = self._state.change(key, fn)
        self._wrote()
        return value

    def clear(self) -> None:
        """Forget every value."""
        self._read()
        self._state.forget()
        self._wrote()

    async def aget(self, key: str, default: Any = None) -> Any:
        """As `get`; the loop goes on while the snapshot is read."""
        await self._aread()
        return self._state.value(key, default)

    async def aset(self, key: str, value: Any) -> None:
        """As `set`; outside of a run it is committed when this returns."""
        self._state.put(key, codec.dumps(value))
        await self.flush()

    async def flush(self) -> None:
        """Commit what was written; inside a run the node's completion does."""
        if self._state.unwritten and not self._state.of_run:
            await self._state.bridge.soon(self._state.commit)

    def close(self) -> None:
        """Commit what was written, waiting for it."""
        if self._state.unwritten and not self._state.of_run:
            self._state.bridge.now(self._state.commit)

    async def __aenter__(self) -> Self:
        await self._aread()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Commit; after an exception what is not committed yet is forgotten."""
        if kind is not None and not self._state.of_run:
            self._state.rollback({})
        await self.flush()

    def mark(self) -> Mapping[str, Any]:  # Any: private
        """For the engine: where a rollback leads to."""
        return self._state.mark()

    def rollback(self, mark: Mapping[str, Any]) -> None:  # Any: private
        """For the engine: forget what was written since; a failed attempt's writes vanish."""
        self._state.rollback(mark)

    def writes(self) -> SessionWrites | None:
        """For the engine: what is to be committed with the node, or None."""
        return self._state.writes(self._state.mark()) if self._state.unwritten else None

    def rebase(self, values: Values) -> None:
        """For the engine: another commit came first; updates run again on these values."""
        self._state.rebase(values)

    def __repr__(self) -> str:
        return f"SessionContext({self.owner!r})"

    def _read(self) -> None:
        if self.shared or self._state.snapshot is None:
            self._state.bridge.now(self._state.read)

    async def _aread(self) -> None:
        if self.shared or self._state.snapshot is None:
            await self._state.bridge.soon(self._state.read)

    def _wrote(self) -> None:
        if self.shared:
            self.close()
        elif not self._state.of_run and not self._state.awaited:
            self._state.awaited = True
            _late.add(self._state)
            self._state.bridge.later(LATE, self._state.commit_late)


async def flush() -> None:
    """Commit what the contexts of this task wrote. An agent that is called from outside of a run begins with it."""
    for known in _open.get():
        state = known()
        if state is not None and state.unwritten and not state.of_run:
            await state.bridge.soon(state.commit)


def owner_of(user_id: str | int, session: str | None = None) -> str:
    """The name under which a store keeps the values: `user`, or `user/session`."""
    user = str(user_id).replace("%", "%25").replace("/", "%2F")
    return user if session is None else f"{user}/{session}"


@dataclass(frozen=True, slots=True)
class _Write:
    """What one key is to become: a value set, or the stored one changed, or both in this order."""

    start: str | None  # the value set, as JSON text; None deletes
    text: str | None  # the outcome
    stored: bool = False  # it starts from the stored value instead of `start`
    version: int = 0  # of that stored value; 0: there was none
    changes: tuple[Change, ...] = ()

    def then(self, fn: Change) -> _Write:
        """One more change."""
        return replace(self, text=_changed(self.text, fn), changes=(*self.changes, fn))

    def on(self, stored: tuple[str, int] | None) -> _Write:
        """The same changes of another stored value."""
        if not self.stored:
            return self
        text, version = stored or (None, 0)
        for fn in self.changes:
            text = _changed(text, fn)
        return replace(self, text=text, version=version)

    def after(self, earlier: _Write, version: int) -> _Write:
        """What remains of it when an earlier stage of it was committed."""
        if self.changes[: len(earlier.changes)] != earlier.changes or not self.changes:
            return self
        rest = _Write(start=None, text=None, stored=True, changes=self.changes[len(earlier.changes) :])
        return rest.on(None if earlier.text is None else (earlier.text, version))


@dataclass(eq=False, kw_only=True)
class _State:
    """Snapshot and writes. Contexts of a run's owner have the same one."""

    owner: str
    ttl: float
    store: SessionStore
    of_run: bool = False
    snapshot: dict[str, tuple[str, int]] | None = None  # own committed writes included
    unwritten: dict[str, _Write] = field(default_factory=dict)
    awaited: bool = False  # a late commit is under way
    lock: threading.RLock = field(default_factory=threading.RLock)
    committing: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def bridge(self) -> Bridge:
        return bridge_to(self.store)

    def value(self, key: str, default: Any) -> Any:
        text = self.text(key)
        return default if text is None else codec.loads(text)

    def text(self, key: str) -> str | None:
        with self.lock:
            if key in self.unwritten:
                return self.unwritten[key].text
            return (self.snapshot or {}).get(key, (None, 0))[0]

    def put(self, key: str, text: str | None) -> None:
        with self.lock:
            self.unwritten[key] = _Write(start=text, text=text)

    def change(self, key: str, fn: Change) -> Any:
        with self.lock:
            if write := self.unwritten.get(key):
                self.unwritten[key] = write.then(fn)
            else:
                write = _Write(start=None, text=None, stored=True, changes=(fn,))
                self.unwritten[key] = write.on((self.snapshot or {}).get(key))
            return _loads(self.unwritten[key].text)

    def forget(self) -> None:
        with self.lock:
            for key in {*(self.snapshot or {}), *self.unwritten}:
                self.put(key, None)

    def mark(self) -> Mapping[str, _Write]:
        with self.lock:
            return dict(self.unwritten)

    def rollback(self, mark: Mapping[str, _Write]) -> None:
        with self.lock:
            self.unwritten = dict(mark)

    def rebase(self, values: Values) -> None:
        with self.lock:
            self.snapshot = dict(values)
            self.unwritten = {key: write.on(values.get(key)) for key, write in self.unwritten.items()}

    def writes(self, batch: Mapping[str, _Write]) -> SessionWrites:
        expect = {key: write.version for key, write in batch.items() if write.stored}
        values = {key: write.text for key, write in batch.items()}
        return SessionWrites(owner=self.owner, values=values, expect=expect, ttl=self.ttl)

    async def read(self, store: SessionStore) -> None:
        values = dict(await store.read_session(self.owner))
        with self.lock:
            self.snapshot = values

    async def commit(self, store: SessionStore) -> None:
        """Write what is unwritten; updates that others overtook run again on what those wrote."""
        async with self.committing:
            before = self.mark()
            batch = dict(before)
            for _ in range(ATTEMPTS):
                if not batch:
                    return
                versions = await store.write_session(self.writes(batch))
                lost = {key for key, write in batch.items() if write.stored and key not in versions}
                for key in batch.keys() - lost:
                    self.written(key, before[key], batch[key], versions.get(key, 0))
                latest = await store.read_session(self.owner) if lost else {}
                batch = {key: batch[key].on(latest.get(key)) for key in lost}
            raise StoreUnavailable(f"others kept changing {', '.join(sorted(batch))} of session {self.owner}")

    def written(self, key: str, begun: _Write, ended: _Write, version: int) -> None:
        with self.lock:
            if self.snapshot is not None:
                self.snapshot.pop(key, None)
                if ended.text is not None:
                    self.snapshot[key] = (ended.text, version)
            if (newest := self.unwritten.get(key)) is begun:
                del self.unwritten[key]
            elif newest:
                self.unwritten[key] = newest.after(replace(begun, text=ended.text), version)

    async def commit_late(self, store: SessionStore) -> None:
        """Nobody called an agent or closed it."""
        try:
            await self.commit(store)
        except StoreUnavailable as error:
            log.warning("session %s is not written yet: %s", self.owner, error)
            self.bridge.later(LATE, self.commit_late)
            return
        self.awaited = False
        _late.discard(self)


def _changed(text: str | None, fn: Change) -> str:
    return codec.dumps(fn(_loads(text)))


def _loads(text: str | None) -> Any:
    return None if text is None else codec.loads(text)


def _state(owner: str, *, ttl: float, shared: bool) -> _State:
    """Inside a run that of the run's session, which it becomes when the run has none yet."""
    scope = current()
    if shared or scope is None or scope.run_id is None:
        return _State(owner=owner, ttl=ttl, store=default_store())
    store = scope.store or default_store()
    while scope.parent is not None and not _has(scope, owner):
        scope = scope.parent
    if scope.session is None:
        scope.session = SessionContext.of_run(owner, None, store=store, ttl=ttl)
    return scope.session._state if _has(scope, owner) else _State(owner=owner, ttl=ttl, store=store)


def _has(scope: Scope, owner: str) -> bool:
    return scope.session is not None and scope.session.owner == owner


def _remember(context: SessionContext) -> None:
    """For `flush`: the contexts that this task, or those it was started from, opened and still holds."""
    _open.set((*(known for known in _open.get() if known() is not None), ref(context._state)))


def _write_the_rest() -> None:
    """The program ends within the second."""
    for state in tuple(_late):
        if state.unwritten:
            try:
                state.bridge.now(state.commit)
            except EcoaError as error:
                log.warning("session %s is lost: %s", state.owner, error)


_open: ContextVar[tuple[ReferenceType[_State], ...]] = ContextVar("ecoa_sessions", default=())
_late: set[_State] = set()
atexit.register(_write_the_rest)
