"""Requests to people: what they are shown and what they may change."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from ecoa.codec import dumps
from ecoa.engine.ids import uuid7
from ecoa.engine.turn import Turn
from ecoa.graph.node import Node, ReviewGate, Step
from ecoa.graph.schema import input_type, output_type, schema_of
from ecoa.result import Result
from ecoa.review import MISSING, NeedsReview, Review
from ecoa.store.base import NewReview

if TYPE_CHECKING:
    from ecoa.agent import Agent

log = logging.getLogger("ecoa.engine")
ANYTHING: dict[str, Any] = {}  # the schema that every edit fits


def wants_review(wanted: Any, result: Result[Any]) -> bool:
    """Whether people have to see this output. A test that raises says yes."""
    if wanted is None:
        return False
    return asks(wanted.when if isinstance(wanted, Review) else wanted, result) is not None


def asks(when: Any, result: Result[Any]) -> str | None:
    """Why people are asked; None when they are not."""
    if when is None:
        return "every one is looked at"
    try:
        verdict = when(result)
        if not verdict:
            return None
        if isinstance(verdict, str):
            return verdict
    except Exception as error:  # whatever it is: what cannot be judged is shown to a person
        return f"the condition could not be judged: {type(error).__name__}: {error}"
    confidence = "" if result.confidence is None else f" (confidence {result.confidence:g})"
    return f"the condition holds{confidence}"


def ask_at_gate(turn: Turn, gate: ReviewGate, result: Result[Any], reason: str) -> NewReview:
    """The request of a review step."""
    before = gate.before.resolve() if gate.before is not None else None
    return gate.review.request(
        id=uuid7(),
        title=_title(turn, before.name if before is not None else None, gate.review, result.data),
        reason=reason,
        payload=turn.text,
        schema=_schema_after(turn, before),
        context=_context(turn, result, agent=before),
    )


def ask_about_output(turn: Turn, agent: Agent[Any, Any], result: Result[Any], text: str) -> NewReview:
    """The request of an agent whose outputs are looked at."""
    wanted = agent.require_review
    policy = wanted if isinstance(wanted, Review) else Review()
    return policy.request(
        id=uuid7(),
        title=_title(turn, agent.name, policy, result.data),
        reason=asks(policy.when if isinstance(wanted, Review) else wanted, result) or "",
        payload=text,
        schema=_schema_after(turn, agent),
        context={**_context(turn, result, agent=agent), "input": json.loads(turn.text)},
    )


def ask_for_agent(turn: Turn, agent: Agent[Any, Any], need: NeedsReview, text: str) -> NewReview:
    """The request that an agent itself raised."""
    policy = need.review or (agent.require_review if isinstance(agent.require_review, Review) else Review())
    schema = schema_of(need.edit) if need.edit is not None else schema_of(input_type(agent))
    return policy.request(
        id=uuid7(),
        title=need.title or _title(turn, agent.name),
        reason=need.message,
        payload=text if need.payload is MISSING else dumps(need.payload),
        schema=ANYTHING if schema is None else schema,
        context={**_context(turn, None, agent=agent), **need.context},
    )


def _title(turn: Turn, agent: str | None, policy: Review | None = None, value: Any = None) -> str:
    title = policy.title if policy is not None else None
    try:
        told = title(value) if callable(title) else title
    except Exception:  # whatever it is: people are asked all the same
        log.warning("the title of a review of %s failed", turn.lease.pipeline, exc_info=True)
        told = None
    return told or f"{turn.lease.pipeline}: {agent or turn.lease.path}"


def _schema_after(turn: Turn, before: Agent[Any, Any] | None) -> dict[str, Any]:
    """What an edit must fit: what the next agent takes, else what the one before answers with."""
    following = _next_node(turn)
    schema = schema_of(input_type(following.agent.resolve())) if isinstance(following, Step) else None
    if schema is None and before is not None:
        schema = schema_of(output_type(before))
    return ANYTHING if schema is None else schema


def _next_node(turn: Turn) -> Node | None:
    place = turn.place
    return place.chain[place.at + 1] if place.at + 1 < place.chain.length else None


def _context(turn: Turn, result: Result[Any] | None, *, agent: Agent[Any, Any] | None) -> dict[str, Any]:
    following = _next_node(turn)
    told = {
        "agent": agent.name if agent is not None else None,
        "confidence": result.confidence if result is not None else None,
        "next": following.name if following is not None else None,
        "effect": following.agent.resolve().effect if isinstance(following, Step) else None,
    }
    return {name: value for name, value in told.items() if value is not None}
