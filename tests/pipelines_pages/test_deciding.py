"""Deciding on the page."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from ecoa_web.accounts.models import Project
from pipelines.pages.decide import retagged
from pipelines.pages.review import steps_after
from tests.pipelines_pages.building import ORDER_SCHEMA, Json, make_node, paused_run, value_of

ORDER = {"order": "A-17", "amount": 31150.0, "express": True}


def decide(client: Client, review: UUID, code: int, **said: Any) -> str:
    """The answer to a decision of what the page showed."""
    shown = client.get(f"/p/shop/reviews/{review}/").content.decode()
    form = dict(re.findall(r'<input type="hidden" name="(version|digest)" value="(\w+)">', shown))
    answer = client.post(f"/p/shop/reviews/{review}/decide/", {**form, **said})
    assert answer.status_code == code, answer.content.decode()[-2000:]
    return answer.headers["Location"] if code == 302 else answer.content.decode()


def stored(review: UUID, column: str) -> Any:
    return value_of(f"SELECT {column} FROM pipelines_review WHERE id = %s", review)


def test_an_approval_opens_the_next_one_and_the_run_goes_on(project: Project, reviewer: Client) -> None:
    """The review is approved via the web, its step is ready, and the next page tells so with a link to the run."""
    run, review = paused_run(project.pk)
    _, second = paused_run(project.pk, due_s=7200)

    place = decide(reviewer, review, 302, decision="approve")

    assert place == f"/p/shop/reviews/{second}/"
    assert (stored(review, "status"), stored(review, "decided_via")) == ("approved", "web")
    assert stored(review, "decided_by") == "rob@example.com"
    assert value_of("SELECT status FROM pipelines_node WHERE run_id = %s", run) == "ready"
    told = reviewer.get(place).content.decode()
    assert f'<a href="/p/shop/runs/{run}/">The run</a> goes on' in told


def test_after_the_last_one_the_queue_opens(project: Project, reviewer: Client) -> None:
    """With the filter that it had."""
    _, review = paused_run(project.pk)

    answer = reviewer.post(f"/p/shop/reviews/{review}/decide/?scope=groups", {"decision": "approve", "version": 1})

    assert answer.headers["Location"] == "/p/shop/reviews/?scope=groups"


def test_who_comes_second_is_told_who_was_first(project: Project, reviewer: Client, other: Client) -> None:
    """409 with person and decision; nothing is changed by it."""
    _, review = paused_run(project.pk)
    page = {"decision": "approve", "version": 1}
    decide(other, review, 302, decision="reject", reason="Duplicate")

    answer = reviewer.post(f"/p/shop/reviews/{review}/decide/", page)

    assert answer.status_code == 409
    assert "ann@example.com rejected it at" in answer.content.decode()
    assert stored(review, "status") == "rejected"
    assert stored(review, "comment") == "Duplicate"


def test_a_double_click_decides_once_and_never_the_next_one(project: Project, reviewer: Client) -> None:
    """The second is refused, and what comes next stays pending."""
    _, review = paused_run(project.pk)
    _, second = paused_run(project.pk)
    page = {"decision": "approve", "version": 1}

    answers = [reviewer.post(f"/p/shop/reviews/{review}/decide/", page).status_code for _ in range(2)]

    assert answers == [302, 409]
    assert stored(second, "status") == "pending"


@pytest.mark.parametrize("stale", [{"version": 2}, {"version": 1, "digest": "0" * 64}, {"version": ""}])
def test_what_was_not_on_the_screen_cannot_be_decided(
    project: Project, reviewer: Client, stale: dict[str, Any]
) -> None:
    """Version and digest bind a decision to what was shown."""
    _, review = paused_run(project.pk)

    answer = reviewer.post(f"/p/shop/reviews/{review}/decide/", {"decision": "approve", **stale})

    assert answer.status_code == 409
    assert stored(review, "status") == "pending"


def test_after_its_time_it_cannot_be_decided(project: Project, reviewer: Client) -> None:
    """410; and the page offers no buttons."""
    _, review = paused_run(project.pk, due_s=-5)

    html = decide(reviewer, review, 410, decision="approve", version=1)

    assert "Its time is over" in html
    assert 'name="decision"' not in html


def test_a_rejection_needs_a_reason(project: Project, reviewer: Client) -> None:
    """Chosen or written; both are kept."""
    _, review = paused_run(project.pk)

    assert "A rejection needs a reason" in decide(reviewer, review, 422, decision="reject")
    decide(reviewer, review, 302, decision="reject", reason="Wrong figures", comment="VAT is missing")

    assert stored(review, "comment") == "Wrong figures: VAT is missing"


def test_an_edit_that_does_not_fit_is_kept_and_explained(project: Project, reviewer: Client) -> None:
    """422 with what is wrong beside its field, and nothing typed is lost."""
    _, review = paused_run(project.pk, payload=ORDER, schema=ORDER_SCHEMA)
    typed = json.dumps({**ORDER, "amount": -1})

    html = decide(reviewer, review, 422, decision="edit", output=typed, comment="typo")

    assert '{"path": "amount", "message": "-1 is less than the minimum of 0"}' in html
    assert "&quot;amount&quot;: -1" in html
    assert ">typo</textarea>" in html
    assert "not JSON" in decide(reviewer, review, 422, decision="edit", output="{")
    assert stored(review, "status") == "pending"


def test_an_edit_goes_on_with_the_types_of_what_it_edits(project: Project, reviewer: Client) -> None:
    """A decimal stays a decimal, though the form shows its text."""
    payload = {**ORDER, "amount": {"$ecoa": "decimal", "v": "31150.00"}}
    schema = {"type": "object", "properties": {"amount": {"type": "string"}}}
    _, review = paused_run(project.pk, payload=payload, schema=schema)

    decide(reviewer, review, 302, decision="edit", output=json.dumps({**ORDER, "amount": "28000.00"}))

    assert stored(review, "status") == "edited"
    assert stored(review, "output") == {**ORDER, "amount": {"$ecoa": "decimal", "v": "28000.00"}}


def test_tags_follow_values_into_objects_and_lists() -> None:
    """What did not change is as it was; what is new has no tag."""
    day = {"$ecoa": "date", "v": "2026-01-01"}
    model = {"$ecoa": "model", "t": "shop:Order", "v": {"on": day, "n": 1}}

    assert retagged(model, {"on": "2026-01-01", "n": 1}) == model
    assert retagged(model, {"on": "2026-02-02", "n": 2})["v"] == {"on": {**day, "v": "2026-02-02"}, "n": 2}
    assert retagged([day], ["2026-01-01", "2026-03-03"]) == [day, {**day, "v": "2026-03-03"}]
    assert retagged(day, None) is None


def test_only_the_groups_that_are_asked_decide(project: Project, reviewer: Client) -> None:
    """Another reviewer sees it without buttons."""
    _, review = paused_run(project.pk, groups=("owners",))

    assert reviewer.post(f"/p/shop/reviews/{review}/decide/", {"decision": "approve", "version": 1}).status_code == 403
    assert "you are none of them" in reviewer.get(f"/p/shop/reviews/{review}/").content.decode()


def test_with_a_quorum_the_first_word_waits_for_the_others(project: Project, reviewer: Client, other: Client) -> None:
    """It stays pending, says how many agreed, and takes one word of each person."""
    _, review = paused_run(project.pk, quorum=2)

    decide(reviewer, review, 302, decision="approve")
    assert stored(review, "status") == "pending"
    assert "1 of 2 approved" in reviewer.get(f"/p/shop/reviews/{review}/").content.decode()
    decide(reviewer, review, 409, decision="approve")
    decide(other, review, 302, decision="approve")

    assert stored(review, "status") == "approved"


def test_a_claim_is_seen_by_others(project: Project, reviewer: Client, other: Client) -> None:
    """It locks nobody out."""
    _, review = paused_run(project.pk)

    reviewer.post(f"/p/shop/reviews/{review}/claim/")

    assert "claimed by <bdi>rob@example.com</bdi>" in other.get(f"/p/shop/reviews/{review}/").content.decode()
    decide(other, review, 302, decision="approve")


def test_a_review_shows_all_that_a_decision_needs(project: Project, reviewer: Client) -> None:
    """Why, what will happen, input and output, how sure, the run so far and what comes next, like cases."""
    paused_run(
        project.pk,
        path="big[yes].review",
        payload=ORDER,
        status="rejected",
        decided_by="ann@example.com",
        comment="too big",
    )
    context = {"agent": "order-writer", "input": {"customer": "Ada"}, "confidence": 0.71, "threshold": 0.8}
    run, review = paused_run(project.pk, path="big[yes].review", payload=ORDER, context=context)
    make_node(run, "classify")

    html = reviewer.get(f"/p/shop/reviews/{review}/").content.decode()

    for told in ("The amount is over 25,000.00 EUR", "place goes on with it", "Ada", "31,150", "needs 80", "classify"):
        assert told in html
    assert "too big" in html
    assert re.search(r"100<span class=\"unit\">.%</span> alike", html)


def test_an_edit_form_has_its_schema_only_where_edits_are_allowed(project: Project, reviewer: Client) -> None:
    """Without a schema there is nothing to edit by."""
    _, plain = paused_run(project.pk)
    _, edits = paused_run(project.pk, schema=ORDER_SCHEMA)

    assert "Approve edit" not in reviewer.get(f"/p/shop/reviews/{plain}/").content.decode()
    assert 'id="value-output-schema"' in reviewer.get(f"/p/shop/reviews/{edits}/").content.decode()


def test_a_refusal_that_is_loaded_again_shows_the_review(project: Project, reviewer: Client, outsider: Client) -> None:
    """Its address is that of the decision; nothing is decided by looking."""
    _, review = paused_run(project.pk)

    answer = reviewer.get(f"/p/shop/reviews/{review}/decide/", {"part": "live"})

    assert answer.headers["Location"] == f"/p/shop/reviews/{review}/?part=live"
    assert outsider.get(f"/p/shop/reviews/{review}/decide/").status_code == 404


def test_what_comes_next_leaves_out_the_branches_beside() -> None:
    """Of a choice only the branch that was taken goes on, then what stands behind it."""

    def step(name: str, kind: str = "step", *children: Json) -> Json:
        return {"name": name, "kind": kind, "children": list(children)}

    refused = step("rejected", "branch", step("excuse"))
    yes = step("yes", "branch", step("review", "review", refused), step("refund"), step("reply"))
    no = step("no", "branch", step("ship"))
    steps = [step("classify"), step("is-return", "when", yes, no), step("log")]

    assert steps_after("is-return.yes.review", steps) == ["is-return.yes.refund", "is-return.yes.reply", "log"]
    assert steps_after("is-return.no.ship", steps) == ["log"]
    assert steps_after("gone", steps) == []
