"""What every provider's connector does the same way: time, failures, usage, spans, answers of a type.

A provider says three things: how to ask (`_ask`), how to stream (`_pieces`), and what its failures mean (`_translate`).
"""

from __future__ import annotations

import asyncio
import importlib.util
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self, overload

from ecoa import clock
from ecoa.connectors.report import callers_deadline, model_span, tell, used
from ecoa.connectors.schema import Shape, shape_of
from ecoa.connectors.types import Chunk, Completion, Message, Prompt, Tool, conversation
from ecoa.errors import AgentError, AgentTimeout, MalformedOutput, TransientError


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One question to a model."""

    messages: Sequence[Message]
    tools: Sequence[Tool]
    shape: Shape | None
    max_tokens: int | None


class Model(ABC):
    """A provider's model. `options` go into every request as they are (temperature=0, seed=7)."""

    provider: ClassVar[str]
    extra: ClassVar[str | None] = None  # the SDK's module and the name of ecoa's extra that brings it

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        timeout: float = 60.0,
        max_tokens: int | None = None,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> None:
        if self.extra is not None and importlib.util.find_spec(self.extra) is None:
            raise ImportError(f"{type(self).__name__} needs its SDK: pip install 'ecoa[{self.extra}]'")
        self.model = model
        self.base_url = base_url
        self.timeout = timeout
        self.max_tokens = max_tokens
        self.headers = dict(headers or {})
        self.options = options
        self._api_key = api_key
        self._clients: dict[asyncio.AbstractEventLoop, Any] = {}  # Any: each SDK's own client

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.model!r})"

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
        """The model's answer; with a schema its `data` is a value of that type, unless the model calls a tool."""
        request = self._request(messages, schema=schema, tools=tools, max_tokens=max_tokens)
        with model_span(self, request) as here:
            async with self._in_time(deadline):
                completion = await self._ask(request)
            tell(here, completion)
            used(completion)
            if request.shape is None or completion.tool_calls:
                return completion
            cut = completion.finish_reason == "length"
            return replace(completion, data=request.shape.parse(completion.text, cut=cut))

    async def stream(
        self,
        messages: Prompt,
        *,
        tools: Sequence[Tool] = (),
        max_tokens: int | None = None,
        deadline: float | None = None,
    ) -> AsyncIterator[Chunk]:
        """The answer as it is written; each wait for the next piece has the whole timeout."""
        request = self._request(messages, schema=None, tools=tools, max_tokens=max_tokens)
        here = model_span(self, request, streams=True)
        pieces, began = self._pieces(request), time.monotonic()
        first = True
        try:
            while True:
                async with self._in_time(deadline):
                    piece = await anext(pieces, None)
                if first:
                    here.set(**{"gen_ai.response.time_to_first_chunk": time.monotonic() - began})
                    first = False
                if isinstance(piece, str):
                    yield Chunk(text=piece)
                    continue
                if piece is None:
                    raise TransientError("the stream ended before the answer did")
                tell(here, piece)
                used(piece)
                yield Chunk(completion=piece)
                return
        except BaseException as error:
            here.fail(error)
            raise
        finally:
            here.end()
            await pieces.aclose()

    async def close(self) -> None:
        """Close the connections of this event loop; the next question opens new ones."""
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await self._shut(client)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _request(
        self, messages: Prompt, *, schema: type[Any] | None, tools: Sequence[Tool], max_tokens: int | None
    ) -> Request:
        return Request(
            messages=conversation(messages),
            tools=tools,
            shape=None if schema is None else shape_of(schema),  # type: ignore[arg-type]  # types can be hashed
            max_tokens=max_tokens or self.max_tokens,
        )

    @property
    def _client(self) -> Any:
        """The SDK's client for the running loop: connections belong to the loop they were made in."""
        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            self._clients = {known: client for known, client in self._clients.items() if not known.is_closed()}
            self._clients[loop] = self._open()
        return self._clients[loop]

    @asynccontextmanager
    async def _in_time(self, deadline: float | None) -> AsyncGenerator[None]:
        """Within the own timeout and the caller's deadline; every failure leaves as one of ecoa's errors."""
        allowed = self.timeout
        try:
            _ = self._client  # made before time is taken: the first import of an SDK takes a second
            allowed = self._allowed(deadline)
            async with asyncio.timeout(allowed):
                yield
        except TimeoutError as error:
            raise AgentTimeout(f"{self.model} did not answer within {allowed:.3g} s") from error
        except AgentError:
            raise
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise MalformedOutput(f"the answer of {self.provider} cannot be read: {error}"[:500]) from error
        except Exception as error:
            known = self._translate(error)
            if known is None:
                raise
            raise known from error

    def _allowed(self, deadline: float | None) -> float:
        """Seconds that this may take."""
        until = callers_deadline() if deadline is None else deadline
        allowed = self.timeout if until is None else min(self.timeout, until - clock.monotonic())
        if allowed <= 0:
            raise AgentTimeout(f"no time left to ask {self.model}")
        return allowed

    @abstractmethod
    def _open(self) -> Any:
        """A client, its retries off."""

    @abstractmethod
    async def _shut(self, client: Any) -> None:
        """Close its connections."""

    @abstractmethod
    async def _ask(self, request: Request) -> Completion[Any]:
        """The whole answer."""

    @abstractmethod
    def _pieces(self, request: Request) -> AsyncGenerator[str | Completion[Any]]:
        """Pieces of text, then the whole answer."""

    @abstractmethod
    def _translate(self, error: Exception) -> AgentError | None:
        """What a failure of the SDK means; None for one that is not the provider's."""
