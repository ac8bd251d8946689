"""What every settings page does alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ecoa_web.accounts.models import User

if TYPE_CHECKING:
    from django.forms import BaseForm


def signed_in(request: HttpRequest) -> User:
    """The person behind the request; middleware has made sure that there is one."""
    if not isinstance(request.user, User):
        raise PermissionDenied("Sign in first.")
    return request.user


def answer(request: HttpRequest, template: str, form: BaseForm, **context: object) -> HttpResponse:
    """The page with its form: as typed, with what is wrong beside each field, when it was sent and is not right.

    Always 200: a browser's console and the log, which must not hold a set-up link, report anything else as an error.
    """
    return render(request, template, {"form": form, **context})
