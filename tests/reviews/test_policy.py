"""The policy that a pipeline states, and what of it is stored with a request."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest

from ecoa.review import Approve, Edit, NeedsReview, Reject, Review, ballot


def test_a_request_holds_the_policy_in_seconds_and_the_digest() -> None:
    """Groups are told in lower case; the digest is that of the text."""
    policy = Review(
        by=["Reviewers", "Finance@example.com"],
        quorum=2,
        expires=timedelta(hours=2),
        escalate=[(timedelta(minutes=30), "owners")],
        safe=["amount"],
    )

    made = policy.request(
        id="r", title="Pay?", reason="high", payload='{"amount":3}', schema={}, context={"agent": "pay"}
    )

    assert (made.groups, made.quorum, made.expires_in) == (("reviewers", "finance@example.com"), 2, 7200)
    assert made.escalate == [(1800, "owners")]
    assert made.digest == hashlib.sha256(b'{"amount":3}').hexdigest()
    assert made.context == {"safe": ["amount"], "agent": "pay"}
    assert made.may_edit


def test_a_request_without_edits_has_no_schema() -> None:
    """Whether the policy forbids them or the type is unknown."""
    forbidden = Review(may_edit=False).request(id="r", title="", reason="", payload="1", schema={"type": "integer"})
    unknown = Review().request(id="r", title="", reason="", payload="1", schema=None)

    assert (forbidden.schema, unknown.may_edit) == (None, False)


@pytest.mark.parametrize("wrong", [{"quorum": 0}, {"by": ()}, {"on_expire": "approve"}, {"notify": ("pager",)}])
def test_a_policy_that_nobody_could_meet_is_refused(wrong: dict[str, object]) -> None:
    """Approving on expiry is not offered."""
    with pytest.raises(ValueError, match=r".+"):
        Review(**wrong)  # type: ignore[arg-type]


def test_a_decision_becomes_a_ballot() -> None:
    """An edit as the codec stores it, a rejection with its reason."""
    assert ballot(Approve("ok"), version=3, by="ann", via="python").comment == "ok"
    assert ballot(Edit({"n": 1}), version=1, by="ann", via="python").output == '{"n":1}'
    assert ballot(Reject("no"), version=1, by="ann", via="python").decision == "reject"


def test_an_agent_can_ask_for_a_person() -> None:
    """With the type of an edit and a policy of its own."""
    asked = NeedsReview("amount over limit", edit=dict, review=Review(by="owners"))

    assert (str(asked), asked.edit, asked.review is not None) == ("amount over limit", dict, True)
