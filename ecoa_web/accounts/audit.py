"""The audit log: who did what, from where. Entries are only ever added; the database refuses the rest."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from django.conf import settings

from ecoa_web.accounts.models import AuditEntry, Project, User

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet
    from django.http import HttpRequest

SYSTEM = "ECOA"
LABEL = 254  # characters a column holds


def record(  # one entry's columns
    action: str,
    *,
    request: HttpRequest | None = None,
    actor: User | AnonymousUser | None = None,
    actor_label: str = "",
    project: Project | None = None,
    subject: object = "",
    **detail: Any,  # what JSON can hold
) -> AuditEntry:
    """Add an entry. The actor is the request's user unless given; never a secret in the detail."""
    who = actor if actor is not None else getattr(request, "user", None)
    person = who if isinstance(who, User) and who.pk else None
    return AuditEntry.objects.create(
        actor=person,
        actor_label=_clean(actor_label or (person.email if person else SYSTEM)),
        project=project,
        action=action,
        subject=_clean(str(subject)),
        detail=detail,
        address=address_of(request) if request else None,
    )


def entries(*, project: Project | None, before: int | None = None, limit: int = 50) -> QuerySet[AuditEntry]:
    """A page of a project's entries, newest first; of all of them without a project."""
    found = AuditEntry.objects.order_by("-pk").select_related("project")
    if project is not None:
        found = found.filter(project=project)
    if before is not None:
        found = found.filter(pk__lt=before)
    return found[:limit]


def address_of(request: HttpRequest) -> str | None:
    """The client's address. X-Forwarded-For counts only as far as trusted proxies wrote it."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    trusted: int = settings.CONFIG.proxy_count
    text = forwarded[-trusted] if 0 < trusted <= len(forwarded) else request.META.get("REMOTE_ADDR", "")
    try:
        return str(ipaddress.ip_address(text.strip()))
    except ValueError:
        return None


def _clean(text: str) -> str:
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)[:LABEL]
