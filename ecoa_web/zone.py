"""Times are shown in the browser's zone, which its cookie names (static/js/times.js sets it)."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from urllib.parse import unquote

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

COOKIE = "ecoa_zone"


def zone_middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Answer each request in the zone of its browser, or in UTC when it is not known."""

    def answer(request: HttpRequest) -> HttpResponse:
        with timezone.override(browser_zone(request)):
            return get_response(request)

    return answer


def browser_zone(request: HttpRequest) -> zoneinfo.ZoneInfo:
    """The zone that the cookie names, if there is such a zone."""
    try:
        return zoneinfo.ZoneInfo(unquote(request.COOKIES.get(COOKIE, "UTC"))[:64])
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return zoneinfo.ZoneInfo("UTC")
