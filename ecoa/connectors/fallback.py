"""Several models as one: the first whose breaker is closed and that answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any, overload

from ecoa import clock
from ecoa.connectors.report import callers_deadline
from ecoa.connectors.types import Chunk, Completion, Connector, Prompt, Tool
from ecoa.errors import AgentError, CircuitOpen

if TYPE_CHECKING:
    from ecoa.resilience.breaker import CircuitBreaker

_OURS = frozenset({"HTTP 400", "HTTP 413", "HTTP 422", "invalid_request_error"})  # another model would say the same


def first_healthy(*connectors: Connector, failure_threshold: int = 3, recovery_timeout: float = 60) -> FirstHealthy:
    """The connectors as one, asked in order: one that fails or whose circuit breaker is open gives way to the next."""
    if not connectors:
        raise ValueError("first_healthy needs at least one connector")
    from ecoa.resilience.breaker import CircuitBreaker

    breakers = [
        CircuitBreaker(failure_threshold, recovery_timeout, name=f"model:{one.provider}/{one.model}")
        for one in connectors
    ]
    return FirstHealthy(list(zip(connectors, breakers, strict=True)))


class FirstHealthy:
    """A connector made of others; see first_healthy."""

    def __init__(self, choices: Sequence[tuple[Connector, CircuitBreaker]]) -> None:
        self._choices = choices

    @property
    def provider(self) -> str:
        """That of the first."""
        return self._choices[0][0].provider

    @property
    def model(self) -> str:
        """That of the first."""
        return self._choices[0][0].model

    @overload
    async def complete(
        self,
        messages: Prompt,
        *,
        schema: None = None,
        tools: Sequence[Tool] = (),
        max_tokens: int | None = None,
        deadline: float | None = None,
    ) -> Completion[Any]: ...

    @overload
    async def complete[T](
        self,
        messages: Prompt,
        *,
        schema: type[T],
        tools: Sequence[Tool] = (),
        max_tokens: int | None = None,
        deadline: float | None = None,
    ) -> Completion[T]: ...

    async def complete(
        self,
        messages: Prompt,
        *,
        schema: type[Any] | None = None,
        tools: Sequence[Tool] = (),
        max_tokens: int | None = None,
        deadline: float | None = None,
    ) -> Completion[Any]:
        """The answer of the first that gives one; when none does, the error of the last that was asked."""
        failures: list[AgentError] = []
        for connector, breaker in self._choices:
            try:
                async with breaker:
                    return await connector.complete(
                        messages, schema=schema, tools=tools, max_tokens=max_tokens, deadline=deadline
                    )
            except AgentError as error:
                failures.append(error)
                if _final(error, deadline):
                    raise
        raise _worst(failures)

    async def stream(
        self,
        messages: Prompt,
        *,
        tools: Sequence[Tool] = (),
        max_tokens: int | None = None,
        deadline: float | None = None,
    ) -> AsyncIterator[Chunk]:
        """The pieces of the first that begins to answer; once it has begun nobody takes its place."""
        failures: list[AgentError] = []
        for connector, breaker in self._choices:
            begun = False
            failed: BaseException | None = None
            try:
                ticket = await breaker.admit()  # no `async with`: its context would leak to who reads the stream
            except AgentError as error:
                failures.append(error)
                continue
            try:
                async for chunk in connector.stream(messages, tools=tools, max_tokens=max_tokens, deadline=deadline):
                    begun = True
                    yield chunk
                return
            except BaseException as error:
                failed = error
                if begun or not isinstance(error, AgentError) or _final(error, deadline):
                    raise
                failures.append(error)
            finally:
                await breaker.settle(ticket, failed)
        raise _worst(failures)


def _final(error: AgentError, deadline: float | None) -> bool:
    """Whether no other model may help: the question is wrong, or the time is over."""
    until = callers_deadline() if deadline is None else deadline
    return error.type in _OURS or (until is not None and until <= clock.monotonic())


def _worst(failures: Sequence[AgentError]) -> AgentError:
    """What to say when none answered: the last failure; with all breakers open, when the first may be asked again."""
    asked = [error for error in failures if not isinstance(error, CircuitOpen)]
    if asked:
        return asked[-1]
    waits = [error.retry_after for error in failures if error.retry_after is not None]
    return CircuitOpen("the circuit breakers of all models are open", retry_after=min(waits, default=None))
