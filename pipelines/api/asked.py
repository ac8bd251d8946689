"""Reads what a request asks for; whatever cannot be read is a 400 that names the parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.exceptions import ValidationError

from ecoa_web.accounts.access import api_project
from ecoa_web.accounts.key_cache import KeyInfo
from ecoa_web.accounts.models import Scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rest_framework.request import Request
    from rest_framework.serializers import Serializer

    from ecoa_web.accounts.models import Project


def readable_project(request: Request, also: Scope) -> Project:
    """The project, for who may read it; a key may have the scope for changing these things instead of that to read."""
    key = request.auth
    changes = isinstance(key, KeyInfo) and not key.allows(Scope.READ) and key.allows(also)
    return api_project(request, also if changes else Scope.READ)


def body(request: Request, form: type[Serializer[Any]]) -> dict[str, Any]:
    """The checked fields of the JSON that was sent."""
    asked = form(data=request.data)
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)


def some_of(request: Request, name: str, choices: Sequence[str], *, default: Sequence[str]) -> list[str]:
    """?name=a,b: some of these words, or the default."""
    asked = [word for word in request.query_params.get(name, "").split(",") if word]
    if wrong := sorted(set(asked) - set(choices)):
        raise ValidationError({name: [f"One or more of {', '.join(choices)}, not {wrong[0]}."]}, code="invalid")
    return asked or list(default)


def text(request: Request, name: str) -> str | None:
    """?name=, a text; None when it is not asked."""
    asked = request.query_params.get(name) or None
    if asked is not None and ("\0" in asked or len(asked) > 1_000):
        raise ValidationError({name: ["A text of at most 1,000 characters without NUL."]}, code="invalid")
    return asked
