"""The search box, where it is about runs: an id of one leads to it. All else is what traces make of it."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from ecoa_web.accounts.access import visible_project
from pipelines.queries.run import run_of
from traces.pages import search as traces


@require_safe
def search(request: HttpRequest, slug: str) -> HttpResponse:
    """To the run of this id, else to a trace, an agent, a session, or the traces that match."""
    project = visible_project(request.user, slug)
    asked = id_of(request.GET.get("q", ""))
    if asked is not None and run_of(project.pk, asked) is not None:
        return redirect("run", slug, asked)
    return traces.search(request, slug)


def id_of(text: str) -> UUID | None:
    """An id as it stands on a run's page; None when it is none."""
    try:
        return UUID(text.strip()) if len(text) < 100 else None
    except ValueError:
        return None
