"""ecoa.review.decide with PostgreSQL: the same decisions as the page's and the API's."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from ecoa.errors import EditInvalid, NotFound, ReviewConflict
from ecoa.review import Approve, Decision, Edit, Reject, decide
from ecoa.store import django_dsn, use
from ecoa.store.postgres import PostgresStore
from pipelines.verbs import reviews
from tests.reviews.stored import ask, node_row, ready

if TYPE_CHECKING:
    from ecoa_web.accounts.models import Project

ANN, BOB = "ann@example.com", "bob@example.com"


def said(review: str, word: Approve | Edit | Reject, *, by: str = ANN, version: int = 1) -> Decision:
    async def say() -> Decision:
        store = PostgresStore(django_dsn() or "", project="shop")
        try:
            with use(store):
                return await decide(review, version=version, by=by, decision=word)
        finally:
            await store.close()

    return asyncio.run(say())


def test_a_decision_from_python_counts_as_any_other(project: Project) -> None:
    """The step is ready with it; who comes later, by another way too, is told so."""
    asked = ask(project.pk)

    decision = said(asked.review, Edit({"sku": "A-1", "amount": 1}, "one is enough"))

    assert (decision.status, decision.decided, decision.approvals) == ("edited", True, 1)
    assert ready(asked.run) == ["check"]
    assert node_row(asked.run)[1]["output"] == {"sku": "A-1", "amount": 1}
    assert reviews.review(project, asked.review).decided_via == "python"
    with pytest.raises(ReviewConflict):
        said(asked.review, Reject("no"), by=BOB)


def test_a_vote_below_the_quorum_is_no_decision_yet(project: Project) -> None:
    """It says how many more are needed."""
    asked = ask(project.pk, quorum=2)

    first, second = said(asked.review, Approve()), said(asked.review, Approve(), by=BOB)

    assert (first.decided, first.approvals, first.quorum) == (False, 1, 2)
    assert (second.decided, second.approvals) == (True, 2)


def test_an_edit_that_does_not_fit_decides_nothing(project: Project) -> None:
    """It names the place."""
    asked = ask(project.pk)

    with pytest.raises(EditInvalid) as caught:
        said(asked.review, Edit({"sku": "A-1", "amount": "many"}))

    assert [problem["path"] for problem in caught.value.problems] == ["amount"]
    assert node_row(asked.run) == ("paused", None)


def test_a_review_of_another_project_is_not_found(project: Project) -> None:
    """Nor is one that never was."""
    other = type(project).objects.create(slug="elsewhere", name="Elsewhere")
    asked = ask(other.pk)

    for review in (asked.review, asked.run, "no id"):
        with pytest.raises(NotFound):
            said(review, Approve())
