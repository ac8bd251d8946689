"""Reviews over HTTP: the queue, and deciding what was on the screen, once, in time, by who may."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ecoa_web.accounts.models import AuditEntry, Membership, Project, Scope, User
from tests.pipelines_api.conftest import Caller, machine
from tests.reviews.stored import ORDER, Asked, ask, events, node_row, ready, run_row


def decide(caller: Caller, asked: Asked, decision: str = "approve", *, code: int = 200, **more: object) -> Any:
    body = {"decision": decision, "version": 1, **more}
    return caller.post(f"reviews/{asked.review}/decision", body, code=code)


def test_an_approval_lets_the_run_go_on_with_what_was_shown(ann: Caller, asked: Asked) -> None:
    """The step is ready, with the decision; the run runs again and is marked as resumed."""
    shown = ann.get(f"reviews/{asked.review}")

    answer = ann.post(
        f"reviews/{asked.review}/decision",
        {"decision": "approve", "version": shown["version"], "digest": shown["digest"], "comment": "fine"},
    )

    assert shown["payload"] == ORDER
    assert (answer["status"], answer["decided_by"], answer["decided_via"]) == ("approved", "ann@example.com", "api")
    assert ready(asked.run) == ["check"]
    assert run_row(asked.run) == ("running", 1, True)
    assert node_row(asked.run) == (
        "ready",
        {"decision": "approve", "by": "ann@example.com", "comment": "fine", "output": ORDER},
    )
    assert events(asked.run) == ["decision"]


def test_a_decision_is_in_the_audit_log(ann: Caller, asked: Asked, project: Project) -> None:
    """Who, what, by which way, of which payload."""
    decide(ann, asked)

    entry = AuditEntry.objects.get(action="review decided")
    assert (entry.project, entry.actor_label, entry.subject) == (project, "ann@example.com", asked.review)
    assert (entry.detail["decision"], entry.detail["via"], entry.detail["run"]) == ("approve", "api", asked.run)


def test_the_second_decision_is_told_who_was_first(ann: Caller, bob: Caller, asked: Asked) -> None:
    """409 with who, what and when; the run is not touched again."""
    first = decide(ann, asked)

    error = decide(bob, asked, "reject", comment="too dear", code=409)

    assert error["error"]["code"] == "review_conflict"
    assert error["error"]["decided"] == {
        "by": "ann@example.com",
        "decision": "approve",
        "at": first["decided_at"],
        "comment": "",
    }
    assert ready(asked.run) == ["check"]


def test_a_double_click_is_harmless(ann: Caller, asked: Asked) -> None:
    """The second click changes nothing and says so."""
    decide(ann, asked)
    decide(ann, asked, code=409)

    assert run_row(asked.run) == ("running", 1, True)
    assert events(asked.run) == ["decision"]


def test_an_old_version_or_another_payload_is_refused(ann: Caller, asked: Asked) -> None:
    """What was decided must be what was on the screen."""
    decide(ann, asked, version=2, code=409)
    decide(ann, asked, digest="0" * 64, code=409)

    assert node_row(asked.run) == ("paused", None)


def test_an_expired_review_cannot_be_decided(ann: Caller, project: Project) -> None:
    """410, before the periodic work noticed as well as after."""
    asked = ask(project.pk, expires="-1 second")

    assert decide(ann, asked, code=410)["error"]["code"] == "review_expired"
    assert node_row(asked.run) == ("paused", None)


def test_an_edit_must_fit_the_schema(ann: Caller, asked: Asked) -> None:
    """422 names every place; nothing is decided."""
    error = decide(ann, asked, "edit", output={"sku": 7, "amount": 0, "gift": True}, code=422)

    problems = {problem["path"]: problem["message"] for problem in error["error"]["problems"]}
    assert set(problems) == {"", "amount", "sku"}
    assert "gift" in problems[""]
    assert node_row(asked.run) == ("paused", None)


def test_an_edit_goes_on_instead_with_its_types(ann: Caller, asked: Asked) -> None:
    """A number stays a number; the original stays with the review."""
    answer = decide(ann, asked, "edit", output={"sku": "A-1", "amount": 2}, comment="two are left")

    assert (answer["status"], answer["payload"]) == ("edited", ORDER)
    assert answer["output"] == {"sku": "A-1", "amount": 2}
    decision = node_row(asked.run)[1]
    assert (decision["decision"], decision["output"]) == ("edit", {"sku": "A-1", "amount": 2})


def test_an_edit_cannot_smuggle_in_a_stored_type(ann: Caller, project: Project) -> None:
    """What looks like a stored value's tag is stored as the plain object that it is."""
    asked = ask(project.pk, schema={}, payload={})

    decide(ann, asked, "edit", output={"$ecoa": "enum", "t": "os:Popen", "v": 1})

    assert node_row(asked.run)[1]["output"]["$ecoa"] == "dict"


