"""Turns of nodes: claim, finish, give back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ecoa.errors import Fenced, SessionConflict
from ecoa.store.base import (
    TERMINAL,
    Finish,
    Finished,
    Join,
    Lease,
    SessionWrites,
)
from ecoa.store.memory.state import Node, Run, State

POISON = 3  # takeovers after which a node is held


class Turns(State):
    """Claim and finish."""

    async def open(self) -> None:
        """Nothing to do."""

    async def close(self) -> None:
        """Nothing to do: what it holds stays for the next loop."""

    async def claim(self, worker: str, *, pipelines: Sequence[str], queues: Sequence[str], limit: int) -> list[Lease]:
        """Lease nodes that may run now: by priority, then age."""
        with self.lock:
            self._do_due()
            known = frozenset(pipelines)
            leases: list[Lease] = []
            while len(leases) < limit and (found := self.next_ready(known, queues)):
                leases.append(self.lease(*found, worker))
            return leases

    async def finish(self, turn: Finish, *, worker: str) -> Finished:
        """Write how a turn ended and hand over what comes next."""
        with self.lock:
            run, node = self.held(turn.run_id, turn.path, turn.fence, worker)
            if turn.session is not None:
                self._check_expected(turn.session)
                self.merge(turn.session)
            if turn.effect is not None:
                self.settle_effect(turn.effect)
            for event in turn.events:
                self.note(run, event.kind, event.path, **event.data)
            node.attempt += max(turn.attempts - 1, 0)
            node.output, node.error, node.state = turn.output, turn.error, turn.state
            node.decision = node.signal = None
            leases = (
                self._cancelled_turn(run, node, turn) if run.cancel_requested else self._write(run, node, turn, worker)
            )
            self.refresh(run)
            return Finished(leases=leases, run_status=run.status)

    async def beat(self, worker: str, held: Sequence[tuple[str, str, int]]) -> set[tuple[str, str]]:
        """Those of a worker's leases that are to stop: lost, or their run is cancelled."""
        with self.lock:
            self.beats[worker] = self.now()
            stop = set()
            for run_id, path, fence in held:
                try:
                    run, _ = self.held(run_id, path, fence, worker)
                except Fenced:
                    stop.add((run_id, path))
                else:
                    if run.cancel_requested:
                        stop.add((run_id, path))
            return stop

    async def enroll(self, worker: str, *, host: str, pid: int, pipelines: Sequence[str], slots: int) -> None:
        """It lives from now on."""
        with self.lock:
            self.workers.setdefault(worker, set())
            self.beats[worker] = self.now()

    async def leave(self, worker: str) -> None:
        """Give back what it still holds, without counting a takeover."""
        with self.lock:
            self._take_from(worker, counts=False)
            self.workers.pop(worker, None)
            self.beats.pop(worker, None)

    def lose(self, worker: str) -> None:
        """For tests: this worker died without a word; `reap` finds out."""
        with self.lock:
            self.lost.add(worker)

    async def reap(self, *, lease: float) -> list[tuple[str, str]]:
        """Make ready what dead workers held: lost, or silent for `lease` seconds."""
        with self.lock:
            self._do_due()
            limit = self.now() - lease
            dead = [name for name in self.workers if name in self.lost or self.beats.get(name, limit) < limit]
            taken = [one for name in dead for one in self._take_from(name, counts=True)]
            for name in dead:
                self.workers.pop(name, None)
                self.beats.pop(name, None)
                self.lost.discard(name)
            return taken

    async def idle(self, timeout: float) -> None:
        """Sleep until something may be claimable, at most `timeout` seconds."""
        with self.lock:
            due = self.next_due()
            if due is not None:
                timeout = min(timeout, due - self.now())
        if timeout <= 0:
            return
        with self.waiter() as future:
            await asyncio.wait((future,), timeout=timeout)

    async def watch(self, run_id: str, *, timeout: float) -> None:
        """Sleep until the run's status may have changed."""
        with self.waiter(run_id) as future:
            await asyncio.wait((future,), timeout=timeout)

    # ---- a turn's end

    def _write(self, run: Run, node: Node, turn: Finish, worker: str) -> list[Lease]:
        match turn.status:
            case "ready":
                node.resumed = False
                self.make_ready(run, node, turn.delay)
            case "waiting":
                self._wait(run, node, turn)
            case "paused":
                self.set_status(run, node, "paused")
                assert turn.review is not None, "a pause needs its review"
                self.open_review(run, node, turn.review)
            case _:
                self.set_status(run, node, turn.status)
                if turn.status == "error" and turn.join is not None:
                    node.error = {**(turn.error or {}), "spared": turn.join.container}
                if turn.status in ("held", "unknown"):
                    run.error = turn.error or run.error
        leases = [lease for new in turn.creates if (lease := self.create(run, new, worker))]
        ends = turn.ends
        if turn.join is not None:
            ended_here, lease = self._join(run, turn.join, worker, failed=turn.status == "error")
            if not ended_here:
                ends = None
            if lease is not None:
                leases.append(lease)
        if ends is not None and run.status not in TERMINAL:
            lease = self.end(run, ends, error=turn.error, result=turn.result, worker=worker)
            leases = [lease] if lease is not None else []
        return leases

    def _cancelled_turn(self, run: Run, node: Node, turn: Finish) -> list[Lease]:
        if turn.status in ("done", "error"):
            self.set_status(run, node, turn.status)
        else:
            node.error = turn.error or {"type": "Cancelled", "message": "Cancelled"}
            self.set_status(run, node, "unknown" if turn.status == "unknown" else "cancelled")
        return []

    def _wait(self, run: Run, node: Node, turn: Finish) -> None:
        node.waits_for = turn.signal
        if turn.signal is not None and self.take_signal(run, node, turn.signal):
            self.make_ready(run, node)
            return
        self.set_status(run, node, "waiting")
        if turn.delay > 0:
            self.enqueue(run, node, turn.delay)

    def _join(self, run: Run, join: Join, worker: str, *, failed: bool) -> tuple[bool, Lease | None]:
        """Count down; whether the run may end by this turn, and the lease of what the join created."""
        container = run.nodes.get(join.container)
        if container is None or container.status != "open":
            return False, None
        if failed:
            container.spare -= 1
            if container.spare >= 0 and join.branch is not None:
                self.cancel_live(run, "BranchFailed", under=join.branch, spared=join.container)
            return container.spare < 0, None
        container.opens -= 1
        if container.opens > 0:
            return False, None
        self.set_status(run, container, "done")
        if join.cancel_rest:
            self.cancel_live(run, "Quorum", under=join.container)
        return False, self.create(run, join.then, worker)

    # ---- workers and time

    def _take_from(self, worker: str, *, counts: bool) -> list[tuple[str, str]]:
        taken = sorted(self.workers.get(worker, ()))
        for run_id, path in taken:
            run = self.runs[run_id]
            node = run.nodes[path]
            node.fence += 1
            if counts:
                node.takeovers += 1
                self.note(run, "takeover", path, worker=worker, takeovers=node.takeovers)
            else:
                node.attempt -= 1
            if counts and node.takeovers >= POISON:
                node.error = run.error = {"type": "Poison", "message": f"{node.takeovers} workers died at {path}"}
                self.set_status(run, node, "held")
            else:
                self.make_ready(run, node)
            self.refresh(run)
        return taken

    def _do_due(self) -> None:
        for kind, id_ in self.tick():
            if kind == "review":
                self.expire(id_)
                continue
            run = self.runs.get(id_)
            if (
                run is not None
                and run.status not in TERMINAL
                and run.deadline is not None
                and run.deadline <= self.now()
            ):
                told = {"type": "AgentTimeout", "message": "the run's time is over"}
                self.note(run, "timeout")
                self.end(run, "error", error=told, result=None, worker=None)

    def _check_expected(self, writes: SessionWrites) -> None:
        found = self.versions(writes.owner)
        if any(found.get(key, 0) != version for key, version in writes.expect.items()):
            raise SessionConflict
