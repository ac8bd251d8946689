"""The outbox: claim a message, send it, say how it went.

waiting ──sent──▶ sent
   │ ▲─ trouble that may pass: later, twice as long each time
   ├──▶ skipped   nobody to tell, no such channel here, or decided meanwhile
   └──▶ failed    refused for good, or tried too often
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from django.db import connection

from ecoa.errors import NotFound
from ecoa.store.postgres.reviews import review
from ecoa_web.accounts.models import Project
from ecoa_web.db.named_sql import named_sql
from pipelines.notify import mail, slack
from pipelines.notify.sending import Failed, Later, Skipped
from pipelines.verbs.transaction import read
from traces.queries.rows import fetch

if TYPE_CHECKING:
    from collections.abc import Callable

    from ecoa.store.base import ReviewRow

log = structlog.get_logger(__name__)
SQL = named_sql(__file__)
LEASE_S = 60  # longer than any channel's timeout
MOST_ATTEMPTS = 8
FIRST_WAIT_S = 15.0
LONGEST_WAIT_S = 3600.0
CHANNELS: dict[str, Callable[[Project, ReviewRow, str], None]] = {"email": mail.send, "slack": slack.send}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A claimed row of the outbox."""

    id: int
    project_id: int
    review_id: str
    channel: str
    occasion: str  # request, escalation:N, closed
    attempt: int


def send_due(*, limit: int = 20) -> int:
    """Send what is due, one after the other; how many were claimed. It waits for other people's servers."""
    for count in range(limit):
        message = _claim()
        if message is None:
            return count
        _send(message)
    return limit


def _claim() -> Message | None:
    rows = fetch(SQL.claim, lease=LEASE_S)
    return Message(**dict(zip(Message.__slots__, rows[0], strict=True))) if rows else None


def _send(message: Message) -> None:
    try:
        _tell(message)
    except Later as trouble:
        if message.attempt >= MOST_ATTEMPTS:
            _settle(message, "failed", str(trouble))
        else:
            wait = trouble.wait or min(FIRST_WAIT_S * 2 ** (message.attempt - 1), LONGEST_WAIT_S)
            _write(SQL.later, id=message.id, attempt=message.attempt, wait=wait, error=str(trouble))
            log.warning("review_message_delayed", channel=message.channel, attempt=message.attempt, error=str(trouble))
    except Skipped as reason:
        _settle(message, "skipped", str(reason))
    except Failed as trouble:
        _settle(message, "failed", str(trouble))
    else:
        _settle(message, "sent", "")


def _tell(message: Message) -> None:
    project = Project.objects.filter(pk=message.project_id).first()
    channel = CHANNELS.get(message.channel)
    if project is None or channel is None:
        raise Skipped("there is no such channel")
    try:
        row = read(review(message.review_id))
    except NotFound:
        raise Skipped("there is no such review") from None
    if row.status != "pending" and message.occasion != "closed":
        raise Skipped("decided meanwhile")
    channel(project, row, message.occasion)


def _settle(message: Message, status: str, error: str) -> None:
    _write(SQL.settle, id=message.id, attempt=message.attempt, status=status, error=error)
    log.info("review_message", channel=message.channel, occasion=message.occasion, status=status, error=error)


def _write(statement: str, **values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)  # type: ignore[arg-type]  # typed narrower than psycopg
