"""Every error of the API has one form."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest
from django.test import Client, RequestFactory
from psycopg.errors import AdminShutdown, QueryCanceled
from psycopg_pool import PoolTimeout
from rest_framework import exceptions
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from ecoa_web.api_errors import exception_handler, failed


def told(error: Exception) -> object:
    answer = exception_handler(error, {"view": APIView(), "request": APIRequestFactory().get("/")})
    return answer and answer.data


@pytest.mark.django_db
def test_an_unknown_route_of_the_api_is_told_in_json() -> None:
    """Whereas people get a page."""
    answer = Client().get("/api/v1/no-such-thing")

    assert answer.status_code == 404
    assert answer.json() == {"error": {"code": "not_found", "message": "There is no such route.", "field": None}}
    assert Client().get("/no-such-thing").headers["Content-Type"].startswith("text/html")


def test_a_failure_tells_nothing_of_the_inside(rf: RequestFactory) -> None:
    """The log knows more."""
    request: HttpRequest = rf.get("/api/v1/traces")

    assert b"internal_error" in failed(request).content


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("cause", "wait", "words"),
    [
        (AdminShutdown(), "2", b"The database does not answer just now"),
        (PoolTimeout(), "2", b"The database does not answer just now"),
        (QueryCanceled(), None, b"This takes too long to answer"),
    ],
)
def test_without_a_database_people_and_machines_get_a_503(
    cause: Exception, wait: str | None, words: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it is missed, in a view or before one; what takes too long is told apart, as asking again is no help."""
    error = OperationalError("gone")
    error.__cause__ = cause

    def away(*_: object) -> None:
        raise error

    monkeypatch.setattr("ecoa_web.accounts.pages.setup.links.find_link", away)
    page = Client(raise_request_exception=False).get("/setup/abc/")
    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", away)
    stranger = Client(raise_request_exception=False)
    stranger.cookies[settings.SESSION_COOKIE_NAME] = "a" * 32
    machine = stranger.get("/api/v1/traces")

    assert (page.status_code, page.headers.get("Retry-After")) == (503, wait)
    assert words in page.content
    assert (machine.status_code, machine.headers.get("Retry-After")) == (503, wait)
    assert machine.json()["error"]["code"] == ("unavailable" if wait else "too_slow")


def test_a_validation_error_names_its_field() -> None:
    """The first one, dotted where it is nested; without a field where it is about the whole."""
    nested = exceptions.ValidationError({"rule": [{"window": [exceptions.ErrorDetail("Too long.", code="max")]}]})
    whole = exceptions.ValidationError({"non_field_errors": ["Start is after end."]})

    assert told(nested) == {"error": {"code": "max", "message": "Too long.", "field": "rule.window"}}
    assert told(whole) == {"error": {"code": "invalid", "message": "Start is after end.", "field": None}}


def test_an_unknown_error_is_not_swallowed() -> None:
    """It goes on to Django's handler, and the log."""
    assert told(RuntimeError("bug")) is None
