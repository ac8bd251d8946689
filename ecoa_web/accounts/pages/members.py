"""Settings: who belongs to a project. Members see each other; owners add, change and remove."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from ecoa_web.accounts import audit, invitation, members
from ecoa_web.accounts.access import role_in, visible_project
from ecoa_web.accounts.forms import MemberForm, RoleForm, role_form
from ecoa_web.accounts.models import Membership, Project, Role, User
from ecoa_web.accounts.pages.shell import answer, signed_in

LAST_OWNER = "A project needs an owner: make somebody else one first."


@require_http_methods(["GET", "HEAD", "POST"])
def member_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The members, and a form that adds one."""
    user = signed_in(request)
    project = visible_project(user, slug, Role.OWNER if request.method == "POST" else Role.VIEWER)
    form = MemberForm(request.POST or None)
    if form.is_valid():
        try:
            return _add(request, project, form)
        except members.AlreadyMember:
            form.add_error("email", "They are a member already; change their role in the list.")
    return answer(request, "settings/members.html", form, **_listed(user, project))


@require_POST
def member_role(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Give a member another role."""
    membership = _membership(request, slug, pk)
    form = RoleForm(request.POST)
    if not form.is_valid():
        messages.error(request, "There is no such role.")
        return redirect("members", slug)
    role: Role = form.cleaned_data["role"]
    before = Role(membership.role)
    try:
        with transaction.atomic():
            members.change_role(membership, role)
            _note(request, "changed the role of", membership, before=before.label, after=role.label)
    except members.LastOwner:
        messages.error(request, LAST_OWNER)
        return redirect("members", slug)
    _stay_signed_in(request, membership.user)
    messages.success(request, f"{membership.user.get_full_name()} is now {role.label.lower()}.")
    return redirect("members", slug)


@require_http_methods(["GET", "HEAD", "POST"])
def member_remove(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Remove a member, after asking."""
    membership = _membership(request, slug, pk)
    if request.method != "POST":
        return render(request, "settings/member_remove.html", {"membership": membership})
    try:
        with transaction.atomic():
            members.remove_member(membership)
            _note(request, "removed the member", membership, role=Role(membership.role).label)
    except members.LastOwner:
        messages.error(request, LAST_OWNER)
        return redirect("members", slug)
    _stay_signed_in(request, membership.user)
    messages.success(request, f"{membership.user.get_full_name()} is no longer a member.")
    return redirect("projects" if membership.user == request.user else "members", *_args(request, membership, slug))


@require_POST
def member_invite(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Make a new link for somebody who has not set up their account; the earlier one ends."""
    membership = _membership(request, slug, pk)
    if not may_invite_again(signed_in(request), membership):
        raise PermissionDenied("They have an account, or belong to a project that you do not own.")
    with transaction.atomic():
        link = members.invite_again(membership)
        _note(request, "made a new invitation for", membership)
    return _show_invitation(request, membership, link)


def may_invite_again(user: User, membership: Membership) -> bool:
    """A link is the key to a person's whole account: only for who owns all the projects they are in."""
    if not members.has_yet_to_sign_in(membership.user) or membership.user.is_superuser:
        return False
    return all(role_in(user, other.project) == Role.OWNER for other in membership.user.memberships.all())


def _add(request: HttpRequest, project: Project, form: MemberForm) -> HttpResponse:
    with transaction.atomic():
        added = members.add_member(project, email=form.cleaned_data["email"], role=form.cleaned_data["role"])
        _note(request, "added the member", added.membership, role=form.cleaned_data["role"].label)
    if added.invitation is not None:
        return _show_invitation(request, added.membership, added.invitation)
    messages.success(request, f"{added.membership.user.get_full_name()} is a member now.")
    return redirect("members", project.slug)


def _show_invitation(request: HttpRequest, membership: Membership, link: str) -> HttpResponse:
    mailed = settings.CONFIG.smtp_url is not None and invitation.send(membership, link=link, by=signed_in(request))
    context = {"membership": membership, "link": link, "mailed": mailed}
    response = render(request, "settings/member_invited.html", context)
    response.headers["Cache-Control"] = "no-store"
    return response


def _membership(request: HttpRequest, slug: str, pk: int) -> Membership:
    project = visible_project(signed_in(request), slug, Role.OWNER)
    return get_object_or_404(Membership.objects.select_related("user", "project"), pk=pk, project=project)


def _listed(user: User, project: Project) -> dict[str, object]:
    owner = role_in(user, project) == Role.OWNER
    found = Membership.objects.filter(project=project).select_related("user").order_by("-role", "user__email")
    rows = [
        {
            "membership": membership,
            "form": role_form(membership),
            "waiting": members.has_yet_to_sign_in(membership.user),
            "invite": owner and may_invite_again(user, membership),
        }
        for membership in found
    ]
    return {"rows": rows, "owner": owner, "shown": project, "roles": Role}


def _stay_signed_in(request: HttpRequest, changed: User) -> None:
    if changed.pk == request.user.pk:
        changed.refresh_from_db()
        update_session_auth_hash(request, changed)


def _args(request: HttpRequest, membership: Membership, slug: str) -> list[str]:
    return [] if membership.user == request.user else [slug]


def _note(request: HttpRequest, action: str, membership: Membership, **detail: Any) -> None:  # what JSON can hold
    audit.record(action, request=request, project=membership.project, subject=membership.user.email, **detail)
