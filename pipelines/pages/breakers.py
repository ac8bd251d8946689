"""Breakers and limiters: how they stand, why, since when; a person may hold a breaker open or closed."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from ecoa_web.accounts.access import role_in, visible_project
from ecoa_web.accounts.models import Role
from ecoa_web.ranges import time_range
from pipelines.pages.acts import caller, done, said
from pipelines.queries.breakers import LAST_BEFORE, changes, limiters
from pipelines.queries.breakers import breakers as stored
from pipelines.verbs import breakers as verbs

CHANGES = 50
HELP = {
    "open": "Nobody gets through until somebody closes it: calls fail at once, or take their fallback.",
    "close": "Everybody gets through again.",
}
SMALLEST = 'retry = RetryPolicy()\nAgent("charge", charge, retry_policy=retry, breaker=CircuitBreaker(name="payments"))'


@require_safe
def breakers(request: HttpRequest, slug: str) -> HttpResponse:
    """The page, or its live part; ?name= narrows the history, ?before= goes on in it."""
    project = visible_project(request.user, slug)
    shown = time_range(request.GET, timezone.now())
    name, before = request.GET.get("name", "").replace("\0", "")[:300], request.GET.get("before", "")
    place = int(before) if before.isdecimal() and len(before) < 19 else LAST_BEFORE
    history = changes(project.pk, name=name, before=place, limit=CHANGES + 1)
    context = {
        "project": project,
        "range": shown,
        "breakers": stored(project.pk, start=shown.start, end=shown.end),
        "limiters": limiters(project.pk),
        "history": history[:CHANGES],
        "next": history[CHANGES - 1].id if len(history) > CHANGES else None,
        "name": name,
        "editor": (role_in(request.user, project) or 0) >= Role.EDITOR,
        "smallest": SMALLEST,
    }
    part = "#live" if request.GET.get("part") == "live" else ""
    return render(request, f"pipelines/breakers.html{part}", context)


@require_http_methods(["GET", "HEAD", "POST"])
def act(request: HttpRequest, slug: str, act: str) -> HttpResponse:
    """Ask why, then open or close a breaker by hand."""
    project = visible_project(request.user, slug, Role.EDITOR)
    name = (said(request, "name") or request.GET.get("name", "")).replace("\0", "")
    if act not in HELP or not name:
        raise Http404("There is no such breaker.")
    reason = said(request, "reason")
    if request.method != "POST" or not reason:
        context = {"project": project, "act": act, "name": name, "help": HELP[act], "unsaid": request.method == "POST"}
        return render(request, "pipelines/breaker_act.html", context, status=422 if context["unsaid"] else 200)
    by, hold = caller(request), request.POST.get("hold") == "yes"
    if act == "open":
        went = done(request, lambda: verbs.open_breaker(project, name, reason=reason, by=by))
    else:
        went = done(request, lambda: verbs.close_breaker(project, name, reason=reason, by=by, hold=hold))
    if went:
        messages.success(request, f"The breaker {name} is {'open' if act == 'open' else 'closed'}.")
    return redirect("breakers", slug)
