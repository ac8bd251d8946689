"""Every error of the API in one form: {"error": {"code", "message", "field"}}. What pages say when nothing works."""

from __future__ import annotations

import sys
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.views.defaults import page_not_found, server_error
from psycopg.errors import QueryCanceled
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler as rest_handler

API = "/api/"
log = structlog.get_logger(__name__)


class Unavailable(exceptions.APIException):
    """The database does not answer, or not in time."""

    status_code = 503
    default_code = "unavailable"
    default_detail = "The database does not answer just now. Try again in a moment."
    wait = 2  # seconds, for Retry-After


class TooSlow(exceptions.APIException):
    """The database answers, but not this question in time. Asking again would not help."""

    status_code = 503
    default_code = "too_slow"
    default_detail = "This takes too long to answer. Ask for a shorter time, or for less in one filter."


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """REST framework's handler, with our body; a database that is away is a 503, what nobody knows stays a 500."""
    if (away := database_trouble(error)) is not None:
        log.warning("api_without_database", error=type(error.__cause__ or error).__name__)
        error = away
    response = rest_handler(error, context)
    if response is not None:
        response.data = body(*_told(error))
        response.data["error"].update(getattr(error, "facts", {}))  # more that an error of ours knows
    return response


def body(code: str, message: str, field: str | None = None) -> dict[str, dict[str, str | None]]:
    """The body of an error."""
    return {"error": {"code": code, "message": message, "field": field}}


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404: machines get our form, people a page."""
    if request.path.startswith(API):
        return JsonResponse(body("not_found", "There is no such route."), status=404)
    return page_not_found(request, exception)


def failed(request: HttpRequest) -> HttpResponse:
    """Django's handler500, the same way. A database that is away is a 503, on pages too."""
    away = database_trouble(sys.exc_info()[1])
    if away is not None:
        return _unavailable(request, away)
    if request.path.startswith(API):
        return JsonResponse(body("internal_error", "Something went wrong here; it is in the log."), status=500)
    return server_error(request)


def database_trouble(error: BaseException | None) -> Unavailable | TooSlow | None:
    """What is said of an error that only means that the database did not answer; None for any other."""
    if not isinstance(error, (OperationalError, InterfaceError)):
        return None
    return TooSlow() if isinstance(error.__cause__, QueryCanceled) else Unavailable()


def _unavailable(request: HttpRequest, away: Unavailable | TooSlow) -> HttpResponse:
    status, wait = away.status_code, getattr(away, "wait", None)
    if request.path.startswith(API):
        answer: HttpResponse = JsonResponse(body(away.default_code, str(away.detail)), status=status)
    else:
        answer = HttpResponse(render_to_string("503.html", {"wait": wait}), status=status)
    if wait is not None:
        answer.headers["Retry-After"] = str(wait)
    return answer


def _told(error: Exception) -> tuple[str, str, str | None]:
    match error:
        case Http404():
            return "not_found", str(error) or "There is no such thing here.", None
        case PermissionDenied():
            return "permission_denied", str(error) or "You may not do this.", None
        case exceptions.APIException():
            field, detail = _first(error.detail)
            return getattr(detail, "code", None) or error.default_code, str(detail), field
        case _:
            return "error", str(error), None


def _first(detail: Any, field: str | None = None) -> tuple[str | None, Any]:  # as nested as the serializer that raised
    """The first message in a detail, and the dotted name of its field."""
    while isinstance(detail, (dict, list)) and detail:
        if isinstance(detail, list):
            detail = detail[0]
            continue
        name, detail = next(iter(detail.items()))
        if name != "non_field_errors":
            field = f"{field}.{name}" if field else str(name)
    return field, detail
