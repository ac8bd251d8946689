"""Who may decide a review: the groups that a person or a key answers to.

"reviewers"         everybody whose role is reviewer or higher, and keys with the scope review
"editors", "owners" everybody with that role or a higher one
anything else       the account with that email address
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied

from ecoa_web.accounts.access import api_project, role_in, visible_project
from ecoa_web.accounts.key_cache import KeyInfo
from ecoa_web.accounts.models import ApiKey, Membership, Role, Scope, User

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet
    from rest_framework.request import Request

    from ecoa_web.accounts.models import Project

GROUPS = {"reviewers": Role.REVIEWER, "editors": Role.EDITOR, "owners": Role.OWNER}


def groups_of(user: User | AnonymousUser, project: Project) -> tuple[str, ...]:
    """The groups of a member; none for somebody who may decide nothing."""
    role = role_in(user, project)
    if role is None or role < Role.REVIEWER or not isinstance(user, User):
        return ()
    return (user.email.lower(), *(name for name, least in GROUPS.items() if role >= least))


def members_of(project: Project, groups: Iterable[str]) -> QuerySet[User]:
    """The accounts that may decide what is asked of these groups, by email."""
    asked = {name.lower() for name in groups}
    least = min((role for name, role in GROUPS.items() if name in asked), default=None)
    seats = Membership.objects.filter(project=project, user__is_active=True, role__gte=Role.REVIEWER)
    named = seats.filter(user__email__in=[*asked, *_as_written(project, asked)])
    allowed = named | seats.filter(role__gte=least) if least is not None else named
    return User.objects.filter(pk__in=allowed.values("user_id")).order_by("email")


def reviewer(request: Request) -> tuple[Project, str, tuple[str, ...]]:
    """Project, name and groups of an API caller who may decide something: a person, or a key with the scope review."""
    project = api_project(request, Scope.REVIEW)
    if isinstance(request.auth, KeyInfo):
        return project, key_name(request.auth), ("reviewers",)
    assert isinstance(request.user, User)
    return project, request.user.email, groups_of(request.user, project)


def reviewer_on_page(user: User, slug: str) -> tuple[Project, tuple[str, ...]]:
    """Project and groups of a person on a page; 404 for an outsider, 403 for a viewer."""
    project = visible_project(user, slug, Role.REVIEWER)
    return project, groups_of(user, project)


def require_group(groups: Iterable[str], asked: Iterable[str]) -> None:
    """403 unless they are in one of the groups that are asked."""
    wanted = [name.lower() for name in asked]
    if not set(wanted) & set(groups):
        raise PermissionDenied(f"This is asked of {', '.join(wanted)}; you are none of them.")


def caller_name(request: Request) -> str:
    """How what an API caller does is told: the account's email, or the key's name."""
    if isinstance(request.auth, KeyInfo):
        return key_name(request.auth)
    assert isinstance(request.user, User)
    return request.user.email


def key_name(key: KeyInfo) -> str:
    """A key as history tells it."""
    name = ApiKey.objects.filter(pk=key.id).values_list("name", flat=True).first() or ""
    return f"key {name}"


def _as_written(project: Project, asked: set[str]) -> list[str]:
    # Addresses keep the case they were typed in.
    emails = Membership.objects.filter(project=project).values_list("user__email", flat=True)
    return [email for email in emails if email.lower() in asked]
