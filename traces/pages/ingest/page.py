"""The page itself, its live parts, and the replay that it starts."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from ecoa_web.accounts import audit
from ecoa_web.accounts.access import role_in, visible_project
from ecoa_web.accounts.models import Project, Role
from ecoa_web.accounts.pages.shell import signed_in
from ecoa_web.ranges import time_range
from traces.pages.ingest.connection import worker_view
from traces.pages.ingest.flow import flow_of
from traces.pages.ingest.letters import listed
from traces.queries.reading import mappings, own_of, rules, sources, unknown_keys
from traces.rules.rule import MOST_RULES
from traces.store.replay import ask, newest_job

MOST_SOURCES, MOST_KEYS = 100, 30


@require_safe
def ingest(request: HttpRequest, slug: str) -> HttpResponse:
    """What arrives, what could not be stored, how spans are read; or the part of it that a live page pulls."""
    user = signed_in(request)
    project = visible_project(user, slug)
    shown = time_range(request.GET, timezone.now())
    editor = (role_in(user, project) or Role.VIEWER) >= Role.EDITOR
    context: dict[str, object] = {"shown": project, "project": project, "range": shown, "editor": editor}
    part = request.GET.get("part")
    if part == "flow":
        return render(request, "settings/ingest.html#flow", context | {"flow": flow_of(project, shown)})
    if part == "reading":
        return render(request, "settings/ingest.html#reading", context | reading_of(project))
    tables = own_of(project.pk).ruled.of("")
    context |= {
        "flow": flow_of(project, shown),
        "rules": rules(project.pk),
        "most_rules": MOST_RULES,
        "sources": sources(project.pk, limit=MOST_SOURCES),
        "keys": unknown_keys(project.pk, tables, limit=MOST_KEYS),
        **listed(request, project),
        **reading_of(project),
    }
    return render(request, "settings/ingest.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def replay(request: HttpRequest, slug: str) -> HttpResponse:
    """Rebuild what is derived, after asking."""
    user = signed_in(request)
    project = visible_project(user, slug, Role.EDITOR)
    if request.method != "POST":
        return render(request, "settings/ingest_replay.html", {"shown": project, **reading_of(project)})
    with transaction.atomic():
        asked = ask(worker_view(), project_id=project.pk, by=user.email)
        if asked:
            audit.record("asked for a replay of", request=request, project=project, subject=project.name)
    if not asked:
        messages.info(request, "A replay is running already.")
    return redirect("ingest", slug)


def reading_of(project: Project) -> dict[str, object]:
    """The version of the rules, those that stored spans were read with, and the newest replay."""
    own = own_of(project.pk)
    found = mappings(project.pk)
    return {
        "version": own.version,
        "other_versions": [row for row in found if row.version != own.version],
        "job": newest_job(worker_view(), project.pk),
    }
