"""One agent alone: with its policies, a ledger of its own, and no waiting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ecoa.calling.attempts import call
from ecoa.calling.scope import Scope, callers_key
from ecoa.errors import AgentError
from ecoa.result import Result
from ecoa.review import NeedsReview
from ecoa.store import use
from ecoa.store.memory import MemoryStore
from ecoa.testing.clock import virtual_time
from ecoa.testing.trial import Happened, Trial

if TYPE_CHECKING:
    from ecoa.agent import Agent
    from ecoa.connectors.types import Connector
    from ecoa.context import SessionContext


async def isolate[In, Out](
    agent: Agent[In, Out],
    x: In,
    /,
    *,
    model: Connector | None = None,
    decision: Mapping[str, Any] | None = None,
    context: SessionContext | None = None,
    idempotency_key: str = "isolated",
    timeout: float | None = None,
) -> Trial[Out]:
    """Call an agent on virtual time and see what it did.

    model: asked instead of the agent's own. decision: what people said when it asked them. The store is empty before
    and gone after, so that an effect's ledger holds this call alone.
    """
    subject = agent.resolve() if model is None else agent.resolve().with_(model=model)
    store = MemoryStore()
    key = callers_key(subject.name, idempotency_key)
    scope = Scope(path=subject.name, store=store, key=key, session=context, decision=decision)
    with virtual_time(), use(store):
        scope.deadline = scope.until(timeout)
        try:
            result: Result[Any] = await call(subject, x, scope)
        except NeedsReview as asked:
            error = AgentError(asked.message, type="NeedsReview")
            result = Result(status="paused", error=error, trace_id=scope.trace_id, usage=scope.usage)
    events = [Happened(event.kind, event.path, event.data) for event in scope.events]
    return Trial(result=result, events=events, effects=[entry.row for entry in store.ledger.values()])
