"""What the store in memory holds, and the rules that keep it consistent."""

from __future__ import annotations

import asyncio
import heapq
import threading
from collections import Counter, deque
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ecoa import clock
from ecoa.errors import Fenced, NotFound
from ecoa.store.base import (
    TERMINAL,
    EffectDone,
    Event,
    Lease,
    NewNode,
    NewReview,
    NewRun,
    NodeStatus,
    ReviewRow,
    RunStatus,
    SessionWrites,
)

PROJECT = 0  # there is one
ENDED: frozenset[NodeStatus] = frozenset({"done", "error", "cancelled"})
type Waiter = tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]


@dataclass(slots=True, eq=False, kw_only=True)
class Node:
    """A node's row."""

    path: str
    kind: str
    status: NodeStatus
    input: str | None
    output: str | None
    queue: str
    opens: int
    spare: int
    lock_key: str | None
    created_at: datetime
    attempt: int = 0
    takeovers: int = 0
    fence: int = 0
    worker: str | None = None
    wake: float | None = None
    ticket: int = 0  # of its place in the queue; others of it are void
    error: Mapping[str, Any] | None = None
    state: str | None = None
    waits_for: str | None = None  # a signal's name
    signal: str | None = None
    decision: str | None = None
    resumed: bool = False
    started_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(slots=True, eq=False, kw_only=True)
class Run:
    """A run's row, with its nodes."""

    new: NewRun
    created_at: datetime
    definition_hash: str
    status: RunStatus = "queued"
    result: str | None = None
    error: Mapping[str, Any] | None = None
    cancel_requested: bool = False
    deadline: float | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    resumed: bool = False
    nodes: dict[str, Node] = field(default_factory=dict)
    live: dict[str, Node] = field(default_factory=dict)  # those that have not ended
    counts: Counter[str] = field(default_factory=Counter)
    events: list[Event] = field(default_factory=list)
    signals: dict[tuple[str, str], str] = field(default_factory=dict)  # by (name, key)
    taken: set[tuple[str, str]] = field(default_factory=set)
    reviews: list[str] = field(default_factory=list)

    @property
    def compensated(self) -> bool:
        """Whether its effects were undone, so that it cannot go on."""
        return "$compensate" in self.nodes


