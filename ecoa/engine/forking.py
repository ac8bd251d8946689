"""A new run from a step of another one: what was before it is taken over, what came after is decided about."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

from ecoa.codec import dumps
from ecoa.engine.engine import FORK
from ecoa.engine.handle import SAME, RunHandle
from ecoa.engine.ids import uuid7
from ecoa.engine.plan import First, Place, enter, locate
from ecoa.engine.telling import tell_start
from ecoa.errors import Misuse, NotFound
from ecoa.graph import registry
from ecoa.graph.node import Chain, Each, Parallel
from ecoa.store.base import Effect, NewNode, NewRun, NodeRow, RunRow, Store
from ecoa.trace import new_trace_id

if TYPE_CHECKING:
    from ecoa.graph.pipeline import Pipeline


class Shape(Protocol):
    """A pipeline, or what is stored of one."""

    @property
    def chain(self) -> Chain: ...

    @property
    def definition_hash(self) -> str: ...

    @property
    def timeout(self) -> float | None: ...

    @property
    def compensates(self) -> bool: ...


type Answer = Literal["reuse", "again"]


async def fork(
    handle: RunHandle[Any], at: str, *, effects: Mapping[str, Answer], input: Any = SAME, by: str = ""
) -> RunHandle[Any]:
    """Begin a run at this step, under the code of now."""
    engine = handle._engine
    store = engine.store
    row = await store.run(handle.id)
    pipeline: Pipeline[Any, Any] | None = registry.find(row.pipeline)
    if pipeline is None:
        raise NotFound(f"no pipeline {row.pipeline!r} is known here")
    pipeline.ready()
    text = None if input is SAME else dumps(input)
    run, reused = await forked(store, row, pipeline, at, effects=effects, text=text, by=by)
    await engine.define(pipeline.name, pipeline.definition_hash, dict(pipeline.definition))
    engine.adopt(pipeline.name)
    started = await store.start(run, worker=engine.worker)
    engine.forks.put(run.id, reused)
    tell_start(started.run)
    engine.take(started.leases)
    return RunHandle(run.id, engine=engine, pipeline=pipeline)


async def forked(
    store: Store,
    row: RunRow,
    shape: Shape,
    at: str,
    *,
    effects: Mapping[str, Answer],
    text: str | None = None,
    by: str = "",
    first: First = "leased",
) -> tuple[NewRun, dict[str, str]]:
    """The new run, to be started, and the outputs by path that it reuses. `text`: another input of the step."""
    place = _place(shape, at)
    before, after = _split(await store.nodes(row.id), at)
    reused = _reused(await store.effects(row.id), after, effects)
    begin = enter(place.chain, place.at, place.prefix, _text(after, at) if text is None else text, first)
    run = NewRun(
        id=uuid7(),
        pipeline=row.pipeline,
        definition_hash=shape.definition_hash,
        input=row.input,
        trace_id=new_trace_id(),
        first=[*_taken_over(before, reused), *begin],
        forked_from=(row.id, at),
        priority=row.priority,
        timeout=shape.timeout,
        session=row.session,
        compensates=shape.compensates,
        by=by,
    )
    return run, reused


def _place(pipeline: Shape, at: str) -> Place:
    place = locate(pipeline.chain, at)
    if place.role != "node":
        raise Misuse(f"a run forks at a step, not at {at}")
    around = place.parent
    while around is not None:
        if isinstance(around.node, Parallel | Each):
            raise Misuse(f"{at} is inside of {around.path}: fork at {around.path}, its branches belong together")
        around = around.parent
    return place


def _split(rows: Sequence[NodeRow], at: str) -> tuple[list[NodeRow], list[NodeRow]]:
    """What was there before the step began, and the rest. Outside of branches one thing follows the other."""
    place = next((n for n, row in enumerate(rows) if row.path == at), None)
    if place is None:  # a loop or a sub-pipeline has no row: its first step's is where it began
        place = next((n for n, row in enumerate(rows) if row.path.startswith((f"{at}/", f"{at}@"))), None)
    if place is None:
        raise NotFound(f"the run never came to {at}")
    return list(rows[:place]), list(rows[place:])


def _text(after: Sequence[NodeRow], at: str) -> str:
    first = after[0]
    if first.input is not None:
        return first.input
    return next((row.input for row in after if row.path.startswith(at) and row.input is not None), "null")


def _reused(effects: Sequence[Effect], after: Sequence[NodeRow], answers: Mapping[str, Answer]) -> dict[str, str]:
    """Outputs by path of the effects that are not done again; Misuse unless every one has an answer."""
    rows = {row.path: row for row in after}
    done = {effect.path: effect for effect in effects if effect.status == "done" and effect.path in rows}
    missing, unknown = done.keys() - answers.keys(), answers.keys() - done.keys()
    if missing:
        raise Misuse(f"say reuse or again for what was done already: {', '.join(sorted(missing))}")
    if unknown:
        raise Misuse(f"no effect was done there: {', '.join(sorted(unknown))}")
    return {path: rows[path].output or done[path].result or "null" for path, say in answers.items() if say == "reuse"}


def _taken_over(before: Sequence[NodeRow], reused: Mapping[str, str]) -> list[NewNode]:
    rows = [
        NewNode(path=row.path, kind=row.kind, input=row.input, output=row.output, status="done")
        for row in before
        if row.status == "done" and row.path != FORK
    ]
    return [*rows, NewNode(path=FORK, kind="fork", output=json.dumps(reused), status="done")]
