"""Breakers: how they stand; opening and closing one by hand."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone
from rest_framework.decorators import api_view

from ecoa_web.accounts.access import api_project
from ecoa_web.accounts.models import Scope
from pipelines.api import asked, forms, serializers
from pipelines.api.documented import NAME, documented
from pipelines.api.errors import told
from pipelines.people import caller_name
from pipelines.queries.breakers import breakers as stored
from pipelines.verbs import breakers as verbs
from pipelines.verbs.runs import Caller
from traces.api.forms import answer

if TYPE_CHECKING:
    from django.http import HttpResponse
    from rest_framework.request import Request

    from ecoa_web.accounts.models import Project

WINDOW = timedelta(hours=24)


@documented(serializers.BreakerList, id="list_breakers")
@api_view(["GET"])
def breaker_list(request: Request) -> HttpResponse:
    """Breakers of the project, those that are not closed first."""
    return _all(asked.readable_project(request, Scope.RUN))


@documented(serializers.BreakerList, NAME, id="open_breaker", takes=serializers.OpenInput)
@api_view(["POST"])
def open(request: Request, name: str) -> HttpResponse:
    """Let nobody through until it is closed by hand; recorded in the audit log."""
    project = api_project(request, Scope.RUN)
    wanted = asked.body(request, serializers.OpenInput)
    with told():
        verbs.open_breaker(project, name, reason=wanted["reason"], by=_caller(request))
    return _all(project)


@documented(serializers.BreakerList, NAME, id="close_breaker", takes=serializers.CloseInput)
@api_view(["POST"])
def close(request: Request, name: str) -> HttpResponse:
    """Let everybody through, until its own rule opens it again or, with hold, whatever fails."""
    project = api_project(request, Scope.RUN)
    wanted = asked.body(request, serializers.CloseInput)
    with told():
        verbs.close_breaker(project, name, reason=wanted["reason"], hold=wanted["hold"], by=_caller(request))
    return _all(project)


def _all(project: Project) -> HttpResponse:
    now = timezone.now()
    rows = stored(project.pk, start=now - WINDOW, end=now)
    return answer({"results": [forms.breaker_form(row) for row in rows]})


def _caller(request: Request) -> Caller:
    return Caller(name=caller_name(request), request=request._request)
