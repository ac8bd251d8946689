"""How runs begin, and begin again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from ecoa.calling.scope import current
from ecoa.codec import digest, dumps
from ecoa.engine.handle import RunHandle, result_of
from ecoa.engine.ids import uuid7
from ecoa.engine.local import local_engine
from ecoa.engine.plan import enter
from ecoa.engine.step import SESSION_INPUT
from ecoa.engine.telling import tell_start
from ecoa.errors import Misuse
from ecoa.result import Result
from ecoa.store import default_store
from ecoa.store.base import TERMINAL, NewRun, RunRow, Started
from ecoa.trace import new_trace_id

if TYPE_CHECKING:
    from ecoa.context import SessionContext
    from ecoa.graph.pipeline import Pipeline

LONGEST_KEY = 255


async def start(
    pipeline: Pipeline[Any, Any],
    x: Any,
    *,
    idempotency_key: str | None = None,
    context: SessionContext | None = None,
    priority: int = 0,
    by: str = "",
    here: bool = True,
) -> RunHandle[Any]:
    """Begin a run, or find the one of this key. `here`: in this process, else by whichever worker is first."""
    if idempotency_key is not None and not 0 < len(idempotency_key) <= LONGEST_KEY:
        raise Misuse(f"an idempotency key has 1 to {LONGEST_KEY} characters")
    pipeline.ready()
    engine = await local_engine(default_store())
    text, context = _input(x, context)
    if context is not None:
        await context.flush()
    around = current()
    inside = around is not None and around.run_id is not None
    if around is not None and inside and idempotency_key is None:
        idempotency_key = around.child(pipeline.name).idempotency_key  # a step that runs again finds its run
    await engine.define(pipeline.name, pipeline.definition_hash, cast("dict[str, object]", pipeline.definition))
    if here:
        engine.adopt(pipeline.name)
    run = NewRun(
        id=uuid7(),
        pipeline=pipeline.name,
        definition_hash=pipeline.definition_hash,
        input=text,
        trace_id=around.trace_id if around is not None and inside else new_trace_id(),
        first=enter(pipeline.chain, 0, "", text, "leased" if here and engine.free > 0 else "ready"),
        idempotency_key=idempotency_key,
        fingerprint=None if idempotency_key is None else fingerprint(pipeline.name, text),
        parent=(around.run_id or "", around.path) if around is not None and inside else None,
        priority=priority,
        timeout=pipeline.timeout,
        session=context.owner if context is not None else None,
        compensates=pipeline.compensates,
        by=by,
    )
    started = await engine.store.start(run, worker=engine.worker)
    if started.created:
        engine.forks.put(run.id, {})
        engine.seen.put(run.id, True)
        tell_start(started.run)
    engine.take(started.leases)
    return RunHandle(started.run.id, engine=engine, pipeline=pipeline, replayed=_replayed(started))


async def resume(run_id: str) -> RunHandle[Any]:
    """The handle of a run; one that failed goes on from where it stopped."""
    engine = await local_engine(default_store())
    row = await engine.store.run(run_id)
    engine.adopt(row.pipeline)
    if row.status == "error":
        await engine.store.retry(run_id)
    return RunHandle(run_id, engine=engine)


async def replay(run_id: str) -> Result[Any]:
    """The stored result of a run."""
    row: RunRow = await default_store().run(run_id)
    return await result_of(default_store(), row, replayed=row.status in TERMINAL)


def fingerprint(name: str, text: str) -> str:
    """What a start key stands for: equal for equal inputs, in whatever order their keys were written."""
    ordered = json.dumps([name, json.loads(text)], sort_keys=True, separators=(",", ":"))
    return digest(ordered)


def _input(x: Any, context: SessionContext | None) -> tuple[str, SessionContext | None]:
    if getattr(type(x), "__module__", "") == "ecoa.context":  # its SessionContext, which is not stored but read
        return SESSION_INPUT, x
    return dumps(x), context


def _replayed(started: Started) -> bool:
    return not started.created and started.run.status in TERMINAL