def test_a_review_without_a_schema_takes_no_edit(ann: Caller, project: Project) -> None:
    """422."""
    asked = ask(project.pk, schema=None)

    decide(ann, asked, "edit", output=1, code=422)


def test_a_rejection_needs_a_reason(ann: Caller, asked: Asked) -> None:
    """400 without one; with one it reaches the step."""
    assert decide(ann, asked, "reject", code=400)["error"]["field"] == "comment"
    decide(ann, asked, "reject", comment="wrong address")

    decision = node_row(asked.run)[1]
    assert (decision["decision"], decision["comment"], decision["output"]) == ("reject", "wrong address", None)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"decision": "yes", "version": 1},
        {"decision": "approve", "version": "latest"},
        {"decision": "edit", "version": 1},
        {"decision": "approve", "version": 2**70},
        [],
        "approve",
    ],
)
def test_a_body_that_says_nothing_clear_decides_nothing(ann: Caller, asked: Asked, body: object) -> None:
    """400; free text never becomes a decision."""
    ann.post(f"reviews/{asked.review}/decision", body, code=400)

    assert node_row(asked.run) == ("paused", None)


def test_a_quorum_waits_for_different_people(ann: Caller, bob: Caller, project: Project) -> None:
    """One person's second vote does not count; the second person's does."""
    asked = ask(project.pk, quorum=2)

    assert decide(ann, asked)["status"] == "pending"
    decide(ann, asked, code=409)
    assert ready(asked.run) == []
    answer = decide(bob, asked)

    assert (answer["status"], answer["approvals"]) == ("approved", 2)
    assert ready(asked.run) == ["check"]
    assert events(asked.run) == ["vote", "decision"]


def test_an_edit_within_a_quorum_asks_the_others_about_it(ann: Caller, bob: Caller, project: Project) -> None:
    """It makes a new version: earlier votes no longer count, and who saw the old one is refused."""
    asked = ask(project.pk, quorum=2)
    decide(ann, asked)

    edited = decide(bob, asked, "edit", output={"sku": "A-1", "amount": 1})
    decide(ann, asked, code=409)
    answer = decide(ann, asked, version=2)

    assert (edited["version"], edited["approvals"], edited["status"]) == (2, 1, "pending")
    assert answer["status"] == "edited"
    assert node_row(asked.run)[1]["output"] == {"sku": "A-1", "amount": 1}


def test_one_rejection_ends_a_quorum(ann: Caller, bob: Caller, project: Project) -> None:
    """Whoever objects stops it."""
    asked = ask(project.pk, quorum=3)
    decide(ann, asked)

    assert decide(bob, asked, "reject", comment="no")["status"] == "rejected"
    assert ready(asked.run) == ["check"]


def test_only_who_is_asked_may_decide(ann: Caller, bob: Caller, project: Project) -> None:
    """A review for one account is refused to others of the same role, whatever case the address is in."""
    User.objects.filter(email="bob@example.com").update(email="Bob@example.com")
    asked = ask(project.pk, groups=("bob@example.com",))

    decide(ann, asked, code=403)
    ann.post(f"reviews/{asked.review}/claim", code=403)
    decide(bob, asked)


def test_owners_are_a_group(ann: Caller, editor: Caller, project: Project) -> None:
    """So are editors; a higher role is in the groups of the lower ones."""
    owners, editors = ask(project.pk, groups=("owners",)), ask(project.pk, groups=("editors",))

    decide(editor, owners, code=403)
    decide(ann, editors, code=403)
    decide(editor, editors)


def test_viewers_read_but_do_not_decide(viewer: Caller, asked: Asked) -> None:
    """403."""
    assert viewer.get(f"reviews/{asked.review}")["status"] == "pending"
    decide(viewer, asked, code=403)
    viewer.post(f"reviews/{asked.review}/claim", code=403)


def test_outsiders_find_nothing(outsider: Caller, asked: Asked) -> None:
    """404 for one of another project's reviews, named or not, and an empty list."""
    for path in (f"reviews/{asked.review}", f"reviews/{asked.review}?project=shop"):
        outsider.get(path, code=404)
    decide(outsider, asked, code=404)
    outsider.post(f"reviews/{asked.review}/claim", code=404)
    assert outsider.get("reviews")["results"] == []
    assert node_row(asked.run) == ("paused", None)


