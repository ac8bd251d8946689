"""What can go wrong, in one tree.

EcoaError
├── AgentError                 an agent's failure; carried by Result.error, raised by Result.unwrap()
│   ├── TransientError         worth another attempt (connection, 408, 409-lock, 429, 5xx)
│   │   ├── RateLimited        429; has retry_after
│   │   ├── Overloaded         503, 529
│   │   ├── AgentTimeout       an attempt, the agent's total or the run's deadline ran out
│   │   └── MalformedOutput    the model's answer does not fit its schema
│   ├── CircuitOpen            the breaker refuses; has retry_after
│   ├── BudgetExhausted        the retry budget of this target is empty
│   ├── EffectUnknown          a guarded effect may or may not have happened
│   ├── Rejected               a reviewer said no
│   └── ResultNotSerializable  the result has no JSON form, or is larger than allowed
├── Fenced                     another worker holds this node now: write nothing
├── IdempotencyConflict        the same start key with another input
├── PipelineChanged            the running code cannot continue a run that began under another definition
├── SessionConflict            a session's value changed since it was read; nothing was written
├── ReviewConflict             already decided, or another version of it was on the screen (409)
├── ReviewExpired              its time is over (410)
├── EditInvalid                an edit does not fit the schema (422)
├── NotFound                   no such run, node, review
├── Misuse                     the program asks for what cannot work; raised, never a Result
│   └── UnknownAgent           no agent of that name is registered
└── StoreUnavailable           the database does not answer
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class EcoaError(Exception):
    """Everything that ecoa raises. The docstring of a class is its default message."""

    def __init__(self, message: str | None = None, /) -> None:
        super().__init__(message or (type(self).__doc__ or "").partition("\n")[0])

    @property
    def message(self) -> str:
        """What went wrong, for people."""
        return str(self.args[0])


class AgentError(EcoaError):
    """An agent failed."""

    transient = False  # whether another attempt may help

    def __init__(
        self, message: str | None = None, /, *, type: str | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.type = type or self.__class__.__name__
        self.retry_after = retry_after

    def describe(self) -> dict[str, Any]:  # JSON
        """Its stored form: {"type", "message", "retry_after"?}."""
        told: dict[str, Any] = {"type": self.type, "message": self.message}
        return told if self.retry_after is None else {**told, "retry_after": self.retry_after}

    @staticmethod
    def from_description(told: Mapping[str, Any]) -> AgentError:
        """The error of a stored form; its class when it is one of this module's."""
        kind = globals().get(told["type"], AgentError)
        if not (isinstance(kind, type) and issubclass(kind, AgentError)):
            kind = AgentError
        return kind(told["message"], type=told["type"], retry_after=told.get("retry_after"))


class TransientError(AgentError):
    """A failure that another attempt may not meet."""

    transient = True


class RateLimited(TransientError):
    """Too many requests."""


class Overloaded(TransientError):
    """The provider is overloaded."""


class AgentTimeout(TransientError):
    """No answer in time."""


class MalformedOutput(TransientError):
    """The answer does not fit its schema."""

    def __init__(
        self,
        message: str | None = None,
        /,
        *,
        type: str | None = None,
        retry_after: float | None = None,
        raw: str | None = None,
    ) -> None:
        super().__init__(message, type=type, retry_after=retry_after)
        self.raw = None if raw is None else raw[:2_000]  # the beginning of what came; not stored with the error


class CircuitOpen(AgentError):
    """The circuit breaker is open."""


class BudgetExhausted(AgentError):
    """The retry budget is empty."""


class EffectUnknown(AgentError):
    """It is not known whether the effect happened."""


class Rejected(AgentError):
    """A reviewer rejected it."""


class ResultNotSerializable(AgentError):
    """The result cannot be stored as JSON."""


class Fenced(EcoaError):
    """Another worker holds this node now."""


class IdempotencyConflict(EcoaError):
    """This idempotency key was used with another input."""


class PipelineChanged(EcoaError):
    """The pipeline changed so that this run cannot be continued."""


class SessionConflict(EcoaError):
    """The session's values changed since they were read."""


class ReviewConflict(EcoaError):
    """The review is decided already, or changed since it was shown."""

    def __init__(self, message: str | None = None, /, *, decided: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.decided = decided  # {"by", "decision", "at"} when somebody was first


class ReviewExpired(EcoaError):
    """The review expired."""


class EditInvalid(EcoaError):
    """The edit does not fit the schema."""

    def __init__(self, message: str | None = None, /, *, problems: tuple[Mapping[str, str], ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems  # {"path": "items/0/sku", "message": "…"}


class NotFound(EcoaError):
    """There is no such thing."""


class StoreNotReady(NotFound):
    """The database has no tables of ECOA, or not the project."""


class Misuse(EcoaError):
    """The program asks for what cannot work."""


class UnknownAgent(Misuse):
    """No agent of this name is registered."""


class StoreUnavailable(EcoaError):
    """The store does not answer."""
