"""The ledger of things done to the world."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from ecoa.errors import Fenced, IdempotencyConflict
from ecoa.store.base import Effect, EffectDone
from ecoa.store.postgres.named import named_sql
from ecoa.store.postgres.part import Part

SQL = named_sql(__file__)


class Effects(Part):
    """Intents before, outcomes after."""

    async def intend(
        self, *, key: str, scope: str, path: str, effect: str, fence: int | None, digest: str, ttl: float | None
    ) -> Effect:
        """Commit the intent before the call, or return what the ledger has. Raises Fenced, IdempotencyConflict."""
        run = _run_id(scope)
        values = {
            "project": await self.db.project_id(),
            "key": key,
            "scope": scope,
            "run": run,
            "path": path,
            "paths": list(_itself_and_above(path)),
            "effect": effect,
            "fence": fence if run else None,
            "digest": digest,
            "ttl": ttl,
        }
        while True:
            ((allowed, fresh, *row, known),) = await self.db.rows(SQL.intend, values)
            if not allowed:
                raise Fenced(f"{path!r} of run {scope} is another worker's now")
            if row[0] is None:
                continue  # another committed it a moment ago
            if known != digest:
                raise IdempotencyConflict(f"the key of {path!r} was used with another input")
            return _effect(row, fresh=fresh)

    async def settle(self, done: EffectDone) -> None:
        """Outside of runs: how it ended. What is done stays done."""
        await self.db.rows(SQL.settle, {"key": done.key, "status": done.status, "result": done.result})

    async def effects(self, run_id: str) -> list[Effect]:
        """Of a run, in order."""
        return [_effect(list(row), fresh=False) for row in await self.db.rows(SQL.effects, {"run": run_id})]


def _effect(row: list[object], *, fresh: bool) -> Effect:
    names = ("key", "scope", "path", "effect", "status", "first_used_at", "result")
    return Effect(**dict(zip(names, row, strict=True)), fresh=fresh)  # type: ignore[arg-type]  # columns


def _itself_and_above(path: str) -> Iterator[str]:
    """A call inside of a node is guarded by the node's fence: "pay/charge#1", "pay"."""
    while True:
        yield path
        if "/" not in path:
            return
        path = path.rpartition("/")[0]


def _run_id(scope: str) -> str | None:
    try:
        return str(UUID(scope))
    except ValueError:
        return None  # outside of runs
