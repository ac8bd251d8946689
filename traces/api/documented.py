"""Says in the OpenAPI schema what a view is asked and answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema

from traces import serializers
from traces.queries.latency import GroupBy

if TYPE_CHECKING:
    from collections.abc import Callable

    from rest_framework.serializers import Serializer

START = OpenApiParameter("start", str, description="RFC 3339, or so long ago: -1h. By default a day before end.")
END = OpenApiParameter("end", str, description="RFC 3339, or so long ago: -5m. By default now.")
LIMIT = OpenApiParameter("limit", int, description="1 to 1,000, by default 100.")
CURSOR = OpenApiParameter("cursor", str, description="The next of the page before.")
AFTER = OpenApiParameter("after", int, description="A seq: only spans written after it.")
PROJECT = OpenApiParameter("project", str, description="A project's slug; by default the key's, or your first one.")
TRACE_ID = OpenApiParameter("trace_id", OpenApiTypes.STR, OpenApiParameter.PATH, description="32 hex digits.")
SPAN_ID = OpenApiParameter("span_id", OpenApiTypes.STR, OpenApiParameter.PATH, description="16 hex digits.")
TRACE_FILTER = OpenApiParameter("q", str, description="A filter, such as status:error agent:triage duration>3s.")
GROUP_BY = OpenApiParameter("group_by", str, enum=[group.value for group in GroupBy], description="By default agent.")
FIGURE_FILTER = OpenApiParameter(
    "q", str, description="A filter over kind, service, agent, model, provider, tool, pipeline, version and env."
)


def documented(
    answer: type[Serializer[object]] | Serializer[object], *parameters: OpenApiParameter, id: str
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The schema of a GET: its answer, its parameters and every error's form. The docstring is its description."""
    errors = dict.fromkeys((400, 401, 403, 404), serializers.Error)
    return extend_schema(operation_id=id, parameters=[*parameters, PROJECT], responses={200: answer, **errors})
