"""Compensation: what had an effect is undone, the latest first, each as a durable node of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ecoa.codec import dumps
from ecoa.engine.plan import Place, locate
from ecoa.engine.step import step
from ecoa.engine.turn import Turn
from ecoa.errors import NotFound
from ecoa.graph.node import Parallel, Step
from ecoa.graph.path import COMPENSATE, UNDO
from ecoa.store.base import Finish, NewNode

if TYPE_CHECKING:
    from ecoa.agent import Agent
    from ecoa.graph.pipeline import Pipeline


async def compensate(turn: Turn) -> Finish:
    """Find what is to be undone and begin with the latest."""
    status = json.loads(turn.text)["status"]
    store, run_id = turn.engine.store, turn.lease.run_id
    run = await store.run(run_id)
    if (run.error or {}).get("compensate") is False:  # rejected, with on_reject="stop"
        return turn.finish("done", output=dumps({"status": status, "paths": []}), ends=status)
    rows = await store.nodes(run_id)
    outputs = {row.path: row for row in rows if row.status == "done" and row.attempt}  # a fork's are the other run's
    happened = {effect.path: effect for effect in await store.effects(run_id) if effect.status == "done"}
    by_end = sorted(enumerate(outputs.values()), key=lambda at: (at[1].finished_at or at[1].created_at, at[0]))
    late = [path for path in happened if path not in outputs]  # of steps that could not end
    undone = [
        path for path in [*late, *(row.path for _, row in reversed(by_end))] if undo_of(turn.pipeline, path) is not None
    ]
    plan = {
        "status": status,
        "paths": undone,
        "late": {path: happened[path].result for path in undone if path not in outputs},
    }
    if not undone:
        return turn.finish("done", output=dumps(plan), ends=status)
    begin = await _next(turn, plan, 0)
    return turn.finish("done", output=dumps(plan), creates=[begin])


async def undo(turn: Turn) -> Finish:
    """Undo one step, then go on with the one before it. A failure is held: somebody has to look."""
    agent = undo_of(turn.pipeline, turn.lease.path.removeprefix(UNDO))
    if agent is None:
        return turn.held("PipelineChanged", f"nothing undoes {turn.lease.path} any more")
    ended = await step(turn, agent, turn.text)
    if ended.status == "error":
        error = ended.error or {}
        return turn.held("CompensationFailed", f"{agent.name}: {error.get('message', '')}")
    if ended.status != "done":
        return ended
    (row,) = await turn.engine.store.nodes(turn.lease.run_id, paths=[COMPENSATE])
    plan = json.loads(row.output or "{}")
    at = plan["paths"].index(turn.lease.path.removeprefix(UNDO)) + 1
    more: dict[str, Any] = {"output": ended.output, "session": ended.session}
    if at == len(plan["paths"]):
        return turn.finish("done", ends=plan["status"], **more)
    return turn.finish("done", creates=[await _next(turn, plan, at)], **more)


def undo_of(pipeline: Pipeline[Any, Any], path: str) -> Agent[Any, Any] | None:
    """The agent that undoes the step of this path; None when it needs none."""
    try:
        agent = agent_at(locate(pipeline.chain, path))
    except NotFound:
        return None
    return agent.resolve().compensate if agent is not None else None


def agent_at(place: Place) -> Agent[Any, Any] | None:
    """The agent that a path's node calls."""
    node = place.node
    if isinstance(node, Step):
        return node.agent
    if isinstance(node, Parallel) and place.role == "join":
        return node.join
    return None


async def _next(turn: Turn, plan: dict[str, Any], at: int) -> NewNode:
    path = plan["paths"][at]
    if path in plan["late"]:
        text = plan["late"][path]
    else:
        (row,) = await turn.engine.store.nodes(turn.lease.run_id, paths=[path])
        text = row.output
    return NewNode(path=UNDO + path, kind="undo", input=text or "null", status="leased")
