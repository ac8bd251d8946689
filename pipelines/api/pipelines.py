"""Pipelines: their health, and what one of them is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.decorators import api_view

from ecoa_web.accounts.models import Scope
from pipelines.api import asked, forms, serializers
from pipelines.api.documented import NAME, documented
from pipelines.queries.pipelines import pipeline_health
from pipelines.verbs.definitions import known
from traces.api.asked import found, window
from traces.api.documented import END, START
from traces.api.forms import answer
from traces.queries.window import to_datetime

if TYPE_CHECKING:
    from django.http import HttpResponse
    from rest_framework.request import Request


@documented(serializers.PipelineList, START, END, id="list_pipelines")
@api_view(["GET"])
def pipeline_list(request: Request) -> HttpResponse:
    """Every pipeline that the project ran, by name."""
    project = asked.readable_project(request, Scope.RUN)
    between = window(request)
    rows = pipeline_health(project.pk, start=to_datetime(between.start_ns), end=to_datetime(between.end_ns))
    return answer({"results": [forms.health_form(row) for row in rows]})


@documented(serializers.PipelineDetail, NAME, id="get_pipeline")
@api_view(["GET"])
def pipeline(request: Request, name: str) -> HttpResponse:
    """What a pipeline is: its steps, its policies in numbers, the schema of its input."""
    project = asked.readable_project(request, Scope.RUN)
    it = found(known(project, name) if "\0" not in name else None, "pipeline")
    return answer({"name": it.name, "hash": it.definition_hash, "definition": it.definition, "here": it.here})
