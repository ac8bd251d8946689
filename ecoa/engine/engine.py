"""Turns of leased nodes. Which turns come, and when, is decided by who calls it: a worker, or engine/local.py."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ecoa import clock, seam, trace
from ecoa.calling.scope import Scope
from ecoa.codec import loads
from ecoa.engine import control, step, undoing
from ecoa.engine.plan import Place, locate
from ecoa.engine.telling import tell_seen, tell_turn, turn_span
from ecoa.engine.turn import Items, Turn
from ecoa.engine.version import problems
from ecoa.errors import (
    AgentError,
    AgentTimeout,
    EcoaError,
    Fenced,
    NotFound,
    ResultNotSerializable,
    SessionConflict,
    StoreUnavailable,
)
from ecoa.graph import registry
from ecoa.graph.node import Chain, Each, Loop, Parallel, ReviewGate, SignalWait, Step, When
from ecoa.graph.path import COMPENSATE
from ecoa.store.base import Finish, Finished, Lease, Store

if TYPE_CHECKING:
    from ecoa.agent import Agent
    from ecoa.context import SessionContext
    from ecoa.graph.pipeline import Pipeline

type Key = tuple[str, str]  # run id, path
type Transaction = Callable[[Callable[[], Any]], Awaitable[Any]]

FORK = "$fork"  # a run's row of what a fork reuses
KEPT = 256  # runs, containers of which something is kept to save a read
log = logging.getLogger("ecoa.engine")


@dataclass(slots=True, eq=False)
class _Running:
    """A turn that is calling its agent."""

    task: asyncio.Task[Any]
    lease: Lease
    scope: Scope
    protected: bool  # a guarded effect: it is finished and recorded, whatever was cancelled
    stop: bool = False


class Kept[K, V]:
    """The latest few of what can be read again."""

    def __init__(self) -> None:
        self._kept: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """What is kept for this key."""
        return self._kept.get(key)

    def put(self, key: K, value: V) -> V:
        """Keep it, in place of what was kept longest."""
        self._kept[key] = value
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return value


class Engine:
    """Runs nodes of pipelines on a store, as one worker."""

    def __init__(
        self,
        store: Store,
        *,
        worker: str,
        pipelines: Sequence[str] | None = None,
        lease: float | None = None,
        transaction: Transaction | None = None,
    ) -> None:
        self.store = store
        self.worker = worker
        self.lease_s: float | None = lease if lease is not None else getattr(store, "lease_s", None)
        self.transaction = transaction or seam.transaction
        self.items: Kept[Key, Items] = Kept()
        self.forks: Kept[str, dict[str, str]] = Kept()  # what each run reuses
        self.migrated: Kept[tuple[str, str], bool] = Kept()
        self.seen: Kept[str, bool] = Kept()  # runs whose beginning is traced
        self._pipelines = None if pipelines is None else list(pipelines)
        self._running: dict[Key, _Running] = {}
        self._sessions: dict[Key, SessionContext] = {}  # of turns that are being written

    def pipelines(self) -> list[str]:
        """Names of what it runs: those it was told, else all that this process knows."""
        return registry.names() if self._pipelines is None else self._pipelines

    async def turn(self, lease: Lease) -> list[Lease]:
        """Run a node and write how that ended; the leases handed over with it. Never raises for what an agent does."""
        if trace.enabled() and not self.seen.get(lease.run_id):
            self.seen.put(lease.run_id, True)
            await tell_seen(self.store, lease.run_id)
        with turn_span(lease) as here:
            try:
                ended = await self._run(lease)
                if ended.error is not None:
                    here.fail(ended.error)
                finished = await self._write(ended, lease)
            except Fenced:
                return []
            finally:
                if lease.session is not None:
                    self._sessions.pop((lease.run_id, lease.path), None)
            await tell_turn(self.store, lease, ended, finished)
            self.finished(lease, ended, finished)
            return list(finished.leases)

    def finished(self, lease: Lease, ended: Finish, finished: Finished) -> None:
        """For those who want to know at once; nothing here."""

    def stop(self, run_id: str) -> None:
        """Cancel what it runs of a run; a guarded effect is left to end."""
        for running in list(self._running.values()):
            if running.lease.run_id == run_id:
                self._stop(running)

    async def beat(self) -> None:
        """Extend its leases, stop what it lost and what was cancelled."""
        began = clock.monotonic()
        held = [(one.lease.run_id, one.lease.path, one.lease.fence) for one in self._running.values()]
        stop = await self.store.beat(self.worker, held)
        for key, running in list(self._running.items()):
            if key in stop:
                self._stop(running)
            elif self.lease_s is not None:
                running.scope.lease_until = began + self.lease_s

    # ---- what turns ask of it

    def leased_until(self) -> float | None:
        """When a lease of now ends, by the clock of scopes."""
        return None if self.lease_s is None else clock.monotonic() + self.lease_s

    @asynccontextmanager
    async def stoppable(self, lease: Lease, scope: Scope, *, protected: bool) -> AsyncIterator[None]:
        """While an agent is called: `stop` and a lost lease cancel it."""
        task = asyncio.current_task()
        assert task is not None, "turns run in tasks"
        running = _Running(task, lease, scope, protected)
        key = (lease.run_id, lease.path)
        self._running[key] = running
        try:
            yield
        except asyncio.CancelledError:
            if not running.stop:
                raise
            task.uncancel()
            raise Stopped from None
        finally:
            if self._running.get(key) is running:
                del self._running[key]
        if running.stop:  # it ended at that very moment: the cancellation must not meet the commit
            try:
                await asyncio.sleep(0)
            except asyncio.CancelledError:
                task.uncancel()

    async def session(self, lease: Lease) -> SessionContext | None:
        """The run's session as it is now."""
        if lease.session is None:
            return None
        from ecoa.context import SessionContext

        values = await self.store.read_session(lease.session)
        made = self._sessions[lease.run_id, lease.path] = SessionContext.of_run(lease.session, values, store=self.store)
        return made

    async def reused(self, lease: Lease, agent: Agent[Any, Any]) -> str | None:
        """In a fork: the output of a step that is not to be done again."""
        if agent.effect == "none":
            return None
        known = self.forks.get(lease.run_id)
        if known is None:
            rows = await self.store.nodes(lease.run_id, paths=[FORK])
            known = self.forks.put(lease.run_id, json.loads(rows[0].output or "{}") if rows else {})
        return known.get(lease.path)

    # ---- a turn

    async def _run(self, lease: Lease) -> Finish:
        pipeline = registry.find(lease.pipeline, lease.definition_hash)
        if pipeline is None:
            return _held(lease, "PipelineChanged", f"no pipeline {lease.pipeline!r} is known here")
        pipeline.ready()
        if pipeline.definition_hash != lease.definition_hash and (why := await self._misfit(lease, pipeline)):
            return _held(lease, "PipelineChanged", "; ".join(why))
        if lease.deadline_in is not None and lease.deadline_in <= 0:
            told = AgentTimeout("the run's time is over").describe()
            return replace(_ended(lease, "error"), error=told, ends="error")
        try:
            turn = Turn(engine=self, lease=lease, pipeline=pipeline, place=_place(pipeline, lease))
        except NotFound as error:
            return _held(lease, "PipelineChanged", error.message)
        return await self._take(turn)

    async def _take(self, turn: Turn) -> Finish:
        lease = turn.lease
        try:
            return turn.finish("cancelled") if lease.cancelling else await _dispatch(turn)
        except Stopped:
            return turn.finish("cancelled", error={"type": "Cancelled", "message": "Cancelled."})
        except (Fenced, StoreUnavailable):
            raise
        except AgentError as error:
            return turn.failed(error)
        except Exception as error:
            # A mistake in a function of the graph, or in an agent's options: the run ends with it, the worker goes on.
            log.warning("%s of %s failed", lease.path, lease.pipeline, exc_info=not isinstance(error, EcoaError))
            return turn.failed(AgentError(f"{type(error).__name__}: {error}", type=type(error).__name__))

    async def _write(self, ended: Finish, lease: Lease) -> Finished:
        tries = 0
        while True:
            try:
                return await self.store.finish(ended, worker=self.worker)
            except Fenced:
                if ended.effect is not None:  # what happened is known, whoever holds the node
                    await self.store.settle(ended.effect)
                raise
            except ResultNotSerializable as error:  # larger than this store takes
                ended = _refused(ended, error)
            except SessionConflict:
                tries += 1
                if tries > 100:
                    raise
                ended = await self._rebased(ended, lease)

    async def _rebased(self, ended: Finish, lease: Lease) -> Finish:
        session = self._sessions.get((lease.run_id, lease.path))
        assert session is not None and lease.session is not None, "only a session's writes conflict"
        session.rebase(await self.store.read_session(lease.session))
        return replace(ended, session=session.writes())

    async def _misfit(self, lease: Lease, pipeline: Pipeline[Any, Any]) -> list[str]:
        """Why the run cannot go on under the code of now; [] when it goes on, from then on under it."""
        known = (lease.run_id, pipeline.definition_hash)
        if self.migrated.get(known):
            return []
        if pipeline.on_change == "hold":
            return ["the pipeline changed, and on_change is hold"]
        began = await self.store.definition(lease.definition_hash)
        value = loads(lease.input) if lease.input is not None else None
        found = problems(began, pipeline, lease.path, value, check_value=lease.kind == "step")
        if not found:
            await self.store.define(pipeline.name, pipeline.definition_hash, pipeline.definition)
            await self.store.migrate(lease.run_id, definition_hash=pipeline.definition_hash)
            self.migrated.put(known, True)
        return found

    def _stop(self, running: _Running) -> None:
        if not running.protected and not running.stop:
            running.stop = True
            running.task.cancel()


