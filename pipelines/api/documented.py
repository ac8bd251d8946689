"""Says in the OpenAPI schema what a view takes and answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema

from pipelines.api.serializers import Refusal
from traces import serializers
from traces.api.documented import PROJECT

if TYPE_CHECKING:
    from collections.abc import Callable

    from rest_framework.serializers import Serializer

    type Form = type[Serializer[object]] | Serializer[object]

RUN_ID = OpenApiParameter("run_id", OpenApiTypes.UUID, OpenApiParameter.PATH, description="The run's id.")
REVIEW_ID = OpenApiParameter("review_id", OpenApiTypes.UUID, OpenApiParameter.PATH, description="The review's id.")
NAME = OpenApiParameter("name", OpenApiTypes.STR, OpenApiParameter.PATH, description="Its name.")


def documented(
    answer: Form,
    *parameters: OpenApiParameter,
    id: str,
    takes: Form | None = None,
    status: int = 200,
    refusals: tuple[int, ...] = (),
    method: str | None = None,
    description: str | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The schema of a view: what it takes and answers, and every error's form. The docstring is its description.

    A route with two methods is described twice, each with its method and description.
    """
    errors: dict[int, Any] = dict.fromkeys((400, 401, 403, 404), serializers.Error)  # Any: as drf-spectacular takes it
    errors |= dict.fromkeys(refusals, Refusal)
    return extend_schema(
        operation_id=id,
        parameters=[*parameters, PROJECT],
        request=takes,
        responses={status: answer, **errors},
        methods=[method] if method else None,
        description=description,
    )