def test_a_key_decides_with_its_scope_alone(project: Project, asked: Asked) -> None:
    """The scope review is needed and enough; it counts as a reviewer, never as a person."""
    for scope in (Scope.READ, Scope.RUN, Scope.INGEST, Scope.ADMIN):
        decide(machine(project, scope), asked, code=403)
    named = ask(project.pk, groups=("ann@example.com",))

    key = machine(project, Scope.REVIEW)
    decide(key, named, code=403)
    assert key.get("reviews")["results"]
    assert decide(key, asked)["decided_by"] == "key deploy"


def test_a_key_of_another_project_finds_nothing(asked: Asked) -> None:
    """404."""
    other = machine(Project.objects.create(slug="other", name="Other"), Scope.REVIEW, Scope.READ)

    decide(other, asked, code=404)
    other.get(f"reviews/{asked.review}", code=404)


def test_a_signed_in_decision_needs_a_csrf_token(ann: Caller, asked: Asked) -> None:
    """A form on somebody else's site decides nothing."""
    ann.client.handler.enforce_csrf_checks = True

    decide(ann, asked, code=403)

    assert node_row(asked.run) == ("paused", None)


def test_the_queue_has_the_earliest_deadline_first(ann: Caller, project: Project) -> None:
    """In pages; those without a deadline last."""
    never = ask(project.pk, expires=None)
    late, soon = ask(project.pk, expires="2 days"), ask(project.pk, expires="1 hour")

    first = ann.get("reviews", limit=2)
    rest = ann.get("reviews", limit=2, cursor=first["next"])

    found = [row["id"] for row in first["results"] + rest["results"]]
    assert found == [soon.review, late.review, never.review]
    assert rest["next"] is None
    assert "payload" not in first["results"][0]


def test_the_queue_is_filtered(ann: Caller, bob: Caller, project: Project) -> None:
    """By status, pipeline, run, group and who looks at it."""
    plain = ask(project.pk)
    named = ask(project.pk, pipeline="refund", groups=("ann@example.com",))
    decided = ask(project.pk)
    decide(bob, decided)
    bob.post(f"reviews/{plain.review}/claim")

    def found(**asked: Any) -> set[str]:
        return {row["id"] for row in ann.get("reviews", **asked)["results"]}

    assert found() == {plain.review, named.review}
    assert found(status="approved,edited") == {decided.review}
    assert found(pipeline="refund") == {named.review}
    assert found(run=plain.run) == {plain.review}
    assert found(group="ann@example.com") == {named.review}
    assert found(group="me") == {plain.review, named.review}
    assert found(assignee="bob@example.com") == {plain.review}
    assert found(assignee="me") == set()


@pytest.mark.parametrize("asked", [{"status": "open"}, {"cursor": "x"}, {"run": "1"}, {"limit": "0"}])
def test_what_cannot_be_read_is_said(ann: Caller, asked: dict[str, Any]) -> None:
    """400, naming the parameter."""
    assert ann.get("reviews", code=400, **asked)["error"]["field"] == next(iter(asked))


def test_a_claim_shows_who_looks(ann: Caller, bob: Caller, asked: Asked) -> None:
    """It locks nobody out; a decided review cannot be claimed."""
    assert ann.post(f"reviews/{asked.review}/claim")["claimed_by"] == "ann@example.com"
    decide(bob, asked)
    assert ann.post(f"reviews/{asked.review}/claim", code=409)["error"]["decided"]["by"] == "bob@example.com"


def test_values_are_plain_json(ann: Caller, project: Project) -> None:
    """Without the tags that keep their types; an approval passes them on with the tags."""
    price = {"price": {"$ecoa": "decimal", "v": "9.90"}}
    asked = ask(project.pk, payload=price, schema=None)

    assert ann.get(f"reviews/{asked.review}")["payload"] == {"price": "9.90"}
    decide(ann, asked)
    assert node_row(asked.run)[1]["output"] == price


def test_lists_cost_the_same_however_long(ann: Caller, project: Project, django_assert_max_num_queries: object) -> None:
    """One query for reviews, a few for who asks."""
    for _ in range(20):
        ask(project.pk)

    with django_assert_max_num_queries(8):  # type: ignore[operator]
        assert len(ann.get("reviews")["results"]) == 20


def test_a_removed_member_decides_nothing(ann: Caller, asked: Asked) -> None:
    """An open page does not keep the right."""
    Membership.objects.all().delete()

    decide(ann, asked, code=404)


def test_bodies_are_json(ann: Caller, asked: Asked) -> None:
    """NaN is none."""
    answer = ann.client.post(
        f"/api/v1/reviews/{asked.review}/decision",
        '{"decision": "edit", "version": 1, "output": NaN}',
        content_type="application/json",
    )

    assert answer.status_code == 400
    assert json.loads(answer.content)["error"]["code"] == "parse_error"
