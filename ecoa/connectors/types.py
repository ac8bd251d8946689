"""What goes to a model and what comes back, the same for every provider."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, overload, runtime_checkable

from ecoa.result import Usage

type Role = Literal["system", "user", "assistant", "tool"]
type FinishReason = Literal["stop", "length", "tool_calls", "content_filter", "other"]
type Prompt = str | Sequence[Message]  # a text is one message of the user


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A model asks for a tool."""

    id: str
    name: str
    arguments: Mapping[str, Any]  # JSON


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation: Message("user", "hello")."""

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()  # of the assistant
    tool_call_id: str | None = None  # of a tool's answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """What a model may call."""

    name: str
    description: str
    parameters: Mapping[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})  # JSON schema

    @staticmethod
    def of(function: Callable[..., object]) -> Tool:
        """A function as a tool: its name, the first line of its docstring, its type hints."""
        from pydantic import TypeAdapter

        schema = TypeAdapter(function).json_schema()  # type: ignore[arg-type]  # functions have one too
        described = (inspect.getdoc(function) or "").partition("\n")[0]
        return Tool(name=function.__name__, description=described, parameters=schema)


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion[T]:
    """A model's whole answer."""

    text: str
    data: T | None = None  # parsed, when a schema was asked for
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Usage | None = None  # None: the provider did not say
    model: str = ""  # that answered
    provider: str = ""
    finish_reason: FinishReason = "stop"
    id: str | None = None  # the provider's name for the answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A piece of a streamed answer; the last one has the whole as `completion`, with its usage."""

    text: str = ""
    completion: Completion[Any] | None = None

    @property
    def usage(self) -> Usage | None:
        """Tokens of the call, known with the last chunk."""
        return self.completion.usage if self.completion else None


@runtime_checkable
class Connector(Protocol):
    """A model that can be asked. `deadline` is a time of ecoa.clock.monotonic()."""

    @property
    def provider(self) -> str: ...

    @property
    def model(self) -> str: ...

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

    def stream(
        self,
        messages: Prompt,
        *,
        tools: Sequence[Tool] = (),
        max_tokens: int | None = None,
        deadline: float | None = None,
    ) -> AsyncIterator[Chunk]: ...


def conversation(prompt: Prompt) -> list[Message]:
    """A prompt as messages."""
    return [Message("user", prompt)] if isinstance(prompt, str) else list(prompt)
