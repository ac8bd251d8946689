"""Settings: a person's own account."""

from __future__ import annotations

from django.apps import apps
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from ecoa_web.accounts.forms import ProfileForm
from ecoa_web.accounts.models import User
from ecoa_web.accounts.pages.shell import answer, signed_in


@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """The person's name, and the ways to their password, second factor and single sign-on."""
    user = signed_in(request)
    form = ProfileForm(request.POST or None, initial={"name": user.name})
    if form.is_valid():
        user.name = form.cleaned_data["name"]
        user.save(update_fields=["name"])
        messages.success(request, "Saved.")
        return redirect("profile")
    two_factor = apps.is_installed("allauth.mfa")
    context = {"two_factor": two_factor, "two_factor_on": two_factor and _has_second_factor(user)}
    return answer(request, "settings/profile.html", form, openid=settings.CONFIG.oidc_issuer, **context)


def _has_second_factor(user: User) -> bool:
    from allauth.mfa.utils import is_mfa_enabled

    return bool(is_mfa_enabled(user))
