"""What is sent to the API, checked by these; and what its answers look like, for its OpenAPI schema alone."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers as s

REVIEW_STATUSES = ["pending", "approved", "edited", "rejected", "expired", "cancelled"]
DECISIONS = ["approve", "edit", "reject"]
ON_EXPIRE = ["escalate", "reject", "hold"]
MAYBE: dict[str, Any] = {"allow_null": True}  # keyword arguments of any field
MOST_COMMENT = 10_000


class Problem(s.Serializer[object]):
    path = s.CharField(help_text="Its place, such as items/0/sku; empty for the whole.")
    message = s.CharField()


class Decided(s.Serializer[object]):
    by = s.CharField()
    decision = s.CharField()
    at = s.DateTimeField()
    comment = s.CharField()


class RefusedDetail(s.Serializer[object]):
    code = s.CharField()
    message = s.CharField()
    field = s.CharField(**MAYBE)
    decided = Decided(required=False, help_text="Of a 409 on a review: who was first.")
    problems = Problem(many=True, required=False, help_text="Of a 422: what does not fit the schema.")


class Refusal(s.Serializer[object]):
    error = RefusedDetail()


class DecisionInput(s.Serializer[object]):
    decision = s.ChoiceField(DECISIONS)
    version = s.IntegerField(min_value=1, max_value=2**31 - 1, help_text="Of the review as it was shown.")
    digest = s.CharField(required=False, max_length=64, help_text="Of the payload as it was shown.")
    output = s.JSONField(required=False, **MAYBE, help_text="Of an edit: what goes on instead. Fits the schema.")
    comment = s.CharField(
        required=False, allow_blank=True, default="", max_length=MOST_COMMENT, help_text="A rejection needs one."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:  # checked fields
        if attrs["decision"] == "reject" and not attrs["comment"].strip():
            raise s.ValidationError({"comment": ["Say why it is rejected."]}, code="required")
        if attrs["decision"] == "edit" and "output" not in attrs:
            raise s.ValidationError({"output": ["An edit needs its output."]}, code="required")
        return attrs


class Vote(s.Serializer[object]):
    person = s.CharField()
    version = s.IntegerField()
    decision = s.ChoiceField(DECISIONS)
    comment = s.CharField()
    via = s.CharField(help_text="web, api, slack or python.")
    at = s.DateTimeField()


class Review(s.Serializer[object]):
    id = s.UUIDField()
    run_id = s.UUIDField()
    pipeline = s.CharField()
    path = s.CharField(help_text="Of the step that waits.")
    status = s.ChoiceField(REVIEW_STATUSES)
    version = s.IntegerField(help_text="Rises when an edit changes what the next voter sees. A decision names it.")
    title = s.CharField()
    reason = s.CharField(help_text="Why it was stopped.")
    digest = s.CharField(help_text="SHA-256 of the payload as stored.")
    groups = s.ListField(child=s.CharField(), help_text="Who may decide: reviewers, editors, owners or addresses.")
    quorum = s.IntegerField(help_text="So many different people have to approve.")
    may_edit = s.BooleanField()
    on_expire = s.ChoiceField(ON_EXPIRE)
    escalated = s.IntegerField(help_text="Rungs of the ladder that were climbed.")
    claimed_by = s.CharField(**MAYBE)
    decided_by = s.CharField(**MAYBE)
    decided_via = s.CharField(**MAYBE, help_text="web, api, slack, python, expiry or cancel.")
    comment = s.CharField()
    expires_at = s.DateTimeField(**MAYBE)
    claimed_at = s.DateTimeField(**MAYBE)
    decided_at = s.DateTimeField(**MAYBE)
    created_at = s.DateTimeField()


class WholeReview(Review):
    payload = s.JSONField(**MAYBE, help_text="What would go on.")
    schema = s.JSONField(**MAYBE, help_text="JSON schema of an edit; null: no edits.")
    context = s.DictField(help_text="Shown beside it.")  # type: ignore[assignment]  # DRF takes fields off the class
    output = s.JSONField(**MAYBE, help_text="What went on: the payload, or the edit.")
    approvals = s.IntegerField(help_text="Of the current version.")
    votes = Vote(many=True)
