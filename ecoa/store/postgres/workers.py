"""Workers: they say that they live, and what dead ones held is taken back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256

from ecoa.errors import NotFound
from ecoa.store.base import TERMINAL, NewEvent
from ecoa.store.postgres.change import changing
from ecoa.store.postgres.named import named_sql
from ecoa.store.postgres.part import Part

SQL = named_sql(__file__)
POISON = 3  # takeovers after which a node is held
TIME_IS_OVER = {"type": "AgentTimeout", "message": "the run's time is over"}


class Workers(Part):
    """Enroll, beat, leave; reap."""

    async def enroll(self, worker: str, *, host: str, pid: int, pipelines: Sequence[str], slots: int) -> None:
        """It lives from now on: while its session holds the lock, and speaks."""
        lock = lock_key(worker)
        row = {"worker": worker, "lock": lock, "host": host, "pid": pid, "pipelines": list(pipelines), "slots": slots}

        async def write() -> None:
            await self.db.rows(SQL.enroll, row)

        await self.db.liveness.hold(worker, lock, write)

    async def beat(self, worker: str, held: Sequence[tuple[str, str, int]]) -> set[tuple[str, str]]:
        """Extend the leases of a worker; those that are to stop: lost, or their run is cancelled."""
        values = {
            "worker": worker,
            "runs": [run_id for run_id, _, _ in held],
            "paths": [path for _, path, _ in held],
            "fences": [fence for _, _, fence in held],
            "lease": self.lease_s,
        }
        stop = {(run_id, path) for run_id, path in await self.db.rows(SQL.beat, values)}
        if not await self.db.rows(SQL.known, {"worker": worker}):
            await self.db.liveness.enroll_again(worker)
        return stop

    async def leave(self, worker: str) -> None:
        """Give back what it still holds, without counting a takeover."""
        for run_id, paths in await self.db.rows(SQL.held_by, {"worker": worker}):
            await self._take_back(run_id, paths, [worker], counts=False)
        await self.db.rows(SQL.forget, {"workers": [worker]})
        await self.db.liveness.drop(worker)

    async def reap(self, *, lease: float) -> list[tuple[str, str]]:
        """Make ready what dead workers held: gone by their liveness, or silent for `lease` seconds."""
        gone = [row[0] for row in await self.db.rows(SQL.gone, {"lease": lease})]
        taken: list[tuple[str, str]] = []
        for run_id, paths in await self.db.rows(SQL.held_by_gone, {"workers": gone}):
            taken += await self._take_back(run_id, paths, gone, counts=True)
        if gone:
            await self.db.rows(SQL.forget, {"workers": gone})
        for (run_id,) in await self.db.rows(SQL.overdue, {"project": await self.db.project_id()}):
            await self._end_overdue(run_id)
        if taken:
            self.db.liveness.ring()
        return taken

    async def idle(self, timeout: float) -> None:
        """Sleep until something may be claimable (doorbell), at most `timeout` seconds."""
        await self.db.liveness.idle(timeout)

    async def _take_back(
        self, run_id: str, paths: Sequence[str], workers: Sequence[str], *, counts: bool
    ) -> list[tuple[str, str]]:
        asked = {"paths": list(paths), "workers": list(workers), "counts": int(counts), "poison": POISON}

        async def write() -> list[tuple[str, str]]:
            async with changing(self, run_id, any_project=True) as change:
                rows = await (await change.execute(SQL.take_back, **asked)).fetchall()
                for path, status, worker, takeovers, error in rows:
                    if counts:
                        told = {"worker": worker, "takeovers": takeovers}
                        await change.record([NewEvent(kind="takeover", path=path, data=told)])
                    if status == "held":
                        change.run.active -= 1
                        change.fail(json.loads(error))
                await change.settle()
                return [(run_id, row[0]) for row in rows]

        try:
            return await self.db.patiently(write)
        except NotFound:
            return []

    async def _end_overdue(self, run_id: str) -> None:
        async def write() -> None:
            async with changing(self, run_id) as change:
                if change.run.status not in TERMINAL:
                    await change.record([NewEvent(kind="timeout")])
                    await change.end("error", error=TIME_IS_OVER, result=None)
                    await change.settle()

        await self.db.patiently(write)


def lock_key(worker: str) -> int:
    """A worker's advisory lock: 63 bits of its name."""
    return int.from_bytes(sha256(f"ecoa worker {worker}".encode()).digest()[:8]) >> 1
