"""Runs that began under another definition: they go on where it still fits, or wait for a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ecoa.engine.plan import Place, locate, successors
from ecoa.errors import NotFound
from ecoa.graph.node import Chain, Each, Loop, Node, Parallel, ReviewGate, SignalWait, Step, SubPipeline, Timer, When
from ecoa.graph.path import COMPENSATE, UNDO
from ecoa.graph.schema import input_type, validate
from ecoa.review import Review

if TYPE_CHECKING:
    from ecoa.graph.pipeline import Pipeline

_NOBODY: Any = None  # a skeleton calls nothing


def problems(
    began: Mapping[str, Any], pipeline: Pipeline[Any, Any], path: str, value: Any = None, *, check_value: bool = False
) -> list[str]:
    """Why a run of the definition `began` that is at `path` cannot go on under this pipeline; [] when it can.

    `value` is what the node there would get, checked against the type of its agent with `check_value`.
    """
    if path == COMPENSATE:
        return []
    path = path.removeprefix(UNDO)
    try:
        here = locate(pipeline.chain, path)
    except NotFound:
        return [f"{path} is gone"]
    try:
        before = locate(skeleton(began), path)
    except NotFound:
        return []  # a run that was moved there by hand
    found = [f"{name} is gone" for name in successors(before) if not _exists(pipeline, name)]
    if before.node.kind != here.node.kind:
        found.append(f"{path} was a {before.node.kind} and is a {here.node.kind}")
    return found + (_misfit(here, value) if check_value else [])


def skeleton(definition: Mapping[str, Any]) -> Chain:
    """The graph of a stored definition: its names and kinds, nothing that could be called."""
    chain = Chain()
    for told in definition["steps"]:
        chain = chain.add(_node(told), told["name"])
    return chain


def _node(told: Mapping[str, Any]) -> Node:  # noqa: PLR0911  # one a kind
    name, kind = told["name"], told["kind"]
    children = told.get("children", [])
    match kind:
        case "parallel":
            branches = tuple((child["name"], _chain(child["children"])) for child in children)
            return Parallel(name=name, branches=branches, quorum=told.get("quorum"))
        case "when":
            ways = {child["name"]: _chain(child["children"]) for child in children}
            return When(name=name, test=_NOBODY, then=ways["yes"], otherwise=ways.get("no"))
        case "each":
            return Each(name=name, over=_NOBODY, body=_chain(children))
        case "loop":
            return Loop(name=name, body=_chain(children), until=_NOBODY)
        case "pipeline":
            return SubPipeline(name=name, body=_chain(children))
        case "review":
            rejected = _chain(children[0]["children"]) if children else None
            return ReviewGate(name=name, review=Review(), rejected=rejected)
        case "timer":
            return Timer(name=name, seconds=told.get("seconds", 0.0))
        case "signal":
            return SignalWait(name=name, signal=told.get("signal", name))
        case _:
            return Step(name=name, agent=_NOBODY)


def _chain(steps: list[Mapping[str, Any]]) -> Chain:
    return skeleton({"steps": steps})


def _exists(pipeline: Pipeline[Any, Any], name: str) -> bool:
    try:
        locate(pipeline.chain, name)
    except NotFound:
        return False
    return True


def _misfit(here: Place, value: Any) -> list[str]:
    node = here.node
    if not isinstance(node, Step) or here.role != "node":
        return []
    try:
        validate(input_type(node.agent.resolve()), value)
    except ValueError as error:
        return [f"{here.path} does not take its input any more: {error}"]
    return []
