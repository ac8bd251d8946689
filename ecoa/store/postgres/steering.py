"""Steering runs: cancel, retry, release, hold, migrate, signal."""

from __future__ import annotations

import json

from ecoa.errors import EcoaError, NotFound
from ecoa.store.base import TERMINAL, NewEvent, RunRow
from ecoa.store.postgres.change import SQL as CHANGE_SQL
from ecoa.store.postgres.change import Change, changing
from ecoa.store.postgres.named import named_sql
from ecoa.store.postgres.reading import Reading

SQL = named_sql(__file__)


class Steering(Reading):
    """What people and programs do to runs from outside."""

    async def cancel(self, run_id: str, *, reason: str, by: str) -> RunRow:
        """Ready, waiting and paused nodes are cancelled and reviews closed now, leased ones when their turn ends."""

        async def write() -> None:
            async with changing(self, run_id) as change:
                if change.run.status in TERMINAL or change.run.cancel_requested:
                    return
                change.run.cancel_requested = True
                await change.record([NewEvent(kind="cancel_requested", data={"reason": reason, "by": by})])
                change.fail({"type": "Cancelled", "message": reason or "Cancelled."})
                await change.cancel_live("Cancelled", leased=False, by=by, reason=reason)
                await change.settle()

        await self.db.patiently(write)
        for (child,) in await self.db.rows(SQL.children, {"run": run_id}):
            await self.cancel(child, reason=reason, by=by)
        return await self.run(run_id)

    async def retry(self, run_id: str, *, path: str | None = None, by: str = "") -> RunRow:
        """Make failed nodes ready again, or of them the one at `path`, with what was cancelled because of them."""

        async def write() -> None:
            async with changing(self, run_id) as change:
                await self._revive(change, path, NewEvent(kind="retry", path=path, data={"by": by}))

        await self.db.patiently(write)
        self.db.liveness.ring()
        return await self.run(run_id)

    async def go_on_after_error(self, run_id: str, *, by: str) -> RunRow:
        """The same because its start key came again; a run that was undone, or goes on already, stays as it is."""

        async def write() -> None:
            async with changing(self, run_id) as change:
                if change.run.status == "error" and not (await change.one(CHANGE_SQL.is_compensated))[0]:
                    await self._revive(change, None, NewEvent(kind="resumed", data={"by": by}))

        await self.db.patiently(write)
        self.db.liveness.ring()
        return await self.run(run_id)

    async def release(self, run_id: str, path: str, *, decision: str, by: str) -> None:
        """Let a held or unknown node go on with a person's word."""

        async def write() -> None:
            async with changing(self, run_id) as change:
                if not (await change.one(SQL.release, path=path, decision=decision))[0]:
                    raise NotFound(f"run {run_id} has no held node {path!r}")
                await change.record([NewEvent(kind="released", path=path, data={"by": by})])
                await _go_on(change)

        await self.db.patiently(write)
        self.db.liveness.ring()

    async def migrate(self, run_id: str, *, definition_hash: str) -> None:
        """The run goes on under another definition."""

        async def write() -> None:
            async with changing(self, run_id) as change:
                told = {"was": change.run.definition_hash, "now": definition_hash}
                await change.record([NewEvent(kind="migrated", data=told)])
                await change.execute(SQL.migrate, hash=definition_hash)

        await self.db.patiently(write)

    async def hold(self, run_id: str, *, reason: str) -> None:
        """Nothing of it goes on until a person says so."""

        async def write() -> None:
            async with changing(self, run_id) as change:
                error = {"type": "Held", "message": reason}
                await change.record([NewEvent(kind="held", data={"reason": reason})])
                change.fail(error)
                change.run.active -= (await change.one(SQL.hold, error=json.dumps(error)))[0]
                await change.settle()

        await self.db.patiently(write)

    async def signal(self, run_id: str, name: str, value: str, *, key: str) -> bool:
        """Store a signal once per key and wake who waits for it; False when that key was there."""

        async def write() -> bool:
            async with changing(self, run_id) as change:
                kept = await change.execute(SQL.keep_signal, name=name, key=key, value=value)
                if not await kept.fetchone():
                    return False
                await change.record([NewEvent(kind="signal", data={"name": name, "key": key})])
                waiting = await (await change.execute(SQL.who_waits, name=name)).fetchone()
                if waiting:
                    await change.execute(CHANGE_SQL.take_signal, path=waiting[0], name=name)
                return True

        fresh = await self.db.patiently(write)
        self.db.liveness.ring()
        return fresh

    async def _revive(self, change: Change, path: str | None, told: NewEvent) -> None:
        undone = (await change.one(CHANGE_SQL.is_compensated))[0]
        if change.run.status == "success" or undone:
            was = "was undone" if undone else "succeeded"
            raise EcoaError(f"run {change.run_id} cannot be retried: it {was}")
        revived = (await change.one(SQL.revive, path=path))[0]
        if path is not None and not revived:
            raise NotFound(f"run {change.run_id} has no failed node {path!r}")
        await change.record([told])
        await _go_on(change)


async def _go_on(change: Change) -> None:
    """Nodes became ready: the run is one that runs."""
    run = change.run
    run.cancel_requested = False
    run.error = run.result = None
    run.active = (await change.one(CHANGE_SQL.count_active))[0]
    run.status = "running"
    await change.settle()
