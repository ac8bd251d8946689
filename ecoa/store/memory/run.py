"""Runs: start, read, cancel, retry, signal."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from ecoa import clock
from ecoa.errors import EcoaError, IdempotencyConflict, NotFound
from ecoa.store.base import TERMINAL, Event, Lease, NewEvent, NewRun, NodeRow, RunRow, Started
from ecoa.store.memory.state import PROJECT, Node, Run, State, moment


class Runs(State):
    """Runs and what is asked of them."""

    async def define(self, pipeline: str, definition_hash: str, definition: Mapping[str, Any]) -> None:
        """Keep a definition."""
        self.definitions.setdefault(definition_hash, definition)

    async def definition(self, definition_hash: str) -> Mapping[str, Any]:
        """The definition of this hash."""
        found = self.definitions.get(definition_hash)
        if found is None:
            raise NotFound(f"there is no definition {definition_hash}")
        return found

    async def start(self, run: NewRun, *, worker: str | None) -> Started:
        """Insert a run with its first nodes, or find the one of its key."""
        with self.lock:
            earlier = self._of_key(run)
            if earlier is not None:
                return Started(run=self._row(earlier), created=False, leases=[])
            made, leases = self._insert(run, worker)
            return Started(run=self._row(made), created=True, leases=leases)

    async def start_many(self, runs: Sequence[NewRun]) -> int:
        """Insert runs without keys; none is leased."""
        with self.lock:
            for run in runs:
                self._insert(run, None)
        return len(runs)

    async def run(self, run_id: str) -> RunRow:
        """A run; NotFound."""
        with self.lock:
            return self._row(self.find(run_id))

    async def nodes(self, run_id: str, *, prefix: str = "", paths: Sequence[str] | None = None) -> list[NodeRow]:
        """Nodes in order of creation."""
        with self.lock:
            run = self.find(run_id)
            if paths is not None:
                found = [run.nodes[path] for path in paths if path in run.nodes]
            else:
                found = [node for path, node in run.nodes.items() if path.startswith(prefix)]
            return [_node_row(node) for node in found]

    async def cancel(self, run_id: str, *, reason: str, by: str) -> RunRow:
        """Ready, waiting and paused nodes are cancelled now, leased ones when their turn ends."""
        with self.lock:
            run = self.find(run_id)
            if run.status not in TERMINAL and not run.cancel_requested:
                run.cancel_requested = True
                self.note(run, "cancel_requested", reason=reason, by=by)
                run.error = {"type": "Cancelled", "message": reason or "Cancelled."}
                self.cancel_live(run, "Cancelled", leased=False)
                self.refresh(run)
                self.tell(run)
            return self._row(run)

    async def retry(self, run_id: str, *, path: str | None = None, by: str = "") -> RunRow:
        """Make failed nodes ready again, or the one at `path`."""
        with self.lock:
            run = self.find(run_id)
            if run.status == "success" or run.compensated:
                raise EcoaError(
                    f"run {run_id} cannot be retried: it {'was undone' if run.compensated else 'succeeded'}"
                )
            if path is not None:
                nodes = [run.nodes[path]] if path in run.nodes else []
                if not nodes or nodes[0].status not in ("error", "held", "unknown", "cancelled"):
                    raise NotFound(f"run {run_id} has no failed node {path}")
                nodes += [node for node in _stopped(run, path) if node is not nodes[0]]
            else:
                nodes = _failed(run)
            self.note(run, "retry", path, by=by)
            for node in nodes:
                if node.decision is not None and json.loads(node.decision)["decision"] == "reject":
                    node.decision = None  # what was rejected is asked anew
            self._go_on(run, nodes)
            return self._row(run)

    async def release(self, run_id: str, path: str, *, decision: str, by: str) -> None:
        """Let a held or unknown node go on with a person's word."""
        with self.lock:
            run = self.find(run_id)
            node = run.nodes.get(path)
            if node is None or node.status not in ("held", "unknown"):
                raise NotFound(f"run {run_id} has no held node {path}")
            node.decision = decision
            self.note(run, "released", path, by=by)
            self._go_on(run, [node])

    async def migrate(self, run_id: str, *, definition_hash: str) -> None:
        """The run goes on under another definition."""
        with self.lock:
            run = self.find(run_id)
            self.note(run, "migrated", was=run.definition_hash, now=definition_hash)
            run.definition_hash = definition_hash

    async def hold(self, run_id: str, *, reason: str) -> None:
        """Nothing of it runs until a person says so."""
        with self.lock:
            run = self.find(run_id)
            self.note(run, "held", reason=reason)
            run.error = {"type": "Held", "message": reason}
            for node in list(run.live.values()):
                if node.status in ("ready", "waiting"):
                    node.error = run.error
                    self.set_status(run, node, "held")
            self.refresh(run)

    async def signal(self, run_id: str, name: str, value: str, *, key: str) -> bool:
        """Store a signal once per key and wake who waits for it."""
        with self.lock:
            run = self.find(run_id)
            if (name, key) in run.signals:
                return False
            run.signals[name, key] = value
            self.note(run, "signal", name=name, key=key)
            for node in list(run.live.values()):
                if node.status == "waiting" and node.waits_for == name and self.take_signal(run, node, name):
                    self.make_ready(run, node)
                    break
            return True

    async def events(self, run_id: str, *, after: int = 0, limit: int = 1000) -> list[Event]:
        """Lines of its history, the oldest first."""
        with self.lock:
            return [event for event in self.find(run_id).events if event.id > after][:limit]

    async def follow(self, run_id: str) -> AsyncIterator[Event]:
        """Events from the first on, ending with the run."""
        seen = 0
        while True:
            with self.waiter(run_id) as changed:
                run = self.find(run_id)
                over = run.status in TERMINAL
                found = [event for event in run.events if event.id > seen]
                for event in found:
                    seen = event.id
                    yield event
                if over:
                    return
                if not found:
                    await changed

    async def record(self, run_id: str, events: Sequence[NewEvent]) -> None:
        """Add lines to a run's history."""
        with self.lock:
            run = self.find(run_id)
            for event in events:
                self.note(run, event.kind, event.path, **event.data)

    # ---- private

    def _of_key(self, new: NewRun) -> Run | None:
        if new.idempotency_key is None:
            return None
        key = (new.pipeline, new.idempotency_key)
        run = self.runs.get(self.keys.get(key, ""))
        if run is None:
            return None
        if run.finished_at is not None and run.new.key_ttl is not None:
            age = (clock.now() - run.finished_at).total_seconds()
            if age > run.new.key_ttl:
                del self.keys[key]
                return None
        if run.new.fingerprint != new.fingerprint:
            raise IdempotencyConflict(f"the key {new.idempotency_key!r} was used with another input")
        if run.status == "error" and not run.compensated:
            self.note(run, "resumed", by=new.by)
            self._go_on(run, _failed(run))
        return run

    def _insert(self, new: NewRun, worker: str | None) -> tuple[Run, list[Lease]]:
        run = self.runs[new.id] = Run(new=new, created_at=clock.now(), definition_hash=new.definition_hash)
        if new.idempotency_key is not None:
            self.keys[new.pipeline, new.idempotency_key] = new.id
        self.count_session(run, 1)
        self._begin_deadline(run)
        self.note(run, "started", by=new.by)
        leases = [lease for node in new.first if (lease := self.create(run, node, worker))]
        return run, leases

    def _begin_deadline(self, run: Run) -> None:
        if run.new.timeout is not None:
            run.deadline = self.now() + run.new.timeout
            self.due_at(run.deadline, "deadline", run.new.id)

    def _go_on(self, run: Run, nodes: Sequence[Node]) -> None:
        if run.status in TERMINAL:
            run.finished_at = None
            self.count_session(run, 1)
            self._begin_deadline(run)
        run.cancel_requested = False
        run.error = run.result = None
        for node in nodes:
            node.resumed = node.status in ("held", "unknown", "paused")
            if node.status == "error" and (container := run.nodes.get((node.error or {}).get("spared", ""))):
                container.spare += 1
            node.takeovers = 0
            node.error = None
            if node.kind in ("container", "parallel") or node.opens > 0:
                self.set_status(run, node, "open")
            else:
                self.make_ready(run, node)
        run.status = "running"
        self.refresh(run)
        self.tell(run)

    def _row(self, run: Run) -> RunRow:
        new = run.new
        pending = [self.all_reviews[review] for review in run.reviews]
        return RunRow(
            id=new.id,
            project_id=PROJECT,
            pipeline=new.pipeline,
            definition_hash=run.definition_hash,
            status=run.status,
            input=new.input,
            result=run.result,
            error=run.error,
            trace_id=new.trace_id,
            idempotency_key=new.idempotency_key,
            fingerprint=new.fingerprint,
            priority=new.priority,
            session=new.session,
            parent=new.parent,
            forked_from=new.forked_from,
            cancel_requested=run.cancel_requested,
            created_at=run.created_at,
            started_at=run.started_at,
            finished_at=run.finished_at,
            reviews=[(r.id, r.version, r.path, r.expires_at) for r in pending if r.status == "pending"],
        )