class State:
    """Rows, the queue, and who waits for changes. Every public method of the store holds the lock."""

    def __init__(self, *, keep_finished: int = 10_000) -> None:
        self.lock = threading.RLock()
        self.keep_finished = keep_finished
        self.runs: dict[str, Run] = {}
        self.keys: dict[tuple[str, str], str] = {}
        self.definitions: dict[str, Mapping[str, Any]] = {}
        self.all_reviews: dict[str, ReviewRow] = {}
        self.workers: dict[str, set[tuple[str, str]]] = {}  # what each holds: (run id, path)
        self.lost: set[str] = set()
        self.beats: dict[str, float] = {}
        self.session_runs: Counter[str] = Counter()  # unfinished runs by session
        self._finished: deque[str] = deque()
        self._queues: dict[tuple[str, str], list[tuple[int, int, str, str]]] = {}
        self._delayed: list[tuple[float, int, str, str]] = []
        self._dues: list[tuple[float, str, str]] = []  # when, "deadline" or "review", id
        self._blocked: dict[str, list[tuple[str, str]]] = {}
        self._locks: set[str] = set()
        self._tickets = 0
        self._event_id = 0
        self._idle: list[Waiter] = []
        self._watching: dict[str, list[Waiter]] = {}

    # ---- reading

    def find(self, run_id: str) -> Run:
        run = self.runs.get(run_id)
        if run is None:
            raise NotFound(f"there is no run {run_id}")
        return run

    def held(self, run_id: str, path: str, fence: int, worker: str) -> tuple[Run, Node]:
        """The node that this worker has leased; Fenced when it has not."""
        run = self.runs.get(run_id)
        node = run.nodes.get(path) if run else None
        if run is None or node is None or node.status != "leased" or node.fence != fence or node.worker != worker:
            raise Fenced(f"{path} of run {run_id} is not {worker}'s any more")
        return run, node

    @staticmethod
    def now() -> float:
        """Seconds since 1970, by the clock that ecoa reads."""
        return clock.now().timestamp()

    # ---- nodes

    def set_status(self, run: Run, node: Node, status: NodeStatus) -> None:
        """Change a node's status and everything that counts it."""
        run.counts[node.status] -= 1
        run.counts[status] += 1
        if node.status == "leased":
            self._release(run, node)
        node.status = status
        if status in ENDED:
            run.live.pop(node.path, None)
            node.finished_at = clock.now()
        else:
            run.live[node.path] = node
            node.finished_at = None

    def enqueue(self, run: Run, node: Node, delay: float = 0.0) -> None:
        """Let it be claimed, now or after `delay`; a waiting one is to become ready then."""
        self._tickets += 1
        node.ticket = self._tickets
        if delay > 0:
            node.wake = self.now() + delay
            heapq.heappush(self._delayed, (node.wake, node.ticket, run.new.id, node.path))
        else:
            node.wake = None
            queue = self._queues.setdefault((run.new.pipeline, node.queue), [])
            heapq.heappush(queue, (-run.new.priority, node.ticket, run.new.id, node.path))
        self.ring()

    def make_ready(self, run: Run, node: Node, delay: float = 0.0) -> None:
        """Its turn comes (again)."""
        self.set_status(run, node, "ready")
        self.enqueue(run, node, delay)

    def lease(self, run: Run, node: Node, worker: str) -> Lease:
        """Give it to a worker."""
        self.set_status(run, node, "leased")
        node.attempt += 1
        node.fence += 1
        node.worker = worker
        node.started_at = clock.now()
        self.workers.setdefault(worker, set()).add((run.new.id, node.path))
        if node.lock_key:
            self._locks.add(node.lock_key)
        if run.status in ("queued", "paused", "held"):
            self.set_run_status(run, "running")
        return Lease(
            run_id=run.new.id,
            path=node.path,
            kind=node.kind,
            fence=node.fence,
            attempt=node.attempt,
            takeovers=node.takeovers,
            input=node.input,
            pipeline=run.new.pipeline,
            definition_hash=run.definition_hash,
            trace_id=run.new.trace_id,
            project_id=PROJECT,
            session=run.new.session,
            deadline_in=None if run.deadline is None else run.deadline - self.now(),
            cancelling=run.cancel_requested,
            decision=node.decision,
            signal=node.signal,
            state=node.state,
            resumed=node.resumed,
        )

    def create(self, run: Run, new: NewNode, worker: str | None) -> Lease | None:
        """Insert a node, or begin one anew that failed or was cancelled; others stay as they are."""
        node = run.nodes.get(new.path)
        fence = attempt = 0
        if node is not None:
            if node.status not in ("error", "cancelled"):
                return None
            fence, attempt = node.fence + 1, node.attempt
            run.counts[node.status] -= 1
            del run.nodes[new.path]
        node = run.nodes[new.path] = Node(
            path=new.path,
            kind=new.kind,
            status=new.status,
            input=new.input,
            output=new.output,
            queue=new.queue,
            opens=new.opens,
            spare=new.spare,
            lock_key=new.lock_key,
            created_at=clock.now(),
            fence=fence,
            attempt=attempt,
        )
        run.counts[new.status] += 1
        if new.status in ENDED:
            node.finished_at = node.created_at
            return None
        run.live[new.path] = node
        if new.status == "leased" and worker is not None and not self.locked(node):
            run.counts["leased"] -= 1
            node.status = "ready"
            run.counts["ready"] += 1
            return self.lease(run, node, worker)
        if new.status in ("ready", "leased"):
            self.make_ready(run, node, new.delay)
        elif new.status == "waiting" and new.delay > 0:
            self.enqueue(run, node, new.delay)
        return None

    def locked(self, node: Node) -> bool:
        """Whether another node with its lock is leased."""
        return node.lock_key is not None and node.lock_key in self._locks

    def next_ready(self, pipelines: Collection[str], queues: Collection[str]) -> tuple[Run, Node] | None:
        """Take the next node out of the queue."""
        while True:
            heaps = [
                heap for (pipeline, queue), heap in self._queues.items() if pipeline in pipelines and queue in queues
            ]
            if not heaps:
                return None
            heap = min(heaps)
            _, ticket, run_id, path = heapq.heappop(heap)
            if not heap:
                del self._queues[next(key for key, known in self._queues.items() if known is heap)]
            run = self.runs.get(run_id)
            node = run.nodes.get(path) if run else None
            if run is None or node is None or node.status != "ready" or node.ticket != ticket:
                continue
            if self.locked(node):
                self._blocked.setdefault(node.lock_key or "", []).append((run_id, path))
                continue
            return run, node

    def cancel_live(
        self, run: Run, why: str, *, under: str | None = None, leased: bool = True, spared: str | None = None
    ) -> None:
        """Cancel what has not ended, or only inside a container or branch; leased ones are fenced off."""
        told = {"type": why, "message": why, **({"spared": spared, "branch": under} if spared else {})}
        for node in list(run.live.values()):
            if under is not None and not (
                node.path.startswith(under) and node.path[len(under) : len(under) + 1] in ".[/@"
            ):
                continue
            if node.status == "leased" and not leased:
                continue
            node.fence += 1
            node.error = told
            self.set_status(run, node, "cancelled")
            self.close_reviews(run, node.path)

    def take_signal(self, run: Run, node: Node, name: str) -> bool:
        """Give the node the oldest signal of that name that nobody took."""
        for known, value in run.signals.items():
            if known[0] == name and known not in run.taken:
                run.taken.add(known)
                node.signal = value
                return True
        return False

    # ---- runs

    def set_run_status(self, run: Run, status: RunStatus) -> None:
        """Change it, keep what depends on it, and tell who watches."""
        if run.status in ("paused", "held") and status == "running":
            run.resumed = True
        if run.started_at is None and status != "queued":
            run.started_at = clock.now()
        was_over, run.status = run.status in TERMINAL, status
        if status in TERMINAL and not was_over:
            run.finished_at = clock.now()
            self.count_session(run, -1)
            self._finished.append(run.new.id)
            self.note(run, status)
            self._forget_old()
        self.tell(run)

    def refresh(self, run: Run) -> None:
        """What the run is after its nodes changed."""
        if run.status in TERMINAL:
            return
        counts = run.counts
        if run.cancel_requested and not counts["leased"]:
            self.cancel_live(run, "Cancelled")
            self.set_run_status(run, "cancelled")
        elif not (counts["ready"] or counts["leased"] or counts["waiting"]):
            status: RunStatus = "paused" if counts["paused"] else "held"
            if run.status != status:
                self.set_run_status(run, status)
        elif run.status in ("paused", "held"):
            self.set_run_status(run, "compensating" if run.compensated else "running")

    def end(
        self, run: Run, status: RunStatus, *, error: Mapping[str, Any] | None, result: str | None, worker: str | None
    ) -> Lease | None:
        """End the run, or let it compensate first: then the lease of "$compensate"."""
        run.error = error or run.error
        self.cancel_live(run, "RunEnded")
        if run.new.compensates and status in ("error", "rejected") and not run.compensated:
            self.set_run_status(run, "compensating")
            what = f'{{"status": "{status}"}}'
            leased = NewNode(path="$compensate", kind="compensate", input=what, status="leased" if worker else "ready")
            return self.create(run, leased, worker)
        run.result = result if result is not None else run.result
        if status == "success":
            run.error = None
        self.set_run_status(run, status)
        return None

    def note(self, run: Run, kind: str, path: str | None = None, **data: Any) -> None:
        """Add a line to the run's history."""
        self._event_id += 1
        run.events.append(Event(id=self._event_id, at=clock.now(), kind=kind, path=path, data=data))

    def _forget_old(self) -> None:
        while len(self._finished) > self.keep_finished:
            run = self.runs.get(self._finished.popleft())
            if run is None or run.status not in TERMINAL:
                continue
            self.drop(run)

    def drop(self, run: Run) -> None:
        """Forget a run."""
        del self.runs[run.new.id]
        key = (run.new.pipeline, run.new.idempotency_key or "")
        if self.keys.get(key) == run.new.id:
            del self.keys[key]
        for review_id in run.reviews:
            self.all_reviews.pop(review_id, None)

    def _release(self, run: Run, node: Node) -> None:
        if node.worker is not None:
            self.workers.get(node.worker, set()).discard((run.new.id, node.path))
            node.worker = None
        if node.lock_key:
            self._locks.discard(node.lock_key)
            for run_id, path in self._blocked.pop(node.lock_key, []):
                other = self.runs.get(run_id)
                if other is not None and (waiting := other.nodes.get(path)) and waiting.status == "ready":
                    self.enqueue(other, waiting)

    # ---- time

    def due_at(self, when: float, kind: str, id_: str) -> None:
        """Look at this run's deadline, or this review, then."""
        heapq.heappush(self._dues, (when, kind, id_))
        self.ring()

    def tick(self) -> list[tuple[str, str]]:
        """Wake what is due; (kind, id) of deadlines and reviews that are."""
        if not self._delayed and not self._dues:
            return []
        now = self.now()
        while self._delayed and self._delayed[0][0] <= now:
            _, ticket, run_id, path = heapq.heappop(self._delayed)
            run = self.runs.get(run_id)
            node = run.nodes.get(path) if run else None
            if run and node and node.ticket == ticket and node.status in ("ready", "waiting"):
                self.make_ready(run, node)
        due = []
        while self._dues and self._dues[0][0] <= now:
            due.append(heapq.heappop(self._dues)[1:])
        return due

    def next_due(self) -> float | None:
        """When `tick` has something to do."""
        dues = [heap[0][0] for heap in (self._delayed, self._dues) if heap]
        return min(dues) if dues else None

    # ---- telling

    def ring(self) -> None:
        """Something may be claimable."""
        if self._idle:
            waiters, self._idle = self._idle, []
            _wake(waiters)

    def tell(self, run: Run) -> None:
        """The run changed."""
        if self._watching and (waiters := self._watching.pop(run.new.id, None)):
            _wake(waiters)

    @contextmanager
    def waiter(self, run_id: str | None = None) -> Iterator[asyncio.Future[None]]:
        """A future that is done at the next ring, or when this run changes."""
        loop = asyncio.get_running_loop()
        entry = (loop, loop.create_future())
        with self.lock:
            (self._idle if run_id is None else self._watching.setdefault(run_id, [])).append(entry)
        try:
            yield entry[1]
        finally:
            with self.lock:
                waiters = self._idle if run_id is None else self._watching.get(run_id, [])
                if entry in waiters:
                    waiters.remove(entry)
                if run_id is not None and not waiters:
                    self._watching.pop(run_id, None)

    # ---- what the parts give each other

    def merge(self, writes: SessionWrites) -> None:
        """Write a session's values."""
        raise NotImplementedError

    def versions(self, owner: str) -> dict[str, int]:
        """Of a session's values."""
        raise NotImplementedError

    def settle_effect(self, done: EffectDone) -> None:
        """Write how an effect ended."""
        raise NotImplementedError

    def open_review(self, run: Run, node: Node, new: NewReview) -> None:
        """Store a request to people."""
        raise NotImplementedError

    def expire(self, review_id: str) -> bool:
        """Do what time does to a review."""
        raise NotImplementedError

    def close_reviews(self, run: Run, path: str) -> None:
        """Nobody is to decide about this node any more."""
        raise NotImplementedError

    def count_session(self, run: Run, by: int) -> None:
        """Sessions do not expire while a run of theirs is unfinished."""
        raise NotImplementedError


def moment(seconds: float | None) -> datetime | None:
    """As rows tell it."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _wake(waiters: list[Waiter]) -> None:
    try:
        here = asyncio.get_running_loop()
    except RuntimeError:
        here = None
    for loop, future in waiters:
        if loop is here:
            _done(future)
        elif not loop.is_closed():
            loop.call_soon_threadsafe(_done, future)


def _done(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
