"""The bare address leads to the project looked at last."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from ecoa_web.accounts.access import visible_projects
from ecoa_web.frame import current_project


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """To the overview of a project, or a word to somebody who is a member of none."""
    project = current_project(request, list(visible_projects(request.user)))
    return redirect("overview", project.slug) if project else render(request, "traces/no_project.html")
