"""A request as mail: one message to whoever may decide it, with one link, to the page that needs a sign-in."""

from __future__ import annotations

import smtplib
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from pipelines.notify.sending import Failed, Later, Skipped, line, page, safe_fields
from pipelines.people import members_of

if TYPE_CHECKING:
    from ecoa.store.base import ReviewRow
    from ecoa_web.accounts.models import Project

MOST_RECIPIENTS = 50
PERMANENT = 500  # an SMTP reply from here on will be the same next time


def send(project: Project, row: ReviewRow, occasion: str) -> None:
    """Mail the request to the members of the groups that are asked; nothing is mailed when it is closed."""
    if settings.CONFIG.smtp_url is None:
        raise Skipped("no mail server is set (ECOA_SMTP_URL)")
    if occasion == "closed":
        raise Skipped("closed reviews are not mailed")
    people = [user.email for user in members_of(project, row.groups)[:MOST_RECIPIENTS]]
    if not people:
        raise Skipped("no member is in the groups that are asked")
    message = _message(project, row, occasion, people)
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as error:
        kind = Failed if all(code >= PERMANENT for code, _ in error.recipients.values()) else Later
        raise kind(f"every address was refused: {len(error.recipients)}") from error
    except smtplib.SMTPResponseException as error:
        kind = Failed if error.smtp_code >= PERMANENT else Later
        raise kind(f"the mail server answered {error.smtp_code}") from error
    except (OSError, smtplib.SMTPException) as error:
        raise Later(f"the mail server did not answer: {type(error).__name__}") from error


def _message(project: Project, row: ReviewRow, occasion: str, people: list[str]) -> EmailMultiAlternatives:
    escalated = occasion.startswith("escalation")
    told = {
        "project": project,
        "review": row,
        "title": line(row.title),
        "reason": line(row.reason),
        "fields": safe_fields(row),
        "link": page(project, row),
        "escalated": escalated,
    }
    message = EmailMultiAlternatives(
        subject=f"{'Still waiting' if escalated else 'Review'}: {line(row.title)} ({line(row.pipeline)})",
        body=render_to_string("pipelines/mail/review.txt", told),
        to=people if len(people) == 1 else [],
        bcc=people if len(people) > 1 else [],
        headers={
            "Auto-Submitted": "auto-generated",
            "References": f"<review-{row.id}@{settings.BASE_URL.hostname}>",  # an escalation joins its request
            "Message-ID": f"<review-{row.id}-{occasion.replace(':', '-')}@{settings.BASE_URL.hostname}>",
        },
    )
    message.attach_alternative(render_to_string("pipelines/mail/review.html", told), "text/html")
    return message
