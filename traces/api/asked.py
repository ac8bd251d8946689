"""Reads what a request asks for; whatever cannot be read is a 400 that names the parameter."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.http import Http404
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from ecoa_web.ranges import moment
from traces.filters import Condition, Filter, FilterError, parse
from traces.ids import span_int
from traces.queries.cursor import Cursor, CursorError, SessionCursor
from traces.queries.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import StrEnum

    from rest_framework.request import Request

DEFAULT_WIDTH = timedelta(hours=24)
MOST_ROWS = 1000
TRACE_ID = re.compile(r"[0-9a-fA-F]{32}")
SPAN_ID = re.compile(r"[0-9a-fA-F]{16}")


class InvalidFilter(ValidationError):
    """A filter that cannot be read, with the place in it."""

    def __init__(self, error: FilterError) -> None:
        super().__init__({"q": [str(error)]}, code="invalid_filter")
        self.facts = {"position": error.position, "expected": list(error.expected)}


def window(request: Request) -> Window:
    """?start= and ?end=, by default the last 24 hours."""
    now = timezone.now()
    end = _moment(request, "end") or now
    start = _moment(request, "start") or end - DEFAULT_WIDTH
    if start >= end:
        raise ValidationError({"start": ["The window ends before it starts."]}, code="invalid")
    return Window.between(start, end)


def filter(request: Request, *, means: Callable[[Filter | None], Condition]) -> Filter | None:
    """?q= as a filter that the question at hand can answer."""
    try:
        asked = parse(request.query_params.get("q", ""))
        means(asked)
    except FilterError as error:
        raise InvalidFilter(error) from None
    return asked


def limit(request: Request, *, default: int = 100) -> int:
    """?limit=, 1 to 1,000."""
    return whole(request, "limit", default=default, least=1, most=MOST_ROWS)


def after(request: Request) -> int:
    """?after=, a trace's seq that the caller already has."""
    return whole(request, "after", default=0, least=0, most=2**31 - 1)


def cursor(request: Request, kind: type[Cursor | SessionCursor] = Cursor) -> str | None:
    """?cursor=, the `next` of the page before."""
    text = request.query_params.get("cursor") or None
    try:
        return text if text is None else str(kind.read(text))
    except CursorError as error:
        raise ValidationError({"cursor": [f"This is {error}."]}, code="invalid") from None


def whole(request: Request, name: str, *, default: int, least: int, most: int) -> int:
    """A whole number within bounds."""
    text = request.query_params.get(name) or str(default)
    if not re.fullmatch(r"[0-9]{1,10}", text) or not least <= int(text) <= most:
        raise ValidationError({name: [f"A whole number from {least:,} to {most:,}."]}, code="invalid")
    return int(text)


def choice[E: StrEnum](request: Request, name: str, choices: type[E], *, default: E) -> E:
    """One of an enumeration's values."""
    try:
        return choices(request.query_params.get(name) or default)
    except ValueError:
        raise ValidationError({name: [f"One of {', '.join(choices)}."]}, code="invalid") from None


def trace_id(text: str) -> str:
    """A trace's id as it stands in a path; what cannot be one is the id of no trace."""
    if not TRACE_ID.fullmatch(text):
        raise Http404("There is no such trace.")
    return text.lower()


def span_id(text: str) -> int:
    """A span's id as it stands in a path; what cannot be one is the id of no span."""
    if not SPAN_ID.fullmatch(text):
        raise Http404("There is no such span.")
    return span_int(text)


def found[T](answer: T | None, what: str) -> T:
    """The answer, or a 404."""
    if answer is None:
        raise Http404(f"There is no such {what}.")
    return answer


def _moment(request: Request, name: str) -> datetime | None:
    text = request.query_params.get(name)
    try:
        return moment(text, timezone.now()) if text else None
    except ValueError:
        message = "A time is RFC 3339, such as 2026-11-22T14:00:00Z, or so long ago, such as -1h."
        raise ValidationError({name: [message]}, code="invalid") from None
