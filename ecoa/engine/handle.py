"""RunHandle: a run as those see it who started it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, cast

from ecoa import clock
from ecoa.codec import dumps, loads
from ecoa.engine.telling import cancel_told
from ecoa.errors import AgentError
from ecoa.result import Result, ReviewRef, Status
from ecoa.store.base import TERMINAL, Event, RunRow, RunStatus, Store

if TYPE_CHECKING:
    from ecoa.engine.local import LocalEngine
    from ecoa.graph.pipeline import Pipeline

SAME: Any = object()
STOPS: frozenset[RunStatus] = TERMINAL | {"paused", "held"}
BY_ERROR: dict[str, Status] = {"AgentTimeout": "timeout", "CircuitOpen": "open", "EffectUnknown": "unknown"}


class RunHandle[Out]:
    """A run: wait for it, look at it, stop it, tell it something."""

    def __init__(
        self,
        run_id: str,
        *,
        engine: LocalEngine,
        pipeline: Pipeline[Any, Any] | None = None,
        replayed: bool = False,
    ) -> None:
        self.id = run_id
        self._engine = engine
        self._pipeline = pipeline  # kept so that the run goes on under the definition it began with
        self._replayed = replayed

    @property
    def store(self) -> Store:
        """Where the run is kept."""
        return self._engine.store

    async def result(self, timeout: float | None = None) -> Result[Out]:
        """Wait for the run's end, through pauses. TimeoutError when it takes longer; the run goes on."""
        return await self._wait(TERMINAL, timeout)

    async def outcome(self, timeout: float | None = None) -> Result[Out]:
        """Wait for the run's end or its first pause."""
        return await self._wait(STOPS, timeout)

    async def status(self) -> RunStatus:
        """As it is now."""
        return (await self.store.run(self.id)).status

    async def cancel(self, reason: str = "", *, by: str = "") -> None:
        """Stop it: what waits at once, what runs gets CancelledError, a guarded effect is finished and recorded."""
        from ecoa.engine.local import engines_here

        await cancel_told(self.store, self.id, reason=reason, by=by)
        for engine in engines_here():
            engine.stop(self.id)

    async def signal(self, name: str, value: Any, *, key: str) -> None:
        """Tell the run something; the same key tells it once."""
        await self.store.signal(self.id, name, dumps(value), key=key)
        self._engine.look()

    async def retry(self, path: str | None = None, *, by: str = "") -> None:
        """Go on with the failed steps, or with the one at `path`; what is done stays done."""
        row = await self.store.retry(self.id, path=path, by=by)
        self._engine.adopt(row.pipeline)

    async def release(self, path: str, *, decision: Literal["done", "again"], output: Any = None, by: str = "") -> None:
        """Say how a held step goes on: it happened (with this output), or do it again."""
        word = dumps({"decision": decision, "output": output, "by": by, "comment": ""})
        await self.store.release(self.id, path, decision=word, by=by)
        self._engine.look()

    async def events(self) -> AsyncIterator[Event]:
        """Its history from the first line on, ending with the run."""
        async for event in self.store.follow(self.id):
            yield event

    async def fork(
        self, at: str, *, effects: Mapping[str, Literal["reuse", "again"]] | None = None, input: Any = SAME
    ) -> RunHandle[Out]:
        """A new run from this step on, with its input or another one.

        `effects` says of every effect that was done there or later whether its result is reused or it is done again.
        """
        from ecoa.engine.forking import fork

        forked: RunHandle[Out] = await fork(self, at, effects=effects or {}, input=input)
        return forked

    async def _wait(self, until: frozenset[RunStatus], timeout: float | None) -> Result[Out]:
        give_up = None if timeout is None else clock.monotonic() + timeout
        while True:
            with self._engine.listening(self.id) as changed:
                row = await self.store.run(self.id)
                if row.status in until:
                    return cast("Result[Out]", await result_of(self.store, row, replayed=self._replayed))
                left = None if give_up is None else give_up - clock.monotonic()
                if left is not None and left <= 0:
                    raise TimeoutError(f"run {self.id} is still {row.status}")
                longest = self._engine.patience
                await changed(longest if left is None else min(left, longest))

    def __repr__(self) -> str:
        return f"RunHandle({self.id!r})"


async def result_of(store: Store, row: RunRow, *, replayed: bool = False) -> Result[Any]:
    """A run as a Result."""
    reviews = sorted(row.reviews, key=lambda review: review[0])
    review = None
    if row.status == "paused" and reviews:
        id_, version, path, expires_at = reviews[0]
        review = ReviewRef(id=id_, version=version, path=path, expires_at=expires_at)
    error = AgentError.from_description(row.error) if row.error and row.status != "success" else None
    took = (row.finished_at or row.created_at) - (row.started_at or row.created_at)
    return Result(
        status=_status(row),
        data=loads(row.result) if row.status == "success" and row.result is not None else None,
        error=error,
        duration=max(took.total_seconds(), 0.0),
        trace_id=row.trace_id,
        run_id=row.id,
        replayed=replayed,
        review=review,
    )


def _status(row: RunRow) -> Status:
    kind = (row.error or {}).get("type", "")
    match row.status:
        case "success" | "paused" | "rejected" | "cancelled":
            return row.status
        case "held":
            return "unknown" if kind == "EffectUnknown" else "held"
        case _:
            return BY_ERROR.get(kind, "error")
