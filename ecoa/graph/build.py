"""How what people write becomes nodes: agents, functions, classes, pipelines, nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ecoa.errors import Misuse, UnknownAgent
from ecoa.graph.node import Chain, Each, Loop, Node, Parallel, ReviewGate, SignalWait, Step, SubPipeline, Timer, When
from ecoa.graph.path import escaped
from ecoa.review import Review

if TYPE_CHECKING:
    from ecoa.agent import Agent

type Defaults = Mapping[str, Any]  # policies of the pipeline, for agents that have none of their own
NODES = (Step, ReviewGate, Parallel, Each, When, Loop, SubPipeline, Timer, SignalWait)

_wrapped: WeakKeyDictionary[Callable[..., Any], Agent[Any, Any]] = WeakKeyDictionary()


def extended(chain: Chain, steps: Sequence[Any], *, defaults: Defaults, name: str | None = None) -> Chain:
    """The chain with these steps after it. A pipeline without a name is taken apart; one with a name is a node."""
    from ecoa.graph.pipeline import Pipeline

    if name is not None and len(steps) != 1:
        raise Misuse("a name is for one step")
    for step in steps:
        if isinstance(step, Pipeline) and not step.named and name is None:
            for inner, node in step.chain.nodes():
                chain = chain.add(with_defaults(node, defaults), inner.partition("#")[0])
            continue
        node = with_defaults(as_node(step), defaults)
        chain = chain.add(node, escaped(name or node.name), explicit=name is not None)
    return chain


def as_node(step: Any) -> Node:
    """What one step of a pipeline is."""
    from ecoa.graph.pipeline import Pipeline

    if isinstance(step, NODES):
        return step
    if isinstance(step, Pipeline):
        return SubPipeline(name=step.name, body=filled(step.chain, step.name))
    if isinstance(step, Review):
        return ReviewGate(name="review", review=step)
    found = as_agent(step)
    return Step(name=found.name, agent=found)


def as_chain(step: Any, *, defaults: Defaults) -> tuple[str, Chain]:
    """A branch: the steps of a pipeline or the one step, and what the branch is called."""
    from ecoa.graph.pipeline import Pipeline

    if isinstance(step, Pipeline):
        chain = extended(Chain(), [step], defaults=defaults) if not step.named else step.chain
        chain = filled(chain, "a branch")
        return (step.name if step.named else chain.name(0)), chain
    chain = extended(Chain(), [step], defaults=defaults)
    return chain.name(0), chain


def filled(chain: Chain, where: str) -> Chain:
    """The chain; Misuse when there is nothing in it."""
    if not len(chain):
        raise Misuse(f"{where} has no steps")
    return chain


def as_agent(step: Any) -> Agent[Any, Any]:
    """An agent as it is; a function, class or another library's agent wrapped, always in the same one."""
    from ecoa.agent import Agent

    if isinstance(step, Agent):
        return step
    try:
        if (known := _wrapped.get(step)) is None:
            known = _wrapped[step] = Agent(_name_of(step), step)
        return known
    except TypeError:  # no weak references to it, or not hashable
        return Agent(_name_of(step), step)


def as_join(join: Any) -> Agent[Any, Any] | None:
    """What makes one value of the branches' outputs."""
    return None if join is None else as_agent(join)


def with_defaults(node: Node, defaults: Defaults) -> Node:
    """A step whose agent lacks a policy gets the pipeline's."""
    if not defaults or not isinstance(node, Step):
        return node
    missing = {name: value for name, value in defaults.items() if getattr(_known(node.agent), name, None) is None}
    return replace(node, agent=node.agent.with_(**missing)) if missing else node


def _known(agent: Agent[Any, Any]) -> Agent[Any, Any]:
    """With the policies of the registered agent of its name, where it is registered already."""
    try:
        return agent.resolve()
    except UnknownAgent:
        return agent


def _name_of(step: Any) -> str:
    from ecoa.calling.wrapping import name_of

    if getattr(step, "__name__", "") == "<lambda>":
        return "lambda"
    return name_of(step)
