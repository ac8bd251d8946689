"""What a test learns of a call or of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ecoa.result import Result
from ecoa.store.base import Effect

_TRIES = ("attempt", "timeout")


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of the history."""

    kind: str
    path: str | None
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Try:
    """One call of an agent's callable or model."""

    agent: str
    ok: bool
    error: Mapping[str, Any] | None = None  # {"type", "message", "retry_after"?}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial[T]:
    """How it went. `attempts` are the failed calls and those that succeeded after one, in order."""

    result: Result[T]
    events: Sequence[Happened]
    effects: Sequence[Effect]

    @property
    def attempts(self) -> list[Try]:
        """Calls of agents, as the history tells them."""
        return list(self._tries())

    @property
    def waits(self) -> list[float]:
        """Seconds between attempts."""
        return [event.data["seconds"] for event in self.events if event.kind == "retry_wait"]

    def of(self, kind: str) -> list[Happened]:
        """The events of a kind: attempt, timeout, retry_wait, fallback, breaker_open, effect, …"""
        return [event for event in self.events if event.kind == kind]

    def _tries(self) -> Iterator[Try]:
        for event in self.events:
            if event.kind in _TRIES and "agent" in event.data:
                yield Try(event.data["agent"], bool(event.data.get("ok")), event.data.get("error"))
