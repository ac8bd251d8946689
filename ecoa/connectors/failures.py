"""A provider's failures as ecoa's errors: what may be tried again, and when."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from ecoa import clock
from ecoa.errors import AgentError, AgentTimeout, Overloaded, RateLimited, TransientError

_PAID_UP = frozenset({"insufficient_quota", "billing_hard_limit_reached"})  # 429, but waiting does not help
_BY_STATUS: dict[int, type[AgentError]] = {
    408: AgentTimeout,
    409: TransientError,
    429: RateLimited,
    503: Overloaded,
    504: AgentTimeout,
    529: Overloaded,
}
_BY_TYPE: dict[str, type[AgentError]] = {  # of errors inside a stream that began with 200
    "overloaded_error": Overloaded,
    "rate_limit_error": RateLimited,
    "rate_limit_exceeded": RateLimited,
    "timeout_error": AgentTimeout,
    "api_error": TransientError,
    "server_error": TransientError,
}
_MESSAGE = 500  # characters of what a provider says


def failure(status: int | None, message: str, *, kind: str | None = None, headers: Mapping[str, str]) -> AgentError:
    """The error for an HTTP status, the provider's word for what went wrong, and the answer's headers."""
    told = message.strip()[:_MESSAGE] or f"HTTP {status}"
    made = None if kind in _PAID_UP else _BY_STATUS.get(status or 0) or _BY_TYPE.get(kind or "")
    if made is None and status is not None and status >= 500:
        made = TransientError
    if made is None:
        return AgentError(told, type=kind or f"HTTP {status}")
    named = f"HTTP {status}" if made is TransientError and status is not None and status >= 400 else None
    return made(told, type=named, retry_after=retry_after(headers))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the provider asks to wait: Retry-After in its forms, else when what is used up comes back."""
    lower = {name.lower(): value for name, value in headers.items()}
    milliseconds = _number(lower.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    if "retry-after" in lower:
        return _moment_or_seconds(lower["retry-after"])
    waits = [wait for name, wait in _resets(lower) if _used_up(name, lower)]
    return max(waits, default=None)


def _resets(headers: Mapping[str, str]) -> list[tuple[str, float]]:
    """What is limited and the seconds until it is full again: x-ratelimit-reset-X or anthropic-ratelimit-X-reset."""
    found = []
    for name, value in headers.items():
        if name.startswith("x-ratelimit-reset-"):
            wait = _duration(value)
        elif name.startswith("anthropic-ratelimit-") and name.endswith("-reset"):
            wait = _moment_or_seconds(value)
        else:
            continue
        if wait is not None:
            found.append((name, wait))
    return found


def _used_up(reset: str, headers: Mapping[str, str]) -> bool:
    return _number(headers.get(reset.replace("reset", "remaining"))) == 0


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if 0 <= number < 1e9 else None


def _moment_or_seconds(text: str) -> float | None:
    """Seconds, or the seconds until an HTTP date or an ISO time."""
    seconds = _number(text)
    if seconds is not None:
        return seconds
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        try:
            at = parsedate_to_datetime(text)
        except ValueError:
            return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - clock.now()).total_seconds())


_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_PIECE = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")


def _duration(text: str) -> float | None:
    """OpenAI's "6m0s" or "20ms", in seconds."""
    pieces = _PIECE.findall(text)
    return sum(float(number) * _UNITS[unit] for number, unit in pieces) if pieces else _number(text)
