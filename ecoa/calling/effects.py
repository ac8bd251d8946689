"""Effects that must not happen twice.

    keyed     the remote knows the key: the same one at every attempt, no attempt after it may be forgotten
    guarded   at most once: the intent is committed before the call; in doubt verify() is asked, nothing done blindly

The ledger knows calls inside of runs, and those with the caller's own key outside. A done one is answered from it.
"""

from __future__ import annotations

import asyncio
import hashlib
import inspect
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ecoa import clock
from ecoa.calling.attempt import Attempt
from ecoa.calling.threads import in_thread
from ecoa.errors import AgentError, AgentTimeout, EffectUnknown, ResultNotSerializable
from ecoa.resilience.faults import never_sent, passes_through
from ecoa.store.base import Effect, EffectDone

if TYPE_CHECKING:
    from ecoa.calling.attempts import Call

QUARANTINE = 1.0  # seconds before a doubtful effect of an agent without a timeout is asked about


@dataclass(frozen=True, slots=True)
class Found:
    """A doubtful effect did happen, and this was its output."""

    output: Any


async def perform(call: Call) -> Any:
    """The output of a keyed or guarded call: from the ledger when it is done, else by doing it."""
    if not call.scope.keyed:
        return await call.work()
    entry = await _intend(call)
    if entry.status == "done":
        return _replayed(call, entry)
    if call.agent.effect == "keyed":
        _mind_key(call, entry)
    elif not entry.fresh and (found := await _asked(call, f"{call.agent.name} was begun before")) is not None:
        return await _done(call, found.output)
    try:
        output = await call.work()
    except EffectUnknown:
        await _settle(call, "unknown")
        raise
    except AgentError as error:
        if _surely_not(call, error):
            await _settle(call, "failed")
        raise
    return await _done(call, output)


async def doubted(call: Call, attempt: Attempt, error: AgentError) -> Found | None:
    """A guarded attempt failed. None: it certainly did nothing. Raises EffectUnknown when nobody can say."""
    if not attempt.sent or never_sent(error):
        return None
    quarantine = (call.agent.timeout or QUARANTINE) if call.agent.verify is not None else 0.0
    left = call.scope.remaining
    if quarantine and left is not None and quarantine >= left:
        raise EffectUnknown(f"{error.message}; there is no time to ask whether it happened") from error
    if quarantine:
        await call.scope.wait(quarantine, "verify")  # what was sent may still be on its way
    alone = isinstance(error, AgentTimeout) and call.agent.plan is not None and call.agent.plan.plain
    return await _asked(call, error.message, error, alone=alone)


async def between(call: Call) -> None:
    """A wait between attempts is stored: whoever goes on must see that nothing was sent."""
    if call.agent.effect == "guarded" and call.scope.keyed:
        await call.scope.settle(EffectDone(key=call.scope.idempotency_key, status="failed"), now=True)


async def _intend(call: Call) -> Effect:
    from ecoa.codec import canonical

    agent, scope, x = call.agent, call.scope, call.x
    if scope.session is x and x is not None:
        x = scope.session.owner
    return await scope.intend(
        scope=scope.run_id or f"agent:{agent.name}",
        effect=agent.effect,
        digest=hashlib.sha256(canonical(x)).hexdigest(),
        ttl=agent.key_ttl if agent.effect == "keyed" else None,
    )


def _replayed(call: Call, entry: Effect) -> Any:
    call.replayed = True
    call.scope.event("effect", status="replayed", agent=call.agent.name)
    if entry.result is None:
        raise ResultNotSerializable(f"{call.agent.name} did this before, but its result could not be stored")
    from ecoa.calling.validation import checked_output
    from ecoa.codec import loads

    return checked_output(call.agent, loads(entry.result))


def _mind_key(call: Call, entry: Effect) -> None:
    """No attempt goes out after the remote may have forgotten the key."""
    ttl = call.agent.key_ttl
    if ttl is None:
        return
    age = 0.0 if entry.fresh else _age(entry.first_used_at)
    if age >= ttl:
        raise EffectUnknown(f"{call.agent.name}: the key was first used {age:.0f} s ago and may be forgotten by now")
    call.retry_until = clock.monotonic() + ttl - age


def _age(moment: datetime) -> float:
    return max(0.0, (clock.now() - moment).total_seconds())


async def _asked(call: Call, why: str, error: AgentError | None = None, *, alone: bool = False) -> Found | None:
    """Ask verify() whether it happened. `alone`: a thread may still be at it, so that "no" says nothing."""
    agent = call.agent
    unknown = EffectUnknown(f"{why}; it is not known whether it happened")
    if agent.verify is None:
        raise unknown from error
    try:
        async with asyncio.timeout(_patience(call)):
            output = await _verify(agent, call.x, call.scope.idempotency_key)
    except Exception as cause:
        if passes_through(cause):
            raise
        raise EffectUnknown(f"{why}; verify failed: {cause}") from cause
    call.scope.event("effect", status="verified", happened=output is not None, agent=agent.name)
    if output is None and alone:
        raise unknown from error
    return None if output is None else Found(output)


def _patience(call: Call) -> float | None:
    left = call.scope.remaining
    return left if call.agent.timeout is None else min(call.agent.timeout, left or call.agent.timeout)


async def _verify(agent: Any, x: Any, key: str) -> Any:
    if inspect.iscoroutinefunction(agent.verify):
        return await agent.verify(x, key)
    answer = await in_thread(agent.verify, x, key)
    return await answer if inspect.isawaitable(answer) else answer


async def _done(call: Call, output: Any) -> Any:
    from ecoa.codec import dumps

    try:
        result: str | None = dumps(output)
    except ResultNotSerializable:
        await _settle(call, "done")
        if call.scope.run_id is not None:
            raise  # the engine holds the run
        return output
    await _settle(call, "done", result)
    return output


async def _settle(call: Call, status: Any, result: str | None = None) -> None:
    await call.scope.settle(EffectDone(key=call.scope.idempotency_key, status=status, result=result))


def _surely_not(call: Call, error: AgentError) -> bool:
    """Guarded calls that end without EffectUnknown did nothing; of keyed ones only the first attempt can tell."""
    return call.agent.effect == "guarded" or (call.made <= 1 and never_sent(error))
