"""A pipeline as JSON: what pages draw, what runs pin, what a deploy is compared by.

{"name", "hash", "steps": [node, …], "input_schema", "policies": {"timeout", "on_change", …}}
node: {"name", "kind", "agent"?, "policies"?, "effect"?, "compensate"?, "input_schema"?, "children"?, …numbers}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ecoa.codec import canonical, digest
from ecoa.graph.node import Chain, Each, Loop, Node, Parallel, ReviewGate, SignalWait, Step, SubPipeline, Timer, When
from ecoa.graph.schema import input_type, schema_of

if TYPE_CHECKING:
    from ecoa.graph.pipeline import Pipeline

type Json = dict[str, Any]


def definition_of(pipeline: Pipeline[Any, Any]) -> Json:
    """The definition with its hash."""
    known: dict[int, Json] = {}
    first = pipeline.chain[0] if len(pipeline.chain) else None
    policies = {"timeout": pipeline.timeout, "on_change": pipeline.on_change}
    told: Json = {
        "name": pipeline.name,
        "steps": _steps(pipeline.chain, known),
        "input_schema": schema_of(input_type(first.agent.resolve())) if isinstance(first, Step) else None,
        "policies": {name: value for name, value in policies.items() if value is not None},
    }
    return {**told, "hash": hash_of(told)}


def hash_of(definition: Mapping[str, Any]) -> str:
    """sha256 over everything but the hash itself."""
    return digest(canonical({name: value for name, value in definition.items() if name != "hash"}))


def agents_of(chain: Chain) -> list[Any]:
    """Every agent in a chain and the chains inside it."""
    found: list[Any] = []
    chains = [chain]
    while chains:
        for _, node in chains.pop().nodes():
            match node:
                case Step():
                    found.append(node.agent)
                case Parallel() if node.join is not None:
                    found.append(node.join)
                case _:
                    pass
            chains.extend(inner for _, inner in inner_chains(node))
    return found


def inner_chains(node: Node) -> list[tuple[str, Chain]]:
    """The chains inside a node, by what they are called in its paths."""
    match node:
        case Parallel():
            return list(node.branches)
        case When():
            return [("yes", node.then)] + ([("no", node.otherwise)] if node.otherwise is not None else [])
        case Each() | Loop() | SubPipeline():
            return [("", node.body)]
        case ReviewGate() if node.rejected is not None:
            return [("rejected", node.rejected)]
        case _:
            return []


def _steps(chain: Chain, known: dict[int, Json]) -> list[Json]:
    return [{"name": name, "kind": node.kind, **_told(node, known)} for name, node in chain.nodes()]


def _told(node: Node, known: dict[int, Json]) -> Json:  # noqa: PLR0911  # one a kind
    match node:
        case Step():
            return _agent(node.agent, known)
        case ReviewGate():
            return {"policies": _review(node.review), **_children(node, known)}
        case Parallel():
            join = {"join": node.join.name} if node.join is not None else {}
            quorum = {"quorum": node.quorum} if node.quorum is not None else {}
            return {**join, **quorum, **_children(node, known)}
        case Each():
            return {"limit": node.limit, "children": _steps(node.body, known)}
        case Loop():
            rounds = {"max_rounds": node.max_rounds} if node.max_rounds is not None else {}
            return {**rounds, "children": _steps(node.body, known)}
        case SubPipeline():
            return {"children": _steps(node.body, known)}
        case When():
            return _children(node, known)
        case Timer():
            return {"seconds": node.seconds}
        case SignalWait():
            return {"signal": node.signal, **({"seconds": node.timeout} if node.timeout is not None else {})}


def _children(node: Node, known: dict[int, Json]) -> Json:
    inner = inner_chains(node)
    branches = [{"name": name, "kind": "branch", "children": _steps(chain, known)} for name, chain in inner]
    return {"children": branches} if branches else {}


def _agent(agent: Any, known: dict[int, Json]) -> Json:
    if id(agent) not in known:
        called = agent.resolve()
        told = {
            "agent": agent.name,
            "policies": policies_of(called),
            "effect": called.effect,
            "compensate": called.compensate.name if called.compensate is not None else None,
            "input_schema": schema_of(input_type(called)),
        }
        known[id(agent)] = {name: value for name, value in told.items() if value not in (None, {})}
    return known[id(agent)]


def policies_of(agent: Any) -> Json:
    """An agent's policies in numbers."""
    retry, breaker, limiter = agent.retry_policy, agent.breaker, agent.limiter
    told: Json = {name: getattr(agent, name, None) for name in ("timeout", "total_timeout", "heartbeat")}
    if retry is not None:
        names = ("max_attempts", "backoff_factor", "initial", "max_delay", "jitter")
        told["retry"] = {name: getattr(retry, name) for name in names}
    if breaker is not None:
        shown = ("name", "failure_threshold", "recovery_timeout", "failure_rate")
        told["breaker"] = {name: getattr(breaker, name) for name in shown if getattr(breaker, name) is not None}
    if limiter is not None:
        told["limiter"] = {"name": limiter.name, **limiter.limits}
    if agent.bulkhead is not None:
        told["concurrency"] = agent.bulkhead.limit
    if agent.fallback is not None:
        told["fallback"] = agent.fallback.name
    if agent.require_review is not None:
        told["review"] = True
    return {name: value for name, value in told.items() if value is not None}


def _review(review: Any) -> Json:
    told = {
        "by": list(review.groups),
        "quorum": review.quorum,
        "expires": review.expires.total_seconds() if review.expires else None,
        "escalate": [[after.total_seconds(), group] for after, group in review.escalate],
        "on_expire": review.on_expire,
        "on_reject": review.on_reject if isinstance(review.on_reject, str) else "step",
        "may_edit": review.may_edit,
        "conditional": review.when is not None,
    }
    return {name: value for name, value in told.items() if value not in (None, [])}
