"""Answers in pieces."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from ecoa.calling.attempt import prompt_of, room
from ecoa.calling.context import CallContext
from ecoa.calling.scope import Scope, current, earliest, enter, leave
from ecoa.calling.validation import checked_input
from ecoa.errors import AgentTimeout
from ecoa.resilience.faults import as_agent_error, passes_through

if TYPE_CHECKING:
    from ecoa.agent import Agent
    from ecoa.context import SessionContext

END: Any = object()


async def stream(
    agent: Agent[Any, Any], x: Any, *, context: SessionContext | None, timeout: float | None
) -> AsyncIterator[Any]:
    """The pieces; AgentError when it fails. The agent's timeout is for each piece, `timeout` for all of them."""
    agent = agent.resolve()
    if agent.plan is not None and not agent.plan.streams:
        yield (await agent.run(x, context=context, timeout=timeout)).unwrap()
        return
    around = current()
    scope = Scope(path=agent.name, session=context) if around is None else around.child(agent.name, session=context)
    scope.deadline = scope.until(timeout, agent.total_timeout)
    scope.loop = asyncio.get_running_loop()
    x = checked_input(agent, x)
    async with room(agent, x, scope):
        ticket = await agent.breaker.admit() if agent.breaker is not None else None
        pieces, failed = _begin(agent, x, scope), None
        try:
            while (piece := await _next(agent, pieces, scope)) is not END:
                yield piece
        except BaseException as error:
            failed = error
            raise
        finally:
            if agent.breaker is not None and ticket is not None:
                await agent.breaker.settle(ticket, failed)
            await pieces.aclose()


def _begin(agent: Agent[Any, Any], x: Any, scope: Scope) -> Any:  # AsyncGenerator
    plan = agent.plan
    if plan is None:
        assert agent.connector is not None
        return agent.connector.stream(prompt_of(x), deadline=scope.deadline)
    given: dict[str, Any] = {}
    if "ctx" in plan.extras:
        given["ctx"] = CallContext(scope, attempt=1)
    if "model" in plan.extras:
        given["model"] = agent.connector
    return plan.call(x, **given)


async def _next(agent: Agent[Any, Any], pieces: Any, scope: Scope) -> Any:
    """The next piece. The scope is current only while the agent's own code runs, never in who reads the pieces."""
    token = enter(scope)
    left = earliest(scope.remaining, agent.timeout)
    try:
        async with asyncio.timeout(left) as limit:
            return await anext(pieces, END)
    except TimeoutError as error:
        if not limit.expired():
            raise as_agent_error(error) from error
        raise AgentTimeout(f"{agent.name}: the next piece did not come in time") from error
    except Exception as error:
        if passes_through(error):
            raise
        translated = as_agent_error(error)
        raise translated from (error if translated is not error else None)
    finally:
        leave(token)
