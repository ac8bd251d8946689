"""What an exception means: whether another attempt may help, whether the target is ill, whether anything was sent.

Exceptions of HTTP clients are known by their shape (`status_code`, `response.status_code`, class names of httpx), so
that no client has to be imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from ecoa.errors import (
    AgentError,
    AgentTimeout,
    BudgetExhausted,
    CircuitOpen,
    EcoaError,
    EffectUnknown,
    Fenced,
    IdempotencyConflict,
    MalformedOutput,
    Misuse,
    Overloaded,
    RateLimited,
    Rejected,
    ResultNotSerializable,
    StoreUnavailable,
    TransientError,
)

type Health = Literal["ill", "well", "unclear"]

NEVER_RETRIED = (BudgetExhausted, CircuitOpen, EffectUnknown, Rejected, ResultNotSerializable)
_TRANSIENT_STATUS = frozenset({408, 409, 425, 429})
_TIMEOUTS = frozenset({"TimeoutException", "Timeout", "APITimeoutError"})  # of httpx, requests, the providers' SDKs
_TRANSPORT = frozenset({"TransportError", "ConnectionError", "APIConnectionError"})
_NOT_SENT = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout", "ConnectionRefusedError"})
_NOT_THE_AGENTS = (Fenced, IdempotencyConflict, Misuse)
# What the caller or the code did wrong says nothing about the target.
_OURS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NameError,
    NotImplementedError,
    TypeError,
    ValueError,
)


def as_agent_error(exception: Exception) -> AgentError:
    """The exception as ecoa's error, with the exception as its cause; an AgentError as it is."""
    if isinstance(exception, AgentError):
        return exception
    error = _translated(exception)
    error.__cause__ = exception
    return error


def passes_through(exception: BaseException) -> bool:
    """Whether it is for the engine or the programmer, not a failure of the agent: raised, never a Result."""
    return isinstance(exception, _NOT_THE_AGENTS) or getattr(exception, "passes_through", False)


def status_of(exception: BaseException) -> int | None:
    """The HTTP status that it carries."""
    for holder in (exception, getattr(exception, "response", None)):
        status = getattr(holder, "status_code", None)
        if isinstance(status, int):
            return status
    return None


def health(exception: BaseException | None) -> Health:
    """What the end of a call says about its target: a breaker counts `ill` against it and `well` for it.

    Ill: timeouts, connection errors, 5xx, an AgentError that somebody raised over the whole of some work, and unknown
    exceptions. Well: other 4xx. Unclear: throttling, malformed answers, cancellation, mistakes in code or input.
    """
    if exception is None:
        return "well"
    if passes_through(exception):
        return "unclear"
    status = status_of(exception)
    if status is not None:
        return "ill" if status >= 500 or status == 408 else "unclear" if status == 429 else "well"
    if isinstance(exception, EcoaError):
        return "ill" if _blames_target(exception) else "unclear"
    return "ill" if isinstance(exception, Exception) and not isinstance(exception, _OURS) else "unclear"


def never_sent(exception: BaseException) -> bool:
    """Whether it is certain that the target did nothing: refused, throttled, not reached, or the agent said no."""
    origin = exception.__cause__ or exception
    status = status_of(origin)
    if status is not None:
        return 400 <= status < 500 and status not in {408, 409, 425}
    if not isinstance(origin, AgentError):
        return _names(origin) & _NOT_SENT != set()
    said_no = _is_plain(origin) and origin is exception and not _hides_doubt(exception)
    return said_no or isinstance(origin, RateLimited | CircuitOpen)


def _hides_doubt(exception: BaseException) -> bool:
    """It was raised while a lost answer was handled: saying no then says nothing. `from None` would."""
    around = None if exception.__suppress_context__ else exception.__context__
    return isinstance(around, Exception) and as_agent_error(around).transient and not never_sent(around)


def _translated(exception: Exception) -> AgentError:
    kind, message = type(exception).__name__, _told(exception)
    status = status_of(exception)
    if status is not None:
        return _of_status(status, message, _headers(exception))
    if isinstance(exception, TimeoutError) or _names(exception) & _TIMEOUTS:
        return AgentTimeout(message)
    if isinstance(exception, ConnectionError | StoreUnavailable) or _names(exception) & _TRANSPORT:
        return TransientError(message, type=kind)
    return AgentError(message, type=kind)


def _told(exception: Exception) -> str:
    kind = type(exception).__name__
    try:
        return str(exception) or kind
    except Exception as error:  # somebody else's __str__
        return f"{kind}, whose message cannot be told: {type(error).__name__}"


def _of_status(status: int, message: str, headers: Mapping[str, str]) -> AgentError:
    from ecoa.connectors.failures import retry_after

    wait = retry_after(headers)
    if status == 429:
        return RateLimited(message, retry_after=wait)
    if status in (503, 529):
        return Overloaded(message, retry_after=wait)
    if status in (408, 504):
        return AgentTimeout(message, retry_after=wait)
    if status in _TRANSIENT_STATUS or status >= 500:
        return TransientError(message, type=f"HTTP {status}", retry_after=wait)
    return AgentError(message, type=f"HTTP {status}")


def _headers(exception: Exception) -> Mapping[str, str]:
    headers: Any = getattr(getattr(exception, "response", None), "headers", None)  # of any client
    return headers if isinstance(headers, Mapping) else {}


def _names(exception: BaseException) -> set[str]:
    return {cls.__name__ for cls in type(exception).__mro__}


def _blames_target(error: EcoaError) -> bool:
    if isinstance(error, RateLimited | MalformedOutput):
        return False
    return isinstance(error, TransientError) or _is_plain(error)


def _is_plain(error: EcoaError) -> bool:
    """An AgentError or a subclass of the program's own, not one of ecoa's special ones or a translated exception."""
    special = isinstance(error, (TransientError, *NEVER_RETRIED))
    return isinstance(error, AgentError) and not special and error.type == type(error).__name__
