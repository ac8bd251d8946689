"""What holds for every answer of Django: the Host is ours, browsers are told what pages may do, sessions age by use."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from django.contrib.auth import SESSION_KEY
from django.utils.deprecation import MiddlewareMixin

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

UNUSED = ("accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "microphone", "payment", "usb")
PERMISSIONS_POLICY = ", ".join(f"{feature}=()" for feature in UNUSED)
TOUCH_EVERY_S = 15 * 60
TOUCHED = "ecoa_touched"


class HostAndHeadersMiddleware(MiddlewareMixin):
    """Refuses foreign hosts before anything else runs (Django looks only when a view asks), and adds headers."""

    def process_request(self, request: HttpRequest) -> None:
        request.get_host()

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        return response


class SessionAgeMiddleware(MiddlewareMixin):
    """Lets a session end so long after its last use, not after its start, at one write in a quarter of an hour."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        session = request.session
        if not session.accessed or SESSION_KEY not in session:  # a view that asked for nobody stays without a query
            return response
        response.headers.setdefault("Cache-Control", "private, no-cache")
        now = int(time.time())
        if now - session.get(TOUCHED, 0) > TOUCH_EVERY_S:
            session[TOUCHED] = now
        return response
