"""The call of an agent: attempts with waits between them, then its fallback; its effect; what came of it.

input checked ─▶ effect intended ─▶ attempt ─▶ done ─▶ effect settled ─▶ Result
                                     │    ▲
                              failed ▼    │ wait (policy, budget, time and effect allow)
                                     final ─▶ fallback
"""

from __future__ import annotations

import asyncio
from typing import Any

from ecoa.calling import effects
from ecoa.calling.attempt import Attempt
from ecoa.calling.scope import Scope, StoredWait, enter, leave
from ecoa.calling.usage import confidence_of
from ecoa.calling.validation import checked_input
from ecoa.clock import monotonic
from ecoa.errors import (
    AgentError,
    AgentTimeout,
    BudgetExhausted,
    CircuitOpen,
    EffectUnknown,
    MalformedOutput,
    Rejected,
    ResultNotSerializable,
)
from ecoa.resilience.faults import as_agent_error, passes_through
from ecoa.result import Result, Status
from ecoa.trace import span

_STATUS: tuple[tuple[type[AgentError], Status], ...] = (
    (AgentTimeout, "timeout"),
    (CircuitOpen, "open"),
    (EffectUnknown, "unknown"),
    (Rejected, "rejected"),
)


async def call(agent: Any, x: Any, scope: Scope) -> Result[Any]:  # Agent[Any, Any]
    """Call an agent with everything its options say.

    Failures are in the Result. Raised are StoredWait, NeedsReview, Fenced, CancelledError and a program's mistakes.
    """
    agent = agent.resolve()
    scope.loop = asyncio.get_running_loop()
    token = enter(scope)
    try:
        with span("agent", agent.name, run_id=scope.run_id, path=scope.path, trace_id=scope.trace_id) as here:
            result = await Call(agent, x, scope).result()
            here.set(status=result.status, attempts=result.attempts, replayed=result.replayed or None)
            if result.error is not None:
                here.fail(result.error)
            return result
    finally:
        leave(token)