class Stopped(Exception):
    """The call was cancelled because its run was, or because the lease is lost."""


async def _dispatch(turn: Turn) -> Finish:  # noqa: PLR0911  # one a kind
    place = turn.place
    match turn.lease.kind:
        case "compensate":
            return await undoing.compensate(turn)
        case "undo":
            return await undoing.undo(turn)
    match place.node:
        case Step() as node:
            return await step.step(turn, node.agent, turn.text)
        case Parallel() | Each() as node if place.role == "join":
            return await control.join(turn, node)
        case Each() as node:
            return await control.each(turn, node)
        case When() as node:
            return await control.when(turn, node)
        case Loop() as node:
            return await control.round_ended(turn, node)
        case ReviewGate() as node:
            return await control.gate(turn, node)
        case SignalWait() as node:
            return await control.signal(turn, node)
        case _:
            return await control.timer(turn)


def _place(pipeline: Pipeline[Any, Any], lease: Lease) -> Place:
    if lease.kind in ("undo", "compensate"):  # beside the graph: nothing follows
        return Place(Chain().add(pipeline.chain[0], COMPENSATE), 0, "")
    return locate(pipeline.chain, lease.path)


def _ended(lease: Lease, status: Any) -> Finish:
    return Finish(run_id=lease.run_id, path=lease.path, fence=lease.fence, status=status)


def _refused(ended: Finish, error: ResultNotSerializable) -> Finish:
    """The end of a turn whose output the store does not take. What had an effect waits for a person."""
    kept = replace(ended, output=None, creates=(), review=None, result=None, session=None, error=error.describe())
    if ended.effect is not None:
        effect = replace(ended.effect, result=None)
        return replace(kept, status="held", join=None, ends=None, effect=effect, state='{"doubtful": true}')
    return replace(kept, status="error", ends="error")


def _held(lease: Lease, kind: str, message: str) -> Finish:
    return replace(_ended(lease, "held"), error={"type": kind, "message": message})
