"""When nobody decides: ladders are climbed, and what is overdue ends, never with an approval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection

from ecoa.errors import ReviewExpired
from ecoa.store.base import Ballot
from pipelines.verbs import reviews
from tests.reviews.stored import ask, events, node_row, ready, run_row

if TYPE_CHECKING:
    from ecoa_web.accounts.models import Project


def occasions(review: str) -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT channel, occasion FROM pipelines_message WHERE review_id = %s ORDER BY occasion, channel", [review]
        )
        return list(cursor.fetchall())


def test_nothing_happens_before_its_time(project: Project) -> None:
    """Neither to a review with a deadline to come nor to one without."""
    ask(project.pk, expires="1 hour", on_expire="reject")
    ask(project.pk, expires=None)

    assert reviews.expire_due() == 0


def test_an_expired_review_holds_its_run(project: Project) -> None:
    """The step and the run are held for a person; nothing goes on."""
    asked = ask(project.pk, expires="-1 second", on_expire="hold")

    assert reviews.expire_due() == 1

    assert reviews.review(project, asked.review).status == "expired"
    assert (node_row(asked.run)[0], run_row(asked.run)[:2], ready(asked.run)) == ("held", ("held", 0), [])
    assert events(asked.run) == ["review_expired"]
    assert reviews.expire_due() == 0


def test_an_expired_review_may_reject(project: Project) -> None:
    """The step goes on with a rejection by ECOA."""
    asked = ask(project.pk, expires="-1 second", on_expire="reject")

    reviews.expire_due()

    status, decision = node_row(asked.run)
    assert (status, decision["decision"], decision["by"]) == ("ready", "reject", "ECOA")
    assert (ready(asked.run), run_row(asked.run)[0]) == (["check"], "running")


def test_a_ladder_asks_further_groups(project: Project) -> None:
    """Each rung at its time, without moving the deadline; who was asked before may still decide."""
    asked = ask(
        project.pk,
        escalate=((60, "finance@example.com"), (120, "owners"), (7200, "board@example.com")),
        notify=("email",),
    )
    before = reviews.review(project, asked.review)

    assert reviews.expire_due() == 1  # the request is an hour old: both are due, one rung at a time
    assert reviews.expire_due() == 1
    assert reviews.expire_due() == 0

    row = reviews.review(project, asked.review)
    assert (row.groups, row.escalated, row.status) == (["reviewers", "finance@example.com", "owners"], 2, "pending")
    assert row.expires_at == before.expires_at
    assert row.escalate_at is not None
    assert occasions(asked.review) == [("email", "escalation:1"), ("email", "escalation:2")]


def test_a_deadline_that_escalates_begins_anew(project: Project) -> None:
    """The next rung, in the end the owners; after that the run is held."""
    asked = ask(project.pk, expires="-1 second", on_expire="escalate", notify=("email", "slack"))

    reviews.expire_due()

    row = reviews.review(project, asked.review)
    assert (row.status, row.groups) == ("pending", ["reviewers", "owners"])
    assert row.expires_at is not None
    assert row.expires_at > row.created_at
    reviews.decide(project, asked.review, Ballot(version=1, decision="approve", by="olga@example.com", via="web"))
    assert ready(asked.run) == ["check"]


def test_the_last_rung_holds(project: Project) -> None:
    """When the owners did not decide either."""
    asked = ask(project.pk, groups=("reviewers", "owners"), expires="-1 second", on_expire="escalate")

    reviews.expire_due()

    assert (reviews.review(project, asked.review).status, run_row(asked.run)[0]) == ("expired", "held")


def test_expiry_does_not_stop_others(project: Project) -> None:
    """A run with another step at work goes on running."""
    asked = ask(project.pk, expires="-1 second")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pipelines_run SET status = 'running', active = 1 WHERE id = %s", [asked.run])

    reviews.expire_due()

    assert run_row(asked.run)[:2] == ("running", 1)


def test_a_claim_of_what_is_overdue_is_refused(project: Project) -> None:
    """As a decision is."""
    asked = ask(project.pk, expires="-1 second")

    with pytest.raises(ReviewExpired):
        reviews.claim(project, asked.review, by="ann@example.com")
