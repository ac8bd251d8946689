"""The API's schema, and a page that shows it. Of our own making: the common ones need inline styles or eval."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from django.shortcuts import render
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.response import Response

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest, HttpResponse
    from rest_framework.request import Request

type Schema = dict[str, Any]  # a piece of an OpenAPI document


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """What an operation may be asked."""

    name: str
    where: str
    type: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A member of an answer, by its path in it: `results[].trace_id`."""

    name: str
    type: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One route and method."""

    id: str
    method: str
    path: str
    description: str
    parameters: list[Parameter]
    fields: list[Field]


@extend_schema(exclude=True)
@api_view(["GET"])
def schema(request: Request) -> Response:
    """The OpenAPI document."""
    return Response(openapi())


def browse(request: HttpRequest) -> HttpResponse:
    """The document as a page."""
    return render(request, "api/docs.html", {"operations": operations(openapi())})


@cache
def openapi() -> Schema:
    """The OpenAPI document of every route of the API."""
    document: Schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return document


def operations(document: Schema) -> list[Operation]:
    """What the page shows of a document, in its order."""
    return [
        Operation(
            id=operation["operationId"],
            method=method.upper(),
            path=path,
            description=operation.get("description", ""),
            parameters=[_parameter(parameter) for parameter in operation.get("parameters", [])],
            fields=list(_fields(_answer(operation), document)),
        )
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def _parameter(parameter: Schema) -> Parameter:
    return Parameter(
        name=parameter["name"],
        where=parameter["in"],
        type=_type(parameter["schema"]),
        description=parameter.get("description", ""),
    )


def _answer(operation: Schema) -> Schema:
    """The schema of what an operation answers when all is well."""
    response: Schema = next((answer for status, answer in operation["responses"].items() if status.startswith("2")), {})
    media: Schema = next(iter(response.get("content", {}).values()), {})
    found: Schema = media.get("schema", {})
    return found


def _fields(part: Schema, document: Schema, *, inside: str = "") -> Iterator[Field]:
    for name, member in _resolved(part, document).get("properties", {}).items():
        inner = _resolved(member, document)
        path = f"{inside}{name}{'[]' if inner.get('type') == 'array' else ''}"
        yield Field(name=path, type=_type(inner), description=inner.get("description", ""))
        yield from _fields(inner.get("items", inner), document, inside=f"{path}.")


def _resolved(part: Schema, document: Schema) -> Schema:
    """A part with its reference followed; what is said beside the reference stays."""
    for wrapper in (part, *part.get("allOf", ()), *part.get("oneOf", ())):
        if "$ref" in wrapper:
            name = wrapper["$ref"].rpartition("/")[2]
            return {**document["components"]["schemas"][name], **{k: v for k, v in part.items() if k != "$ref"}}
    return part


def _type(part: Schema) -> str:
    """A type in a word or two."""
    name = "list" if part.get("type") == "array" else part.get("format") or part.get("type") or "object"
    values = " | ".join(value for value in part.get("enum", ()) if value)
    return f"{values or name}{' or null' if part.get('nullable') else ''}"
