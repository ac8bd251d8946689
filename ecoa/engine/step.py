"""Turns that call agents: steps, joins, compensations; their reviews."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ecoa.calling.attempts import call
from ecoa.calling.scope import StoredWait
from ecoa.codec import dumps, loads
from ecoa.engine.asking import ask_about_output, ask_for_agent, wants_review
from ecoa.engine.turn import Json, Turn, as_text
from ecoa.errors import AgentError, Misuse, Rejected, ResultNotSerializable
from ecoa.result import Result
from ecoa.review import NeedsReview
from ecoa.store.base import EffectDone, Finish

if TYPE_CHECKING:
    from ecoa.agent import Agent
    from ecoa.context import SessionContext

HAPPENED = frozenset({"done", "approve", "edit"})  # a person's word about a doubtful effect
AGAIN = frozenset({"again", "reject", "retry"})
RELEASED = frozenset({"done", "again", "retry"})  # of a held step: never an answer to a review


async def step(turn: Turn, agent: Agent[Any, Any], text: str) -> Finish:
    """Call the agent with this input and say how the turn ends."""
    agent = agent.resolve()
    state = turn.state()
    decision = turn.decision() or state.get("decision")
    if decision is not None and decision["decision"] in RELEASED and not state.get("doubtful"):
        if decision["decision"] == "done":
            return await turn.done(as_text(decision.get("output")))
        decision = state.get("decision")
    if "output" in state and decision is not None:
        return await _decided(turn, state["output"], decision)
    if state.get("doubtful") and decision is not None:
        if decision["decision"] in HAPPENED:
            return await turn.done(as_text(decision.get("output")))
        await _allow_again(turn, state)
        decision = None
    if (reused := await turn.engine.reused(turn.lease, agent)) is not None:
        turn.event("effect", status="reused", agent=agent.name)
        return await turn.done(reused)
    return await _call(turn, agent, text, state, decision)


async def _allow_again(turn: Turn, state: Json) -> None:
    """A person says that the doubtful effect did not happen: the ledger lets it be intended anew."""
    scope = turn.new_scope(state, None, None)
    await scope.settle(EffectDone(key=scope.idempotency_key, status="failed"), now=True)


async def _call(turn: Turn, agent: Agent[Any, Any], text: str, state: Json, decision: Json | None) -> Finish:
    engine, lease = turn.engine, turn.lease
    session = await engine.session(lease)
    scope = turn.new_scope(state, decision, session)
    x = session if session is not None and text == SESSION_INPUT else loads(text)
    try:
        async with engine.stoppable(lease, scope, protected=agent.effect == "guarded"):
            result = await call(agent, x, scope)
    except StoredWait as wait:
        kept = {"call": dict(wait.state), **({"decision": decision} if decision is not None else {})}
        turn.event("wait", seconds=round(wait.seconds, 3), why=wait.why)
        return turn.finish("ready", delay=wait.seconds, state=_state(kept))
    except NeedsReview as need:
        if decision is not None:  # it asks again: then the decision itself is the outcome
            return await _decided(turn, text, decision)
        return turn.paused(ask_for_agent(turn, agent, need, text), {"asked": True})
    except (AgentError, Misuse) as error:
        return turn.failed(error if isinstance(error, AgentError) else AgentError(error.message, type="Misuse"))
    return await _ended(turn, agent, result, session)


async def _ended(turn: Turn, agent: Agent[Any, Any], result: Result[Any], session: SessionContext | None) -> Finish:
    writes = session.writes() if session is not None and result else None
    if result.status == "success":
        try:
            text = dumps(result.data)
        except ResultNotSerializable as unstorable:
            return _unstorable(turn, agent, unstorable)
        if wants_review(agent.require_review, result):
            return turn.paused(ask_about_output(turn, agent, result, text), {"output": text}, session=writes)
        return await turn.done(text, session=writes)
    error = result.error or AgentError(f"{agent.name} ended as {result.status}", type=result.status)
    if result.status == "unknown":
        return turn.finish("unknown", error=error.describe(), state=_state({"doubtful": True}))
    if isinstance(error, ResultNotSerializable):
        return _unstorable(turn, agent, error)
    return turn.failed(error)


def _unstorable(turn: Turn, agent: Agent[Any, Any], error: ResultNotSerializable) -> Finish:
    """What cannot be stored is not tried again; where it had an effect, a person has to say how it goes on."""
    told = ResultNotSerializable(f"{agent.name}: {error.message}")
    if agent.effect == "none":
        return turn.failed(told)
    scope = turn.scope
    if scope is not None and scope.effect is None:
        scope.effect = EffectDone(key=scope.idempotency_key, status="done")
    return replace(turn.held(told.type, told.message), state=_state({"doubtful": True}))


async def _decided(turn: Turn, text: str, decision: Json) -> Finish:
    """People have decided about this text."""
    if decision["decision"] == "reject":
        return turn.failed(Rejected(decision.get("comment") or None), ends="rejected", more={"compensate": False})
    output = decision.get("output")
    return await turn.done(text if output is None else as_text(output))


def _state(kept: Json) -> str:
    return dumps(kept)


SESSION_INPUT = '{"$ecoa":"session","v":null}'  # a run that was started with its SessionContext as input
