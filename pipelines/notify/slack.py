"""A request as a message in Slack, by an incoming webhook: no decision, one link to the page that needs a sign-in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings

from ecoa_web.outbound import Refused, Unreachable, post_json
from pipelines.notify.sending import Failed, Later, Skipped, line, page, safe_fields

if TYPE_CHECKING:
    from ecoa.store.base import ReviewRow
    from ecoa_web.accounts.models import Project

BUSY = 429
HEADINGS = {"request": "Review", "escalation": "Still waiting", "closed": "Closed"}


def send(project: Project, row: ReviewRow, occasion: str) -> None:
    """Tell the channel of the webhook."""
    url = settings.CONFIG.slack_webhook_url
    if url is None:
        raise Skipped("no webhook is set (ECOA_SLACK_WEBHOOK_URL)")
    try:
        answer = post_json(url, message(project, row, occasion))
    except Refused as error:
        raise Failed(str(error)) from error
    except Unreachable as error:
        raise Later(f"Slack did not answer: {error}") from error
    if answer.status == BUSY or answer.status >= 500:
        raise Later(f"Slack answered {answer.status}", wait=answer.retry_after)
    if answer.status >= 300:
        raise Failed(f"Slack answered {answer.status}: {line(answer.text)}")


def message(project: Project, row: ReviewRow, occasion: str) -> dict[str, Any]:  # JSON
    """What is sent: whatever comes from a run is escaped or plain text, so that it makes no link and calls nobody."""
    heading = f"{HEADINGS[occasion.partition(':')[0]]}: {line(row.title)}"
    facts = [f"{row.pipeline} · {row.path}", line(row.reason)]
    facts += [f"{name}: {value}" for name, value in safe_fields(row)]
    if occasion == "closed":
        facts.append(f"{row.status} by {row.decided_by}")
    elif row.expires_at is not None:
        facts.append(f"decide before {row.expires_at:%Y-%m-%d %H:%M} UTC")
    return {
        "text": escaped(f"{heading} ({project.name})"),
        "unfurl_links": False,
        "unfurl_media": False,
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": heading[:150], "emoji": False}},
            {"type": "section", "text": {"type": "plain_text", "text": "\n".join(facts)[:3000], "emoji": False}},
            {"type": "section", "text": {"type": "mrkdwn", "text": f"<{page(project, row)}|Open the review>"}},
        ],
    }


def escaped(text: str) -> str:
    """Text in Slack's markup that stays text: no links, no <!channel>, no mention by a bare @."""
    for char, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(char, entity)
    return text.replace("@", "@\N{ZERO WIDTH SPACE}")
