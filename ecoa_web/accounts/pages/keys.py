"""Settings: a project's keys. Members see that they exist; owners make and revoke them."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from ecoa_web.accounts import audit, keys
from ecoa_web.accounts.access import role_in, visible_project
from ecoa_web.accounts.forms import KeyForm
from ecoa_web.accounts.models import ApiKey, Project, Role
from ecoa_web.accounts.pages.shell import answer, signed_in
from ecoa_web.accounts.snippets import otel_environment


@require_http_methods(["GET", "HEAD", "POST"])
def key_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The keys, and a form that makes one; the answer to that shows the key, this once."""
    user = signed_in(request)
    project = visible_project(user, slug, Role.OWNER if request.method == "POST" else Role.VIEWER)
    form = KeyForm(request.POST or None)
    if form.is_valid():
        return _made(request, project, form)
    found = ApiKey.objects.filter(project=project).select_related("created_by").order_by("-created_at")
    owner = role_in(user, project) == Role.OWNER
    in_use = [key for key in found if key.revoked_at is None]
    ended = [key for key in found if key.revoked_at is not None]
    return answer(request, "settings/keys.html", form, in_use=in_use, ended=ended, owner=owner, shown=project)


@require_http_methods(["GET", "HEAD", "POST"])
def key_revoke(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """End a key, after asking."""
    project = visible_project(signed_in(request), slug, Role.OWNER)
    key = get_object_or_404(ApiKey, pk=pk, project=project)
    if request.method != "POST":
        return render(request, "settings/key_revoke.html", {"key": key, "shown": project})
    with transaction.atomic():
        if keys.revoke(key):
            audit.record("revoked the key", request=request, project=project, subject=key.name, prefix=key.prefix)
    messages.success(request, f"The key {key.name} is revoked.")
    return redirect("keys", slug)


def _made(request: HttpRequest, project: Project, form: KeyForm) -> HttpResponse:
    by = signed_in(request)
    with transaction.atomic():
        key, secret = keys.new_key(project, name=form.cleaned_data["name"], scopes=form.cleaned_data["scopes"], by=by)
        audit.record(
            "made the key", request=request, project=project, subject=key.name, prefix=key.prefix, scopes=key.scopes
        )
    lines = "\n".join(otel_environment(settings.CONFIG, secret))
    response = render(
        request, "settings/key_made.html", {"key": key, "secret": secret, "lines": lines, "shown": project}
    )
    response.headers["Cache-Control"] = "no-store"
    return response
