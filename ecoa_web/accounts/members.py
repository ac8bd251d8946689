"""Who belongs to a project: add, change, remove. A project keeps at least one owner."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.db.models import F

from ecoa_web.accounts import links
from ecoa_web.accounts.models import Membership, Project, Role, User


class LastOwner(Exception):
    """The change would leave the project without an owner."""


class AlreadyMember(Exception):
    """The person is a member already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """A new member; with the address to pass on when an account was made for them."""

    membership: Membership
    invitation: str | None


def add_member(project: Project, *, email: str, role: Role) -> Added:
    """Make a person a member; somebody without an account gets one, and a link to set its password."""
    with transaction.atomic():
        user = User.objects.filter(email__iexact=email).first()
        invited = user is None
        if user is None:
            user = User.objects.create_user(email)
        membership, made = Membership.objects.get_or_create(user=user, project=project, defaults={"role": role})
        if not made:
            raise AlreadyMember
        link = links.new_link(user=user, lasts=links.INVITATION) if invited else None
        return Added(membership=membership, invitation=link)


def invite_again(membership: Membership) -> str:
    """A new link for somebody who has not set their password yet; earlier ones end."""
    return links.new_link(user=membership.user, lasts=links.INVITATION)


def change_role(membership: Membership, role: Role) -> None:
    """Give another role. A lower one ends the member's sessions, so that no open page keeps the old rights."""
    with transaction.atomic():
        _lock_owners(membership.project, besides=membership if role < Role.OWNER else None)
        lower = role < membership.role
        Membership.objects.filter(pk=membership.pk).update(role=role)
        if lower:
            end_sessions(membership.user)
    membership.role = role


def remove_member(membership: Membership) -> None:
    """End a membership, and the sessions of who had it."""
    with transaction.atomic():
        _lock_owners(membership.project, besides=membership)
        Membership.objects.filter(pk=membership.pk).delete()
        end_sessions(membership.user)


def end_sessions(user: User) -> None:
    """Sign a person out everywhere."""
    User.objects.filter(pk=user.pk).update(session_epoch=F("session_epoch") + 1)


def has_yet_to_sign_in(user: User) -> bool:
    """Whether an invited person has not set up their account."""
    return user.last_login is None and not user.has_usable_password()


def _lock_owners(project: Project, *, besides: Membership | None) -> None:
    owners = Membership.objects.select_for_update().filter(project=project, role=Role.OWNER).order_by("pk")
    remaining = [owner.pk for owner in owners if besides is None or owner.pk != besides.pk]
    if not remaining and besides is not None and besides.role == Role.OWNER:
        raise LastOwner
