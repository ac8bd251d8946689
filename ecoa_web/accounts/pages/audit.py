"""Settings: the audit log, for a project's owners; the whole one for administrators."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ecoa_web.accounts import audit
from ecoa_web.accounts.access import visible_project
from ecoa_web.accounts.models import AuditEntry, Project, Role
from ecoa_web.accounts.pages.shell import signed_in

PAGE = 50
MAX_ID = 2**63 - 1


@require_safe
def project_audit(request: HttpRequest, slug: str) -> HttpResponse:
    """What happened in a project."""
    return _page(request, visible_project(signed_in(request), slug, Role.OWNER))


@require_safe
def whole_audit(request: HttpRequest) -> HttpResponse:
    """What happened anywhere, sign-ins included."""
    if not signed_in(request).is_superuser:
        raise PermissionDenied("Only administrators see the whole log.")
    return _page(request, None)


def _page(request: HttpRequest, project: Project | None) -> HttpResponse:
    found = list(audit.entries(project=project, before=_before(request), limit=PAGE + 1))
    older = found[PAGE - 1].pk if len(found) > PAGE else None
    rows = [(entry, _told(entry)) for entry in found[:PAGE]]
    return render(request, "settings/audit.html", {"rows": rows, "older": older, "shown": project})


def _told(entry: AuditEntry) -> str:
    detail = {name: ", ".join(value) if isinstance(value, list) else value for name, value in entry.detail.items()}
    return "; ".join(f"{name}: {value}" for name, value in detail.items())


def _before(request: HttpRequest) -> int | None:
    text = request.GET.get("before", "")
    return min(int(text), MAX_ID) if text.isascii() and text.isdigit() and len(text) < 20 else None
