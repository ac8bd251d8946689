"""What an editor does to a run: cancel, retry, say what became of a doubtful step. What cannot be undone asks first."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from ecoa.errors import EcoaError
from ecoa_web.accounts.access import visible_project
from ecoa_web.accounts.models import Project, Role
from ecoa_web.accounts.pages.shell import signed_in
from pipelines.pages.value_field import ValueField, checked
from pipelines.queries.run import Run, effects, nodes_at, run_of
from pipelines.verbs import runs as verbs
from pipelines.verbs.runs import Caller, Word

LONGEST = 1000  # characters of a reason


@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, slug: str, run_id: UUID) -> HttpResponse:
    """Ask, then cancel."""
    project, run = run_for(request, slug, run_id)
    if request.method != "POST":
        return render(request, "pipelines/run_cancel.html", {"project": project, "run": run})
    reason = said(request, "reason")
    if done(request, lambda: verbs.cancel_run(project, run_id, reason=reason, by=caller(request))):
        messages.success(request, "It is being cancelled: what runs now may end its effects first.")
    return redirect("run", slug, run_id)


@require_POST
def retry(request: HttpRequest, slug: str, run_id: UUID) -> HttpResponse:
    """Failed steps, or the one given, go again; what is done stays done."""
    project, _ = run_for(request, slug, run_id)
    path = said(request, "path") or None
    if done(request, lambda: verbs.retry_run(project, run_id, by=caller(request), path=path)):
        messages.success(request, "It goes again. What was done is not done twice.")
    return redirect("run", slug, run_id)


@require_http_methods(["GET", "HEAD", "POST"])
def resolve(request: HttpRequest, slug: str, run_id: UUID) -> HttpResponse:
    """Did this happen? A person's word lets a doubtful or held step go on."""
    project, run = run_for(request, slug, run_id)
    path = said(request, "path") or request.GET.get("path", "").replace("\0", "")
    node = next(iter(nodes_at(project.pk, run_id, path)), None)
    if node is None:
        raise Http404("There is no such step in this run.")
    word, text = said(request, "word"), request.POST.get("output", "null").replace("\0", "")
    field = ValueField(name="output", text=text)
    context: dict[str, Any] = {
        "project": project,
        "run": run,
        "node": node,
        "effects": [effect for effect in effects(project.pk, run_id) if effect.path == path],
        "word": word,
        "value": field,
    }
    if request.method != "POST":
        return render(request, "pipelines/run_resolve.html", context)
    problems = checked(text, None) if word == "done" else []
    if word not in {"done", "again"} or problems:
        wrong = {
            "unsaid": word not in {"done", "again"},
            "value": ValueField(name="output", text=text, problems=problems),
        }
        return render(request, "pipelines/run_resolve.html", context | wrong, status=422)
    output = json.loads(text) if word == "done" else None
    if done(
        request,
        lambda: verbs.release_node(project, run_id, path, word=cast("Word", word), by=caller(request), output=output),
    ):
        messages.success(request, "Your word is kept in its history, and the run goes on by it.")
    return redirect("run", slug, run_id)


def run_for(request: HttpRequest, slug: str, run_id: UUID) -> tuple[Project, Run]:
    """Project and run, for an editor: 404 for an outsider, 403 for a viewer."""
    project = visible_project(signed_in(request), slug, Role.EDITOR)
    run = run_of(project.pk, run_id)
    if run is None:
        raise Http404("There is no such run, or it is older than what is kept.")
    return project, run


def caller(request: HttpRequest) -> Caller:
    """Who does it."""
    return Caller(name=signed_in(request).email, request=request)


def said(request: HttpRequest, name: str) -> str:
    """A field of what was sent."""
    return request.POST.get(name, "").replace("\0", "").strip()[:LONGEST]


def done(request: HttpRequest, act: Callable[[], object]) -> bool:
    """Whether it went; what refuses is told on the next page."""
    try:
        act()
    except EcoaError as refused:
        messages.error(request, refused.message)
        return False
    return True
