"""What an agent or a pipeline answers: returned, never raised."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, cast

from ecoa.errors import AgentError

type Status = Literal["success", "error", "timeout", "open", "paused", "rejected", "cancelled", "unknown", "held"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of model calls, in five disjoint buckets."""

    input_tokens: int = 0  # neither read from nor written to a cache
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0  # text, without reasoning
    reasoning_tokens: int = 0

    @property
    def total_tokens(self) -> int:
        """All of them."""
        cached = self.cache_read_tokens + self.cache_write_tokens
        return self.input_tokens + cached + self.output_tokens + self.reasoning_tokens

    def __add__(self, other: Usage) -> Usage:
        return Usage(**{name: getattr(self, name) + getattr(other, name) for name in self.__slots__})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRef:
    """The review that a paused run waits for."""

    id: str
    version: int
    path: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result[T]:
    """How a call ended. True when it succeeded."""

    status: Status
    data: T | None = None
    error: AgentError | None = None
    attempts: int = 1
    duration: float = 0.0  # seconds, waits between attempts included
    trace_id: str = ""
    run_id: str | None = None
    replayed: bool = False  # a stored result: nothing was done
    usage: Usage | None = None
    confidence: float | None = None  # 0 to 1, where the output tells one
    review: ReviewRef | None = field(default=None)

    def __bool__(self) -> bool:
        return self.status == "success"

    def unwrap(self) -> T:
        """The data of a success; else raises the error."""
        if self.status == "success":
            return cast(T, self.data)
        raise self.error or AgentError(f"the result is {self.status}", type=self.status)
