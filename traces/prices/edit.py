"""Changing a project's own prices: each change is in the audit log, and stored calls are priced again by it."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.http import Http404

from ecoa_web.accounts import audit
from ecoa_web.db.named_sql import named_sql
from traces.prices.own import override
from traces.prices.reprice import ask

if TYPE_CHECKING:
    from datetime import date

    from django.http import HttpRequest

    from ecoa_web.accounts.models import Project
    from traces.prices.override import Override

SQL = named_sql(__file__)


@transaction.atomic
def add(request: HttpRequest, project: Project, price: Override) -> Override:
    """Add a price (whose id is still open)."""
    made = _written(SQL.add, request, project, price)
    _follow(request, project, "added the price", made, made)
    return made


@transaction.atomic
def change(request: HttpRequest, project: Project, price: Override) -> Override:
    """Make the price of this id what is given; 404 when the project has none."""
    before = held(project, price.id)
    if before == price:
        return price
    after = _written(SQL.change, request, project, price)
    _follow(request, project, "changed the price", before, after)
    return after


@transaction.atomic
def end(request: HttpRequest, project: Project, price_id: int, *, day: date) -> Override:
    """Let a price hold for calls before a day only."""
    before = held(project, price_id)
    after = _written(SQL.change, request, project, replace(before, valid_until=day))
    _follow(request, project, "ended the price", before, after)
    return after


@transaction.atomic
def again(request: HttpRequest, project: Project) -> None:
    """Ask for all stored calls to be priced by the prices of now."""
    audit.record("asked to price again", request=request, project=project, subject="all stored calls")
    _ask(request, project, "all stored calls", None, None)


def held(project: Project, price_id: int) -> Override:
    """A project's own price, locked in a transaction; 404 when it has none of this id."""
    with connection.cursor() as cursor:
        cursor.execute(SQL.lock, {"id": price_id, "project": project.pk})
        row = cursor.fetchone()
    if row is None:
        raise Http404("There is no such price.")
    return override(list(row))


def _written(statement: Any, request: HttpRequest, project: Project, price: Override) -> Override:
    with connection.cursor() as cursor:
        cursor.execute(statement, {**asdict(price), "project": project.pk, "by": str(request.user)})
        return override(list(cursor.fetchone()))


def _follow(request: HttpRequest, project: Project, action: str, before: Override, after: Override) -> None:
    audit.record(action, request=request, project=project, subject=after.model, **_detail(after))
    begins = [day for day in (before.valid_from, after.valid_from) if day is not None]
    ends = [day for day in (before.valid_until, after.valid_until) if day is not None]
    since, until = (min(begins) if len(begins) == 2 else None), (max(ends) if len(ends) == 2 else None)
    _ask(request, project, f"the price of {after.model}", since, until)


def _detail(price: Override) -> dict[str, Any]:  # what JSON can hold
    """What the audit log keeps of a price."""
    return {name: str(value) for name, value in asdict(price).items() if name not in {"id", "model"} and value}


def _ask(request: HttpRequest, project: Project, reason: str, since: date | None, until: date | None) -> None:
    with connection.cursor() as cursor:
        ask(cursor, project.pk, reason=reason, by=str(request.user), since_ns=_ns(since), until_ns=_ns(until))


def _ns(day: date | None) -> int | None:
    """When a day begins, in Unix nanoseconds; none for one that they cannot count."""
    if day is None or not 1970 <= day.year < 2262:
        return None
    return int(datetime.combine(day, time(), UTC).timestamp()) * 10**9
