"""The ledger of things done to the world."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Literal, cast

from ecoa import clock
from ecoa.errors import Fenced, IdempotencyConflict
from ecoa.store.base import Effect, EffectDone
from ecoa.store.memory.state import Run, State

KEPT_OUTSIDE = 100_000  # settled effects outside of runs; older ones are forgotten


@dataclass(slots=True, eq=False)
class Entry:
    """A row of the ledger."""

    row: Effect
    digest: str


class Effects(State):
    """Effects by key."""

    def __init__(self, **options: Any) -> None:  # Any: State's
        super().__init__(**options)
        self.ledger: OrderedDict[str, Entry] = OrderedDict()
        self._of_run: dict[str, list[str]] = {}

    async def intend(
        self, *, key: str, scope: str, path: str, effect: str, fence: int | None, digest: str, ttl: float | None
    ) -> Effect:
        """Commit the intent before the call, or return what the ledger has."""
        with self.lock:
            self._check_fence(scope, path, fence)
            entry = self.ledger.get(key)
            if entry is not None:
                if entry.digest != digest:
                    raise IdempotencyConflict(f"the key of {path} was used with another input")
                if entry.row.status != "failed":
                    return _row(entry.row, fresh=False)
            kind = cast('Literal["keyed", "guarded", "transactional"]', effect)
            row = Effect(
                key=key,
                scope=scope,
                path=path,
                effect=kind,
                status="intended",
                first_used_at=entry.row.first_used_at if entry else clock.now(),
                fresh=True,
            )
            if entry is None:
                self._of_run.setdefault(scope, []).append(key)
            self.ledger[key] = Entry(row, digest)
            self._forget_settled()
            return row

    async def settle(self, done: EffectDone) -> None:
        """How it ended."""
        with self.lock:
            self.settle_effect(done)

    async def effects(self, run_id: str) -> list[Effect]:
        """Of a run, in order."""
        with self.lock:
            return [
                _row(self.ledger[key].row, fresh=False) for key in self._of_run.get(run_id, []) if key in self.ledger
            ]

    def settle_effect(self, done: EffectDone) -> None:
        """Write how an effect ended; what is done stays done."""
        entry = self.ledger.get(done.key)
        if entry is None or entry.row.status == "done":
            return
        row = entry.row
        entry.row = Effect(
            key=row.key,
            scope=row.scope,
            path=row.path,
            effect=row.effect,
            status=done.status,
            first_used_at=row.first_used_at,
            fresh=False,
            result=done.result,
        )

    def drop(self, run: Run) -> None:
        """Forget a run with its effects."""
        super().drop(run)
        for key in self._of_run.pop(run.new.id, []):
            self.ledger.pop(key, None)

    def _check_fence(self, scope: str, path: str, fence: int | None) -> None:
        run = self.runs.get(scope)
        if run is None or fence is None:
            return
        node = run.nodes.get(path)
        while node is None and "/" in path:  # a call inside of a node
            path = path.rpartition("/")[0]
            node = run.nodes.get(path)
        if node is None or node.status != "leased" or node.fence != fence:
            raise Fenced(f"{path} of run {scope} is another worker's now")

    def _forget_settled(self) -> None:
        while len(self.ledger) > KEPT_OUTSIDE + 10 * len(self.runs):
            key, entry = next(iter(self.ledger.items()))
            if entry.row.scope in self.runs or entry.row.status not in ("done", "failed"):
                return
            del self.ledger[key]
            self._of_run.pop(entry.row.scope, None)


def _row(row: Effect, *, fresh: bool) -> Effect:
    if row.fresh == fresh:
        return row
    return Effect(
        key=row.key,
        scope=row.scope,
        path=row.path,
        effect=row.effect,
        status=row.status,
        first_used_at=row.first_used_at,
        fresh=fresh,
        result=row.result,
    )
