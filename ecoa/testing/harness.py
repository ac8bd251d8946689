"""Pipelines under a worker that can die, freeze or be doubled where a test says.

with PipelineHarness() as harness:
    trial = await harness.run(order, email, crash_at="charge:after")
    assert trial.result
    harness.assert_once("charge")
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

from ecoa.clock import now
from ecoa.codec import dumps
from ecoa.engine.handle import STOPS, result_of
from ecoa.engine.ids import uuid7
from ecoa.engine.plan import enter
from ecoa.engine.starting import fingerprint
from ecoa.errors import Misuse
from ecoa.review import MISSING, Approve, Edit, Reject, decide
from ecoa.store import use
from ecoa.store.base import Effect, NewRun, Store
from ecoa.store.memory import MemoryStore
from ecoa.testing.clock import Clock, virtual_time
from ecoa.testing.remote import Remote
from ecoa.testing.trial import Happened, Trial
from ecoa.testing.worker import Fault, Worker
from ecoa.trace import new_trace_id

if TYPE_CHECKING:
    from ecoa.graph.pipeline import Pipeline
    from ecoa.result import ReviewRef

LONGEST_IDLE = 86400.0  # seconds of virtual time between looks at a store in memory
POLL = 0.05  # the same at a database, whose own clock is real


class PipelineHarness:
    """Runs pipelines on a store of its own (memory unless given), on virtual time, one worker after the other.

    Faults are named by a node's path and happen once in a `run`:

    crash_at="charge"          the worker dies before the node's code begins
    crash_at="charge:after"    it dies after the code, before that is written
    freeze_at="charge"         it freezes there, another one takes over, then it wakes and tries to write
    duplicate="charge"         two hands get the same node at once
    """

    def __init__(self, store: Store | None = None) -> None:
        self.store: Store = store or MemoryStore()
        self.remote = Remote()
        self.clock: Clock | None = None
        self.effects: list[Effect] = []  # of every run so far
        self._stack = ExitStack()
        self._pipelines: list[str] = []
        self._workers = 0
        self._frozen: list[asyncio.Task[Any]] = []
        self._thaw = asyncio.Event()

    def __enter__(self) -> Self:
        self.clock = self._stack.enter_context(virtual_time())
        self._stack.enter_context(use(self.store))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    async def run[In, Out](
        self,
        pipeline: Pipeline[In, Out],
        x: In,
        /,
        *,
        crash_at: str | None = None,
        freeze_at: str | None = None,
        duplicate: str | None = None,
        idempotency_key: str | None = None,
    ) -> Trial[Out]:
        """Run it to its end or first pause."""
        run_id = await self._start(pipeline.ready(), dumps(x), idempotency_key)
        faults = [Fault.crash(crash_at), Fault.freeze(freeze_at), Fault.double(duplicate)]
        return await self._drive(run_id, [fault for fault in faults if fault is not None])

    async def approve(self, review: ReviewRef, /, *, by: object, edit: Any = MISSING, comment: str = "") -> Trial[Any]:
        """Approve a review, or an edit of what it shows, and run on."""
        decision = Approve(comment) if edit is MISSING else Edit(edit, comment)
        return await self._decided(review, by=by, decision=decision)

    async def reject(self, review: ReviewRef, /, *, by: object, reason: str = "no") -> Trial[Any]:
        """Reject it, and run on."""
        return await self._decided(review, by=by, decision=Reject(reason))

    async def expire(self, review: ReviewRef, /) -> Trial[Any]:
        """Let its time pass, and run on."""
        row = await self.store.review(review.id)
        if self.clock is None or not isinstance(self.store, MemoryStore):
            raise Misuse("time can pass in a store in memory only: a database has a clock of its own")
        if row.expires_at is not None:
            self.clock.advance(max(0.0, (row.expires_at - now()).total_seconds()) + 1)
        await self.store.expire_reviews()
        return await self._drive(row.run_id, [])

    def assert_once(self, effect: str) -> None:
        """Fail unless this happened exactly once: by the remote's books when it knows it, and by the ledger."""
        times = self.remote.times(effect)
        entries = [one for one in self.effects if effect in (one.path, one.path.rpartition("/")[2].partition("#")[0])]
        assert times or entries, f"{effect} never happened"
        assert times <= 1, f"{effect} happened {times} times"
        counted = Counter(entry.key for entry in entries)
        assert len(counted) <= 1, f"{effect} stands in the ledger under {len(counted)} keys"
        assert all(entry.status == "done" for entry in entries), f"{effect} is {entries[0].status}"

    # ---- private

    async def _start(self, pipeline: Pipeline[Any, Any], text: str, key: str | None) -> str:
        if self.clock is None:
            raise Misuse("with PipelineHarness() as harness: …")
        await self.store.open()
        await self.store.define(pipeline.name, pipeline.definition_hash, pipeline.definition)
        if pipeline.name not in self._pipelines:
            self._pipelines.append(pipeline.name)
        run = NewRun(
            id=uuid7(),
            pipeline=pipeline.name,
            definition_hash=pipeline.definition_hash,
            input=text,
            trace_id=new_trace_id(),
            first=enter(pipeline.chain, 0, "", text, "ready"),
            idempotency_key=key,
            fingerprint=None if key is None else fingerprint(pipeline.name, text),
            timeout=pipeline.timeout,
            compensates=pipeline.compensates,
            by="harness",
        )
        return (await self.store.start(run, worker=None)).run.id

    async def _decided(self, review: ReviewRef, *, by: object, decision: Approve | Edit | Reject) -> Trial[Any]:
        given = await decide(review.id, version=review.version, by=by, decision=decision, store=self.store)
        return await self._drive(given.run_id, [])

    async def _drive(self, run_id: str, faults: list[Fault]) -> Trial[Any]:
        worker = await self._enroll(faults)
        while (await self.store.run(run_id)).status not in STOPS:
            leases = await self.store.claim(worker.id, pipelines=self._pipelines, queues=["default"], limit=16)
            if not leases:
                await self.store.idle(LONGEST_IDLE if isinstance(self.store, MemoryStore) else POLL)
            elif not await worker.work(leases):
                worker = await self._replace(worker, faults)
        await self._wake()
        await self.store.leave(worker.id)
        return await self._trial(run_id)

    async def _enroll(self, faults: list[Fault]) -> Worker:
        self._workers += 1
        name = f"worker-{self._workers}-{uuid7()[-12:]}"
        await self.store.enroll(name, host="test", pid=self._workers, pipelines=self._pipelines, slots=16)
        return Worker(name, self.store, faults=faults, thaw=self._thaw, frozen=self._frozen)

    async def _replace(self, dead: Worker, faults: list[Fault]) -> Worker:
        """What it held goes to the next one, which is not there yet: everybody is silent for longer than no time."""
        if self.clock is not None:
            self.clock.advance(0.001)
        await self.store.reap(lease=0.0)
        return await self._enroll(faults)

    async def _wake(self) -> None:
        """Those that froze go on where they were, too late."""
        self._thaw.set()
        await asyncio.gather(*self._frozen)
        self._frozen.clear()
        self._thaw.clear()

    async def _trial(self, run_id: str) -> Trial[Any]:
        row = await self.store.run(run_id)
        events = [Happened(event.kind, event.path, event.data) for event in await self.store.events(run_id)]
        effects = await self.store.effects(run_id)
        known = {effect.key for effect in effects}
        self.effects = [effect for effect in self.effects if effect.key not in known] + list(effects)
        return Trial(result=await result_of(self.store, row), events=events, effects=effects)
