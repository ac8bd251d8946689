"""Deciding: one way for the page, the API and chat. Who may is pipelines.people's, what counts the store's."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from django.db import transaction

from ecoa.errors import NotFound
from ecoa.store.postgres import reviews as stored
from ecoa_web.accounts import audit
from pipelines.verbs.transaction import do, read

if TYPE_CHECKING:
    from django.http import HttpRequest

    from ecoa.store.base import Ballot, ReviewRow
    from ecoa_web.accounts.models import Project

AT_ONCE = 100


def review(project: Project, review_id: str) -> ReviewRow:
    """A review of the project, with its votes; NotFound."""
    return read(stored.review(review_id, project_id=project.pk))


def decide(project: Project, review_id: str, ballot: Ballot, *, request: HttpRequest | None = None) -> ReviewRow:
    """Count one person's word, with an entry in the audit log. An edit's output is JSON text made by ecoa.codec.

    Raises ReviewConflict (409), ReviewExpired (410), EditInvalid (422) or NotFound (404).
    """
    with transaction.atomic():
        row = do(stored.decide(review_id, ballot, project_id=project.pk), project_id=project.pk, wakes=True)
        audit.record(
            "review decided",
            request=request,
            actor_label=ballot.by,
            project=project,
            subject=row.id,
            run=row.run_id,
            path=row.path,
            decision=ballot.decision,
            version=ballot.version,
            via=ballot.via,
            digest=ballot.digest or row.digest,
            status=row.status,
        )
    return row


def claim(project: Project, review_id: str, *, by: str) -> ReviewRow:
    """Tell others that somebody looks at it; ReviewConflict or ReviewExpired when nothing is left to decide."""
    return do(stored.claim(review_id, by=by, project_id=project.pk), project_id=project.pk)


def expire_due(*, limit: int = AT_ONCE) -> int:
    """Climb ladders and end what is overdue, each in a transaction of its own; how many changed."""
    changed = 0
    for review_id in read(stored.due(limit=limit)):
        with suppress(NotFound):  # deleted with its run meanwhile
            row = read(stored.review(review_id))
            changed += do(stored.expire(review_id), project_id=row.project_id, wakes=True)
    return changed
