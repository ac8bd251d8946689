"""A model whose answers a test writes."""

from __future__ import annotations

import asyncio
import json
import random
from collections import deque
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ecoa.connectors.base import Model, Request
from ecoa.connectors.types import Completion, Message
from ecoa.errors import AgentError, Overloaded
from ecoa.result import Usage
from ecoa.testing.values import value_of

type Answer = str | object  # a text as it is, anything else as JSON
type Failure = type[Exception] | Exception


@dataclass(frozen=True, slots=True)
class _Turn:
    """What happens to one question."""

    answer: Callable[[Request], str] | None = None
    error: Failure | None = None
    after: float = 0.0  # seconds


class FakeModel(Model):
    """Answers what its script says, in order; then a value drawn by the seed that fits the type asked for.

    model = FakeModel().fails(2, AgentTimeout).slow(3).replies({"label": "refund"}).malformed()
    model.asked        # the conversations so far
    """

    provider: ClassVar[str] = "fake"

    def __init__(
        self, model: str = "fake", *, seed: int = 0, usage: Usage | None = None, timeout: float = 60.0, **options: Any
    ) -> None:
        super().__init__(model, timeout=timeout, **options)
        self.asked: list[tuple[Message, ...]] = []
        self._usage = usage
        self._draw = random.Random(seed)  # noqa: S311  # tests want the same again
        self._script: deque[_Turn] = deque()
        self._wait = 0.0
        self._always: Callable[[Request], str] | None = None

    @property
    def calls(self) -> int:
        """Questions so far."""
        return len(self.asked)

    @property
    def left(self) -> int:
        """Turns of the script that were not played yet."""
        return len(self._script)

    def replies(self, *answers: Answer) -> Self:
        """The next questions are answered so: a text as it is, any other value as JSON."""
        for answer in answers:
            self._then(answer=_saying(answer))
        return self

    def always(self, answer: Answer | Callable[[tuple[Message, ...]], Answer]) -> Self:
        """Every question after the script is answered so, or by this function of the conversation."""
        if callable(answer):
            self._always = lambda request: _text(answer(tuple(request.messages)))
        else:
            self._always = _saying(answer)
        return self

    def fails(self, times: int = 1, error: Failure = Overloaded) -> Self:
        """The next questions fail with this error."""
        for _ in range(times):
            self._then(error=error)
        return self

    def malformed(self, times: int = 1) -> Self:
        """The next answers break off in the middle of their JSON."""
        for _ in range(times):
            self._then(answer=lambda request: '{"value": [1, {"' if request.shape is None else self._broken(request))
        return self

    def empty(self, times: int = 1) -> Self:
        """The next answers have no text."""
        return self.replies(*[""] * times)

    def slow(self, seconds: float) -> Self:
        """The turn that is written next comes after so long; without one, the next answer does."""
        self._wait = seconds
        return self

    def _then(self, *, answer: Callable[[Request], str] | None = None, error: Failure | None = None) -> None:
        self._script.append(_Turn(answer, error, self._wait))
        self._wait = 0.0

    def _next(self) -> _Turn:
        if self._script:
            return self._script.popleft()
        after, self._wait = self._wait, 0.0
        return _Turn(self._always or self._fitting, after=after)

    async def _ask(self, request: Request) -> Completion[Any]:
        self.asked.append(tuple(request.messages))
        turn = self._next()
        await asyncio.sleep(turn.after)
        if turn.error is not None:
            raise turn.error
        text = turn.answer(request) if turn.answer is not None else ""
        return Completion(text=text, usage=self._used(request, text), model=self.model, provider=self.provider)

    async def _pieces(self, request: Request) -> AsyncGenerator[str | Completion[Any]]:
        completion = await self._ask(request)
        for begin in range(0, len(completion.text), 8):
            yield completion.text[begin : begin + 8]
        yield completion

    def _fitting(self, request: Request) -> str:
        return "ok" if request.shape is None else json.dumps(value_of(request.shape.schema, self._draw))

    def _broken(self, request: Request) -> str:
        whole = self._fitting(request)
        return whole[: max(1, len(whole) // 2)]

    def _used(self, request: Request, text: str) -> Usage:
        """Four characters a token, unless the usage was given."""
        asked = sum(len(message.content) for message in request.messages)
        return self._usage or Usage(input_tokens=asked // 4 + 1, output_tokens=len(text) // 4 + 1)

    def _open(self) -> None:
        """There is no client."""

    async def _shut(self, client: Any) -> None:
        """There is nothing to close."""

    def _translate(self, error: Exception) -> AgentError | None:
        return None


def _saying(answer: Answer) -> Callable[[Request], str]:
    text = _text(answer)
    return lambda _: text


def _text(answer: Answer) -> str:
    if isinstance(answer, str):
        return answer
    from pydantic_core import to_json

    return to_json(answer).decode()
