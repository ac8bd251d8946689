"""Breakers by hand: a person holds one open, or closes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from ecoa.errors import NotFound
from ecoa_web.accounts import audit
from ecoa_web.db.named_sql import named_sql
from pipelines.verbs.transaction import tell
from traces.queries.rows import fetch

if TYPE_CHECKING:
    from ecoa_web.accounts.models import Project
    from pipelines.verbs.runs import Caller

SQL = named_sql(__file__)


def open_breaker(project: Project, name: str, *, reason: str, by: Caller) -> None:
    """Let nobody through until somebody closes it; NotFound for a breaker that was never used."""
    _require(project, name)
    with transaction.atomic():
        fetch(SQL.open, project=project.pk, name=name, reason=reason, by=by.name)
        _audit("opened the breaker", project, name, by, reason=reason)


def close_breaker(project: Project, name: str, *, reason: str, by: Caller, hold: bool = False) -> None:
    """Let everybody through: with `hold` whatever fails, else until its own rule opens it again."""
    _require(project, name)
    with transaction.atomic():
        fetch(SQL.close, project=project.pk, name=name, reason=reason, by=by.name, hold=hold)
        _audit("closed the breaker", project, name, by, reason=reason, hold=hold)


def _require(project: Project, name: str) -> None:
    if "\0" in name or not fetch(SQL.exists, project=project.pk, name=name)[0][0]:
        raise NotFound("There is no such breaker.")


def _audit(action: str, project: Project, name: str, by: Caller, **detail: Any) -> None:  # what JSON can hold
    audit.record(action, request=by.request, actor_label=by.name, project=project, subject=name, **detail)
    transaction.on_commit(lambda: tell(project.pk))
