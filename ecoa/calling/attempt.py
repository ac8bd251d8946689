"""One attempt: room for it, leave to make it, time for it, and the call itself."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any

from ecoa.calling.context import CallContext
from ecoa.calling.scope import Scope, earliest
from ecoa.calling.threads import in_thread
from ecoa.calling.usage import usage_of
from ecoa.calling.validation import checked_output
from ecoa.clock import monotonic
from ecoa.errors import AgentError, AgentTimeout, Fenced
from ecoa.result import Result, Usage
from ecoa.trace import span

if TYPE_CHECKING:
    from ecoa.resilience.limiter import Reservation


class Attempt:
    """One call of an agent's callable or model."""

    __slots__ = ("_spent_before", "agent", "number", "scope", "sent", "x")

    def __init__(self, agent: Any, x: Any, scope: Scope, number: int) -> None:  # Agent[Any, Any], resolved
        self.agent = agent
        self.x = x
        self.scope = scope
        self.number = number
        self.sent = False  # the callable was begun: what fails before did nothing
        self._spent_before = scope.usage

    async def make(self) -> Any:
        """The output; raises what the callable raised, AgentTimeout, CircuitOpen, RateLimited or MalformedOutput."""
        agent = self.agent
        with span("attempt", agent.name, attempt=self.number):
            if agent.limiter is None and agent.bulkhead is None:
                return await self._through_breaker()
            if agent.breaker is not None:
                await agent.breaker.check()  # before it takes what others need
            return await self._in_room()

    async def _in_room(self) -> Any:
        before = self.scope.usage
        async with room(self.agent, self.x, self.scope) as reservation:
            output = await self._through_breaker()
            if reservation is not None and self.scope.usage is not before:
                reservation.settle(_difference(self.scope.usage, before))
            return output

    async def _through_breaker(self) -> Any:
        breaker = self.agent.breaker
        if breaker is None:
            return await self._in_time()
        ticket = await breaker.admit()
        before = breaker.state
        try:
            output = await self._in_time()
        except BaseException as error:
            await breaker.settle(ticket, error)
            if breaker.state != before:
                self.scope.event(f"breaker_{breaker.state}", breaker=breaker.name, reason=str(error))
            raise
        await breaker.settle(ticket, None)
        if breaker.state != before:
            self.scope.event(f"breaker_{breaker.state}", breaker=breaker.name)
        return output

    async def _in_time(self) -> Any:
        """The attempt ends at its own deadline, and what it calls knows of it."""
        scope, outer = self.scope, self.scope.deadline
        scope.deadline = scope.until(self.agent.timeout)
        try:
            left = scope.remaining
            if left is not None and left <= 0:
                raise AgentTimeout(f"{self.agent.name}: no time is left")
            if left is None and self.agent.heartbeat is None:
                return await self._checked()
            return await self._limited(left)
        finally:
            scope.deadline, scope.beat = outer, None

    async def _limited(self, left: float | None) -> Any:
        heartbeat: float | None = self.agent.heartbeat
        limit = asyncio.timeout(earliest(left, heartbeat))
        if heartbeat is not None:
            self.scope.beat = self._beats(limit, heartbeat)
        began = monotonic()
        try:
            async with limit:
                return await self._checked()
        except TimeoutError as error:
            if not limit.expired():
                raise
            silent = heartbeat is not None and (left is None or monotonic() - began < left - 1e-6)
            told = f"was silent for {heartbeat:g} s" if silent else f"gave no answer within {monotonic() - began:.3g} s"
            raise AgentTimeout(f"{self.agent.name} {told}") from error

    def _beats(self, limit: asyncio.Timeout, heartbeat: float) -> Any:
        loop, deadline = asyncio.get_running_loop(), self.scope.deadline

        def reschedule() -> None:
            if not limit.expired() and limit.when() is not None:
                left = None if deadline is None else deadline - monotonic()
                with contextlib.suppress(RuntimeError):  # it ended meanwhile
                    limit.reschedule(loop.time() + (earliest(heartbeat, left) or 0.0))

        return lambda: loop.call_soon_threadsafe(reschedule)

    async def _checked(self) -> Any:
        try:
            output = await self._call()
        except BaseException as error:
            if isinstance(error, Exception) or _ends_more_than_a_call(error):
                raise
            kind = type(error).__name__
            raise AgentError(f"{self.agent.name} raised {kind} {error}".rstrip(), type=kind) from error
        if isinstance(output, Result):  # of another agent: it goes on as this one's
            output = output.unwrap()
        if self.scope.usage is self._spent_before and (told := usage_of(output)) is not None:
            self.scope.spend(told)
        return checked_output(self.agent, output)

    async def _call(self) -> Any:
        agent, plan, scope = self.agent, self.agent.plan, self.scope
        self._last_look()
        self.sent = True
        if plan is None:
            return await _ask_model(agent, self.x, scope)
        given: dict[str, Any] = {}
        if plan.extras:
            if "ctx" in plan.extras:
                given["ctx"] = CallContext(scope, attempt=self.number)
            if "model" in plan.extras:
                given["model"] = agent.connector
        if plan.streams:
            return await collected(plan.call(self.x, **given))
        if agent.effect == "transactional" and scope.transaction is not None:
            return await scope.transaction(lambda: plan.call(self.x, **given))
        output = await (in_thread if plan.plain else _plainly)(plan.call, self.x, **given)
        return await output if inspect.isawaitable(output) else output

    def _last_look(self) -> None:
        """An effect that must not happen twice is not begun with a lease that is over."""
        until = self.scope.lease_until
        if self.agent.effect == "guarded" and until is not None and monotonic() >= until:
            raise Fenced("the lease ended before the effect began: nothing was sent")


