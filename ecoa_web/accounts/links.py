"""Set-up links: single use, ending by themselves, stored as SHA-256 only.

made ──▶ open ──▶ used
          └─────▶ expired
"""

from __future__ import annotations

import enum
import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from ecoa_web.accounts.key_cache import digest
from ecoa_web.accounts.models import SetupLink, User

FIRST_ADMINISTRATOR = timedelta(hours=1)
INVITATION = timedelta(days=3)


class State(enum.Enum):
    """What a link still does."""

    OPEN = "open"
    USED = "used"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Found:
    """A link by its token."""

    state: State
    link: SetupLink | None = None


def new_link(*, user: User | None, lasts: timedelta) -> str:
    """Make a link and return its address, which cannot be had again. A user's earlier links end."""
    token = secrets.token_urlsafe(32)
    now = timezone.now()
    if user is not None:
        SetupLink.objects.filter(user=user, used_at=None, expires_at__gt=now).update(expires_at=now)
    SetupLink.objects.create(digest=digest(token), user=user, expires_at=now + lasts)
    return settings.CONFIG.base_url + reverse("setup", args=[token])


def find_link(token: str) -> Found:
    """The link of a token, and whether it can still be used."""
    link = SetupLink.objects.select_related("user").filter(digest=digest(token)).first()
    if link is None:
        return Found(State.UNKNOWN)
    if link.used_at is not None:
        return Found(State.USED, link)
    return Found(State.OPEN if link.expires_at > timezone.now() else State.EXPIRED, link)


def spend(link: SetupLink) -> bool:
    """Use a link up; False when somebody else just did, or its time is over."""
    now = timezone.now()
    return SetupLink.objects.filter(pk=link.pk, used_at=None, expires_at__gt=now).update(used_at=now) == 1


def administrator_exists() -> bool:
    """Whether anybody administers this installation yet."""
    return User.objects.filter(is_superuser=True, is_active=True).exists()


def one_setup_at_a_time() -> None:
    """Until the transaction ends, nobody else makes a first administrator."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('ecoa first administrator'))")
