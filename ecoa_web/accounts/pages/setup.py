"""The page behind a set-up link: the first administrator, or an invited person, makes their account and is in."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from ecoa_web.accounts import audit, links, setup
from ecoa_web.accounts.forms import InvitedForm, SetupForm
from ecoa_web.accounts.models import SetupLink, User
from ecoa_web.accounts.pages.shell import answer

GONE = 410


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def setup_page(request: HttpRequest, token: str) -> HttpResponse:
    """A form while the link is open, else what to do instead. Looking never uses the link up, only sending does."""
    found = links.find_link(token)
    if found.link is None or found.state is not links.State.OPEN:
        return _closed(request, found.state)
    if found.link.user is not None:
        return _invited(request, found.link, found.link.user)
    if links.administrator_exists():
        return _closed(request, links.State.USED)
    return _first_administrator(request, found.link)


def _first_administrator(request: HttpRequest, link: SetupLink) -> HttpResponse:
    form = SetupForm(request.POST or None)
    if not form.is_valid():
        return answer(request, "account/setup.html", form)
    try:
        user = setup.first_administrator(link, **form.cleaned_data)
    except setup.AlreadySetUp:
        return _closed(request, links.State.USED)
    return _enter(request, user)


def _invited(request: HttpRequest, link: SetupLink, user: User) -> HttpResponse:
    form = InvitedForm(request.POST or None, user=user, initial={"name": user.name})
    if not form.is_valid():
        return answer(request, "account/setup.html", form, invited=user)
    with transaction.atomic():
        if not links.spend(link):
            return _closed(request, links.State.USED)
        user.name = form.cleaned_data["name"]
        user.set_password(form.cleaned_data["password"])
        user.save(update_fields=["name", "password"])
        audit.record("set up their account", request=request, actor=user, subject=user.email)
    return _enter(request, user)


def _enter(request: HttpRequest, user: User) -> HttpResponse:
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return redirect(settings.LOGIN_REDIRECT_URL)


def _closed(request: HttpRequest, state: links.State) -> HttpResponse:
    context = {"state": state.value, "set_up": links.administrator_exists()}
    return render(request, "account/setup_closed.html", context, status=404 if state is links.State.UNKNOWN else GONE)