def _ends_more_than_a_call(error: BaseException) -> bool:
    """Ctrl-C, and a cancel of this task; `sys.exit()` and a cancel that leaked from within end only the call."""
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        return task is None or task.cancelling() > 0
    return isinstance(error, KeyboardInterrupt)


@contextlib.asynccontextmanager
async def room(agent: Any, x: Any, scope: Scope) -> AsyncIterator[Reservation | None]:
    """A place among the calls of this agent and room in its limits, within the time that is left."""
    async with contextlib.AsyncExitStack() as stack:
        limit = asyncio.timeout(scope.remaining)
        try:
            async with limit:
                if agent.bulkhead is not None:
                    await stack.enter_async_context(agent.bulkhead)
                if agent.limiter is None:
                    reservation = None
                else:
                    reservation = agent.limiter.reserve(tokens=_guess(x) if agent.limiter.counts_tokens else 0)
                    await stack.enter_async_context(reservation)
        except TimeoutError as error:
            raise (AgentTimeout(f"{agent.name}: no place was free in time") if limit.expired() else error) from None
        yield reservation


async def collected(pieces: AsyncIterator[Any]) -> Any:
    """A whole answer from its pieces: text joined, else a list."""
    got = [piece async for piece in pieces]
    return "".join(got) if got and all(isinstance(piece, str) for piece in got) else got


async def _plainly(fn: Any, /, *args: Any, **given: Any) -> Any:
    return await fn(*args, **given)


async def _ask_model(agent: Any, x: Any, scope: Scope) -> Any:
    spent = scope.usage
    schema = {} if agent.output in (None, str) else {"schema": agent.output}
    answer = await agent.connector.complete(prompt_of(x), deadline=scope.deadline, **schema)
    if scope.usage is spent and answer.usage is not None:  # a connector that does not count by itself
        scope.spend(answer.usage)
    return answer.data if schema else answer.text


def prompt_of(x: Any) -> Any:
    """What a model is asked: text and messages as they are, anything else as JSON."""
    from ecoa.connectors.types import Message

    if isinstance(x, str) or (isinstance(x, Sequence) and x and all(isinstance(one, Message) for one in x)):
        return x
    from ecoa.codec import dumps

    return dumps(x)


def _guess(x: Any) -> int:
    """About the tokens of an input; the limiter corrects it by what was used."""
    return max(1, len(x if isinstance(x, str) else repr(x)) // 4)


def _difference(now: Usage | None, before: Usage | None) -> Usage | None:
    if now is None or before is None:
        return now
    return Usage(**{name: getattr(now, name) - getattr(before, name) for name in Usage.__slots__})
