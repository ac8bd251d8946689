"""What a transcript is made from, and the entries it is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from traces.dialects.conversation import Conversation, Part
from traces.values import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A span, and what was said in it: None when it said nothing or was not read."""

    span_id: int
    parent_id: int | None
    kind: int  # traces.span.Kind
    status: int  # traces.span.Status
    start_ns: int
    duration_ns: int | None
    name: str
    agent: str | None = None
    model: str | None = None
    tool: str | None = None
    error_type: str | None = None
    error_message: str | None = None
    counted: bool = False  # its usage is in the sums: a model call that repeats another's is not
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float | None = None
    conversation: Conversation | None = None

    @property
    def end_ns(self) -> int:
        """When it ended; its start while it runs."""
        return self.start_ns + (self.duration_ns or 0)


# Entries are not frozen: a tool's result is known only when a later call tells it.
@dataclass(slots=True, kw_only=True)
class Speech:
    """One message, or what of it was not said before. Calls of tools are entries of their own."""

    type: Literal["message"] = "message"
    role: str  # system, user, assistant, tool, or what the sender calls it
    name: str | None
    agent: str | None
    model: str | None  # of what an assistant says
    parts: list[Part]
    finish_reason: str | None
    span_id: int
    at_ns: int


@dataclass(slots=True, kw_only=True)
class Tool:
    """A call of a tool, or another step that is asked and answers: a retrieval, a person."""

    type: Literal["tool"] = "tool"
    kind: int
    name: str | None
    call_id: str | None
    arguments: Value
    result: Value = None
    answered: bool = False  # a result is known, perhaps null
    status: int | None = None  # this and the next four: of its own span, None where it has none
    duration_ns: int | None = None
    error_type: str | None = None
    error_message: str | None = None
    span_id: int | None = None
    at_ns: int


@dataclass(slots=True, kw_only=True)
class Failure:
    """A model call that failed and said nothing."""

    type: Literal["failure"] = "failure"
    agent: str | None
    model: str | None
    error_type: str | None
    error_message: str | None
    span_id: int
    at_ns: int


@dataclass(slots=True, kw_only=True)
class Earlier:
    """What a first call sends along from before the question that it is about."""

    type: Literal["earlier"] = "earlier"
    entries: list[Entry]


@dataclass(slots=True, kw_only=True)
class Agent:
    """One time an agent worked: its own thread."""

    type: Literal["agent"] = "agent"
    agent: str
    status: int
    duration_ns: int | None
    calls: int = 0  # model calls of its own
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float | None = None
    error_type: str | None
    error_message: str | None
    span_id: int
    at_ns: int
    entries: list[Entry] = field(default_factory=list)


type Entry = Speech | Tool | Failure | Earlier | Agent
