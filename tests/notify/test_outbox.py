"""Telling people that they are asked, through servers that fail."""

from __future__ import annotations

import email
import email.policy
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from ecoa.store.base import Ballot
from ecoa_web.accounts.models import Membership, Project, Role, User
from ecoa_web.outbound import Refused, post_json
from pipelines.notify import send_due
from pipelines.verbs import reviews
from tests.notify.servers import Post, Slack, serving
from tests.reviews.stored import Asked, ask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import Settings

HOSTILE = "<!channel> @here <https://evil.example|click> & <b>now</b>"


@pytest.fixture
def slack(settings: Settings) -> Iterator[Slack]:
    with serving(Slack()) as server:
        settings.CONFIG = replace(settings.CONFIG, slack_webhook_url=server.url, allow_private_webhooks=True)
        yield server


@pytest.fixture
def post(settings: Settings) -> Iterator[Post]:
    with serving(Post()) as server:
        settings.CONFIG = replace(settings.CONFIG, smtp_url="smtp://127.0.0.1")
        where = {"host": "127.0.0.1", "port": server.server_address[1], "timeout": 5}
        settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": where}}
        yield server


@pytest.fixture
def project(transactional_db: None) -> Project:
    project = Project.objects.create(slug="shop", name="Shop")
    for name, role in (("vera", Role.VIEWER), ("ann", Role.REVIEWER), ("olga", Role.OWNER)):
        user = User.objects.create_user(f"{name}@example.com")
        Membership.objects.create(user=user, project=project, role=role)
    return project


def request(project: Project, *channels: str, occasion: str = "request", **policy: Any) -> Asked:
    """A review whose message lies in the outbox."""
    asked = ask(project.pk, notify=channels, **policy)
    for channel in channels:
        put(project, asked, channel, occasion)
    return asked


def put(project: Project, asked: Asked, channel: str, occasion: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO pipelines_message (project_id, review_id, channel, occasion) VALUES (%s, %s, %s, %s)",
            [project.pk, asked.review, channel, occasion],
        )


