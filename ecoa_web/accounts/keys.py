"""API keys: make, find, revoke. Only the SHA-256 is stored; the key itself is shown once."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from django.db import connection
from django.db.models.functions import Now

from ecoa_web.accounts.key_cache import MAX_SECRET, SQL, KeyCache, KeyInfo, digest, key_info
from ecoa_web.accounts.models import ApiKey, Project, Scope, User

__all__ = ["KeyCache", "KeyInfo", "add_key", "digest", "find_key", "new_key", "note_use", "revoke"]

PREFIX = "ecoa_"
SHOWN = 12  # characters of a key that lists show, to tell keys apart


def new_key(project: Project, *, name: str, scopes: Iterable[Scope], by: User | None) -> tuple[ApiKey, str]:
    """Make a key of 256 random bits and return it with its secret, which cannot be had again."""
    secret = PREFIX + secrets.token_urlsafe(32)
    return add_key(project, secret=secret, name=name, scopes=scopes, by=by), secret


def add_key(project: Project, *, secret: str, name: str, scopes: Iterable[Scope], by: User | None) -> ApiKey:
    """Store a key whose secret somebody else chose. Of that, lists show a few characters only if it is long enough."""
    shown = secret[:SHOWN] if secret.startswith(PREFIX) else secret[:4]
    return ApiKey.objects.create(
        project=project,
        name=name,
        digest=digest(secret),
        prefix=shown,
        scopes=sorted({scope.value for scope in scopes}),
        created_by=by,
    )


def revoke(key: ApiKey) -> bool:
    """End a key; receivers follow within a second. False when it had ended already."""
    return bool(ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=Now()))


def find_key(secret: str | bytes) -> KeyInfo | None:
    """The sync form of KeyCache.find, straight from the database."""
    if not secret or len(secret) > MAX_SECRET:
        return None
    with connection.cursor() as cursor:
        cursor.execute(SQL.find_key, [digest(secret)])
        row = cursor.fetchone()
    return key_info(row) if row else None


def note_use(info: KeyInfo) -> None:
    """Remember that the key was used, at most once a minute."""
    with connection.cursor() as cursor:
        cursor.execute(SQL.key_used, [info.id])