def _failed(run: Run) -> list[Node]:
    """What a failed run goes on from; a branch that its quorum did without stays failed."""
    failed = [node for node in run.nodes.values() if node.status == "error" and not _done_without(run, node)]
    return failed + _stopped(run)


def _stopped(run: Run, path: str | None = None) -> list[Node]:
    """What was cancelled with the run, or with a failed branch: any, or the one that this path is in."""
    return [
        node
        for node in run.nodes.values()
        if node.status == "cancelled" and node.error is not None and _goes_on(run, node, node.error, path)
    ]


def _goes_on(run: Run, node: Node, why: Mapping[str, Any], path: str | None) -> bool:
    if why.get("type") == "BranchFailed":
        return not _done_without(run, node) and (path is None or path.startswith(f"{why['branch']}."))
    return why.get("type") in ("RunEnded", "Cancelled")


def _done_without(run: Run, node: Node) -> bool:
    container = run.nodes.get((node.error or {}).get("spared", ""))
    return container is not None and container.status == "done"


def _node_row(node: Node) -> NodeRow:
    return NodeRow(
        path=node.path,
        kind=node.kind,
        status=node.status,
        attempt=node.attempt,
        fence=node.fence,
        worker=node.worker,
        input=node.input,
        output=node.output,
        error=node.error,
        wake_at=moment(node.wake),
        created_at=node.created_at,
        started_at=node.started_at,
        finished_at=node.finished_at,
    )