def outbox(asked: Asked) -> list[tuple[str, int, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT status, attempt, error FROM pipelines_message WHERE review_id = %s ORDER BY id", [asked.review]
        )
        return list(cursor.fetchall())


def later(seconds: int = 4000) -> None:
    """Let time pass for what waits."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pipelines_message SET due_at = due_at - %s * interval '1 s'", [seconds])


def test_a_request_is_mailed_to_who_may_decide(project: Project, post: Post) -> None:
    """With the link to the page and what is safe; viewers get nothing, and nobody sees who else got it."""
    asked = request(project, "email", context={"safe": ["amount"]})

    assert send_due() == 1

    [(recipients, text)] = post.mails
    assert sorted(recipients) == ["ann@example.com", "olga@example.com"]
    mail = email.message_from_string(text, policy=email.policy.default)
    body = mail.get_body(("plain",))
    html = mail.get_body(("html",))
    assert body is not None
    assert html is not None
    assert "ann@example.com" not in text
    assert f"/p/shop/reviews/{asked.review}/" in body.get_content()
    assert "amount: 3" in body.get_content()
    assert "A-1" not in text
    assert html.get_content().count("href=") == 1
    assert outbox(asked) == [("sent", 1, "")]
    assert send_due() == 0


def test_what_a_run_says_stays_text_in_mail(project: Project, post: Post) -> None:
    """Escaped in HTML; no second line in the subject."""
    asked = request(project, "email", groups=("ann@example.com",))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pipelines_review SET title = %s", [f"{HOSTILE}\nBcc: eve@example.com"])

    send_due()

    [(recipients, text)] = post.mails
    mail = email.message_from_string(text, policy=email.policy.default)
    html = mail.get_body(("html",))
    assert html is not None
    assert "<b>now" not in html.get_content()
    assert html.get_content().count("href=") == 1
    assert recipients == ["ann@example.com"]
    assert mail["Bcc"] is None
    assert outbox(asked)[0][0] == "sent"


def test_a_request_is_told_in_slack(project: Project, slack: Slack) -> None:
    """One link, to the page; the payload stays here but for what is safe."""
    asked = request(project, "slack", context={"safe": ["amount"]})

    send_due()

    [message] = slack.posted
    assert f"/p/shop/reviews/{asked.review}/|Open the review>" in str(message)
    assert "amount: 3" in str(message)
    assert "A-1" not in str(message)
    assert outbox(asked) == [("sent", 1, "")]


def test_what_a_run_says_calls_nobody_in_slack(project: Project, slack: Slack) -> None:
    """No markup but our link: everything else is plain text or escaped."""
    request(project, "slack")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pipelines_review SET title = %s, reason = %s", [HOSTILE, HOSTILE])

    send_due()

    [message] = slack.posted
    marked_up = [message["text"], *(b["text"]["text"] for b in message["blocks"] if b["text"]["type"] == "mrkdwn")]
    assert "<!channel>" not in "".join(marked_up)
    assert "evil.example|" not in "".join(text for text in marked_up if text.startswith("<"))
    assert message["text"].count("<") == 0


def test_trouble_that_passes_is_tried_again_later(project: Project, slack: Slack) -> None:
    """With a growing wait, or Slack's own; then it is sent once."""
    asked = request(project, "slack")
    slack.plan.extend([(503, {}), (429, {"Retry-After": "30"})])

    assert send_due() == 1
    assert send_due() == 0  # not before its time
    later()
    send_due()
    later(29)
    assert send_due() == 0
    later(5)
    send_due()

    assert outbox(asked)[0][:2] == ("sent", 3)
    assert len(slack.posted) == 3


def test_a_webhook_that_is_gone_is_given_up(project: Project, slack: Slack) -> None:
    """404 is for good; a redirect is not followed."""
    for status in (404, 302):
        asked = request(project, "slack")
        slack.plan.append((status, {"Location": slack.url}))
        before = len(slack.posted)

        send_due()

        assert outbox(asked)[0][0] == "failed"
        assert len(slack.posted) == before + 1


def test_it_is_given_up_after_eight_times(project: Project, slack: Slack) -> None:
    """And says why."""
    asked = request(project, "slack")
    slack.plan.extend([(500, {})] * 9)

    for _ in range(9):
        later()
        send_due()

    assert outbox(asked) == [("failed", 8, "Slack answered 500")]


def test_a_mail_server_that_is_busy_gets_it_later(project: Project, post: Post) -> None:
    """4xx is tried again, 5xx is not."""
    asked = request(project, "email", groups=("ann@example.com",))
    refused = request(project, "email", groups=("olga@example.com",))
    post.plan.extend([b"450 busy", b"550 no such user"])

    send_due()
    assert [outbox(asked)[0][0], outbox(refused)[0][0]] == ["waiting", "failed"]
    later()
    send_due()

    assert outbox(asked)[0][:2] == ("sent", 2)


def test_a_decided_review_is_not_asked_about(project: Project, slack: Slack) -> None:
    """Nobody is called for what is over."""
    asked = request(project, "slack", "email")
    reviews.decide(project, asked.review, Ballot(version=1, decision="approve", by="ann@example.com", via="web"))

    send_due()

    assert [row[0] for row in outbox(asked)] == ["skipped", "skipped"]
    assert slack.posted == []


def test_channels_that_are_not_set_up_are_skipped(project: Project) -> None:
    """With the setting that is missing."""
    asked = request(project, "slack", "email")

    send_due()

    assert [row[0] for row in outbox(asked)] == ["skipped", "skipped"]
    assert "ECOA_SLACK_WEBHOOK_URL" in outbox(asked)[0][2]


def test_many_senders_send_each_message_once(project: Project, slack: Slack) -> None:
    """Claims are conditional updates."""
    for _ in range(12):
        request(project, "slack")

    def send(_: int) -> int:
        try:
            return send_due()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        sent = sum(threads.map(send, range(4)))

    assert (sent, len(slack.posted)) == (12, 12)


def test_a_claim_whose_sender_died_is_sent_by_another(project: Project, slack: Slack) -> None:
    """When its lease is over."""
    asked = request(project, "slack")
    with connection.cursor() as cursor:  # as a sender leaves it that dies right after claiming
        cursor.execute("UPDATE pipelines_message SET attempt = 1, due_at = now() + interval '60 s'")

    assert send_due() == 0
    later(61)
    send_due()

    assert outbox(asked) == [("sent", 2, "")]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/",
        "http://localhost/",
        "http://[::1]/",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::ffff:127.0.0.1]/",
        "http://0.0.0.0/",
        "file:///etc/passwd",
        "ftp://example.com/",
    ],
)
def test_private_addresses_are_never_called(url: str) -> None:
    """Unless the operator allowed them."""
    with pytest.raises(Refused):
        post_json(url, {})
