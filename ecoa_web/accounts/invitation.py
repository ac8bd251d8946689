"""The mail that brings an invited person their link."""

from __future__ import annotations

import logging
from smtplib import SMTPException

from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from ecoa_web.accounts.models import Membership, User

log = logging.getLogger(__name__)


def send(membership: Membership, *, link: str, by: User) -> bool:
    """Mail the link; False when the mail server would not take it, so that it can be passed on by hand."""
    context = {"membership": membership, "link": link, "by": by}
    # One line, whatever the project is called: a header must not break.
    subject = " ".join(f"You are invited to {membership.project.name} on ECOA".split())
    message = EmailMessage(
        subject, render_to_string("account/email/invitation.txt", context), to=[membership.user.email]
    )
    try:
        return message.send() == 1
    except (SMTPException, OSError) as error:
        log.warning("invitation_not_sent", extra={"error": type(error).__name__})
        return False