class Call:
    """One call of a resolved agent; `depth` counts the fallbacks it stands behind."""

    __slots__ = ("agent", "began", "depth", "made", "malformed", "replayed", "retry_until", "scope", "spent", "x")

    def __init__(self, agent: Any, x: Any, scope: Scope, *, depth: int = 0) -> None:
        self.agent = agent
        self.x = x
        self.scope = scope
        self.depth = depth
        self.made = 0
        self.malformed = 0
        self.began = monotonic()
        self.spent = 0.0  # seconds in earlier turns, stored waits included
        self.replayed = False
        self.retry_until: float | None = None  # by the clock; later the remote may have forgotten the key
        if scope.state is not None and scope.state.get("depth", 0) == depth:
            self.made = scope.state.get("attempts", 0)
            self.malformed = scope.state.get("malformed", 0)
            self.spent = scope.state.get("spent", 0.0)

    async def result(self) -> Result[Any]:
        """Make the call and tell how it ended."""
        try:
            data = await self.perform()
        except AgentError as error:
            return self._result(_status_of(error), error=error)
        return self._result("success", data=data)

    async def perform(self) -> Any:
        """The output; AgentError when it failed for good."""
        self.x = checked_input(self.agent, self.x)
        return await (effects.perform(self) if self.agent.effect in ("keyed", "guarded") else self.work())

    async def work(self) -> Any:
        """The attempts, then the fallback."""
        if self.scope.state is not None and self.scope.state.get("depth", 0) > self.depth:
            return await self._fall_back()  # a wait of the fallback was stored
        try:
            return await self._attempts_in_time()
        except AgentError as error:
            if not self._falls_back(error):
                raise
            fallback = self.agent.fallback.name
            self.scope.event("fallback", agent=self.agent.name, to=fallback, error=error.describe())
            return await self._fall_back()

    async def _attempts_in_time(self) -> Any:
        outer, total = self.scope.deadline, self.agent.total_timeout
        self.scope.deadline = self.scope.until(None if total is None else total - self.spent)
        try:
            return await self._attempts()
        finally:
            self.scope.deadline = outer

    async def _attempts(self) -> Any:
        while True:
            self._remember()
            self.made += 1
            self.scope.calls += 1
            self.scope.called.clear()  # the same calls of every attempt have the same paths and keys
            attempt = Attempt(self.agent, self.x, self.scope, self.made)
            session = _Session(self.scope)
            try:
                output = await attempt.make()
            except Exception as exception:
                if passes_through(exception):
                    raise
                session.roll_back()
                error = as_agent_error(exception)
                self._tell(error)
                if (
                    self.agent.effect == "guarded"
                    and (found := await effects.doubted(self, attempt, error)) is not None
                ):
                    return found.output
                await self._wait(error, exception)
            else:
                self._succeeded()
                return output

    async def _wait(self, error: AgentError, exception: Exception) -> None:
        """Wait for the next attempt, or raise the error when there is none."""
        policy = self.agent.retry_policy
        self.malformed += isinstance(error, MalformedOutput)
        if policy is None or not policy.allows(self.made, exception, malformed=self.malformed):
            raise error
        seconds = policy.wait(self.made, error)
        left, breaker = self.scope.remaining, self.agent.breaker
        if left is not None and seconds >= left:
            raise error
        if breaker is not None and (closed_for := breaker.retry_after) > seconds:
            raise CircuitOpen(f"the circuit breaker opened: {error.message}", retry_after=closed_for) from error
        if self.retry_until is not None and monotonic() + seconds + (self.agent.timeout or 0) >= self.retry_until:
            raise EffectUnknown(f"{self.agent.name}: the key may be forgotten by now; {error.message}") from error
        if policy.budget is not None and not policy.budget.spend(error):
            raise BudgetExhausted(f"the retry budget is empty; {error.message}") from error
        self.scope.event("retry_wait", seconds=round(seconds, 3), attempt=self.made, error=error.describe())
        self._remember(wait=seconds)
        try:
            with span("wait", "retry", seconds=seconds):
                await self.scope.wait(seconds, "retry")
        except StoredWait:
            await effects.between(self)
            raise

    async def _fall_back(self) -> Any:
        fallback = Call(self.agent.fallback.resolve(), self.x, self.scope, depth=self.depth + 1)
        outer, self.scope.within = self.scope.within, f"{self.scope.path}/{fallback.agent.name}"
        try:
            # An effect is the whole call's: the fallback has the same key, and is not entered in the ledger again.
            return await (fallback.perform() if self.agent.effect == "none" else fallback.work())
        finally:
            self.scope.within = outer
            self.made += fallback.made
            self.replayed = fallback.replayed

    def _falls_back(self, error: AgentError) -> bool:
        if self.agent.fallback is None or error.type == "InvalidInput":
            return False
        if isinstance(error, EffectUnknown | Rejected | ResultNotSerializable):
            return False
        left = self.scope.remaining
        return left is None or left > 0

    def _succeeded(self) -> None:
        if self.made == 1:
            policy = self.agent.retry_policy
            if policy is not None and policy.budget is not None:
                policy.budget.succeed()
        else:
            self.scope.event("attempt", attempt=self.made, agent=self.agent.name, ok=True)

    def _tell(self, error: AgentError) -> None:
        kind = "timeout" if isinstance(error, AgentTimeout) else "attempt"
        self.scope.event(kind, attempt=self.made, agent=self.agent.name, ok=False, error=error.describe())

    def _remember(self, *, wait: float = 0.0) -> None:
        """How far it is, for a wait that is stored."""
        self.scope.made = {
            "attempts": self.made,
            "malformed": self.malformed,
            "depth": self.depth,
            "spent": round(self.spent + monotonic() - self.began + wait, 3),
        }

    def _result(self, status: Status, *, data: Any = None, error: AgentError | None = None) -> Result[Any]:
        return Result(
            status=status,
            data=data,
            error=error,
            attempts=self.made,
            duration=self.spent + monotonic() - self.began,
            trace_id=self.scope.trace_id,
            run_id=self.scope.run_id,
            replayed=self.replayed,
            usage=self.scope.usage,
            confidence=confidence_of(data) if data is not None else None,
        )


class _Session:
    """What a failed attempt of a run wrote in the session vanishes."""

    __slots__ = ("_mark", "_scope", "_session")

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._session = scope.session if scope.run_id is not None else None
        self._mark = self._session.mark() if self._session is not None else None

    def roll_back(self) -> None:
        if self._session is not None and self._mark is not None:
            self._session.rollback(self._mark)
        elif self._scope.run_id is not None:
            self._scope.session = None  # the attempt opened it


def _status_of(error: AgentError) -> Status:
    return next((status for kind, status in _STATUS if isinstance(error, kind)), "error")
