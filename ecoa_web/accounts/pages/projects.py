"""Settings: the projects a person sees, and one project's name and end."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from ecoa_web.accounts import audit, projects
from ecoa_web.accounts.access import role_in, visible_project, visible_projects
from ecoa_web.accounts.forms import DeleteProjectForm, ProjectForm
from ecoa_web.accounts.models import Role, User
from ecoa_web.accounts.pages.shell import answer, signed_in


@require_http_methods(["GET", "HEAD", "POST"])
def project_list(request: HttpRequest) -> HttpResponse:
    """Every project the person may see; whoever may, makes another."""
    user = signed_in(request)
    may_create = projects.may_create(user)
    if request.method == "POST" and not may_create:
        raise PermissionDenied("Only administrators and owners of a project make projects.")
    form = ProjectForm(request.POST or None)
    if form.is_valid():
        with transaction.atomic():
            project = projects.create_project(form.cleaned_data["name"], owner=user)
            audit.record("created the project", request=request, project=project, subject=project.name)
        return redirect("keys", project.slug)
    return answer(request, "settings/projects.html", form, rows=_rows(user), may_create=may_create)


@require_http_methods(["GET", "HEAD", "POST"])
def project_settings(request: HttpRequest, slug: str) -> HttpResponse:
    """A project's name: seen by its members, changed by its owners."""
    user = signed_in(request)
    project = visible_project(user, slug, Role.OWNER if request.method == "POST" else Role.VIEWER)
    before = project.name
    form = ProjectForm(request.POST or None, initial={"name": before})
    if form.is_valid():
        with transaction.atomic():
            projects.rename_project(project, form.cleaned_data["name"])
            audit.record("renamed the project", request=request, project=project, subject=project.name, before=before)
        messages.success(request, f"The project is now called {project.name}.")
        return redirect("project-settings", slug)
    context = {"shown": project, "role": role_in(user, project), "owner": role_in(user, project) == Role.OWNER}
    return answer(request, "settings/project.html", form, **context)


@require_http_methods(["GET", "HEAD", "POST"])
def project_delete(request: HttpRequest, slug: str) -> HttpResponse:
    """The end of a project: by an administrator, who types its name."""
    user = signed_in(request)
    project = visible_project(user, slug, Role.OWNER)
    if not user.is_superuser:
        raise PermissionDenied("Only an administrator deletes a project.")
    form = DeleteProjectForm(request.POST or None, project=project)
    if form.is_valid():
        with transaction.atomic():
            audit.record("deleted the project", request=request, project=project, subject=project.name, slug=slug)
            projects.delete_project(project)
        messages.success(request, f"The project {project.name} is gone.")
        return redirect("projects")
    return answer(request, "settings/project_delete.html", form, shown=project)


def _rows(user: User) -> list[dict[str, object]]:
    found = visible_projects(user).annotate(
        members=Count("memberships", distinct=True), key_count=Count("keys", distinct=True)
    )
    roles = dict(user.memberships.values_list("project_id", "role"))
    return [
        {"project": project, "role": Role(roles[project.pk]).label if project.pk in roles else "Administrator"}
        for project in found
    ]
