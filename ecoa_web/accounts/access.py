"""Who may see and do what. Another project's things do not exist (404); a role or scope too low is said (403)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404

from ecoa_web.accounts.key_cache import KeyInfo
from ecoa_web.accounts.models import Membership, Project, Role, Scope, User

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from rest_framework.request import Request

    from ecoa_web.accounts.authentication import Machine

    type Caller = User | AnonymousUser | Machine

ROLE_FOR = {
    Scope.INGEST: Role.EDITOR,
    Scope.READ: Role.VIEWER,
    Scope.RUN: Role.EDITOR,
    Scope.REVIEW: Role.REVIEWER,
    Scope.ADMIN: Role.OWNER,
}


def visible_projects(user: Caller) -> QuerySet[Project]:
    """The projects a person may see, by name; all of them for a superuser."""
    projects = Project.objects.order_by("name", "pk")
    if not isinstance(user, User) or not user.is_active:
        return projects.none()
    return projects if user.is_superuser else projects.filter(memberships__user=user)


def role_in(user: Caller, project: Project) -> Role | None:
    """A person's role in a project; a superuser owns every one."""
    if not isinstance(user, User) or not user.is_active:
        return None
    if user.is_superuser:
        return Role.OWNER
    role = Membership.objects.filter(user=user, project=project).values_list("role", flat=True).first()
    return None if role is None else Role(role)


def visible_project(user: Caller, slug: str, need: Role = Role.VIEWER) -> Project:
    """The project of this name: 404 when the person may not see it, 403 when they see it but need a higher role."""
    project = Project.objects.filter(slug=slug).first() if "\0" not in slug else None
    role = role_in(user, project) if project else None
    if project is None or role is None:
        raise Http404("There is no such project, or you are not a member of it.")
    if role < need:
        raise PermissionDenied(f"This needs the role {need.label.lower()}; yours here is {role.label.lower()}.")
    return project


def api_project(request: Request, scope: Scope = Scope.READ) -> Project:
    """The project an API call is about: the key's, or the session user's ?project= (by default their first)."""
    slug = request.query_params.get("project")
    if isinstance(request.auth, KeyInfo):
        return _key_project(request.auth, scope, slug)
    if slug is None:
        first = visible_projects(request.user).first()
        if first is None:
            raise Http404("You are not a member of any project.")
        slug = first.slug
    return visible_project(request.user, slug, ROLE_FOR[scope])


def _key_project(key: KeyInfo, scope: Scope, slug: str | None) -> Project:
    if not key.allows(scope):
        raise PermissionDenied(f"This key lacks the scope {scope.value}.")
    project = Project.objects.filter(pk=key.project_id).first()
    if project is None or slug not in (None, "", project.slug):
        raise Http404("There is no such project, or this key is not of it.")
    return project
