"""What is sent to the API, checked by these; and what its answers look like, for its OpenAPI schema alone."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers as s

REVIEW_STATUSES = ["pending", "approved", "edited", "rejected", "expired", "cancelled"]
DECISIONS = ["approve", "edit", "reject"]
BREAKER_STATES = ["closed", "open", "half_open"]
ON_EXPIRE = ["escalate", "reject", "hold"]
MAYBE: dict[str, Any] = {"allow_null": True}  # keyword arguments of any field
MOST_COMMENT = 10_000


class Misfit(s.Serializer[object]):
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
    problems = Misfit(many=True, required=False, help_text="Of a 422: what does not fit the schema.")


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


RUN_STATUSES = ["queued", "running", "paused", "held", "compensating", "success", "error", "rejected", "cancelled"]
NODE_STATUSES = ["ready", "leased", "waiting", "paused", "open", "done", "error", "unknown", "held", "cancelled"]
MOST_KEY = 255
MOST_TEXT = 1_000


class StartInput(s.Serializer[object]):
    pipeline = s.CharField(max_length=MOST_TEXT)
    input = s.JSONField(**MAYBE, help_text="Fits the pipeline's input schema.")
    idempotency_key = s.CharField(
        required=False, max_length=MOST_KEY, help_text="Or the header Idempotency-Key: the same key begins one run."
    )
    priority = s.IntegerField(required=False, default=0, min_value=-100, max_value=100, help_text="Higher first.")


class CancelInput(s.Serializer[object]):
    reason = s.CharField(required=False, allow_blank=True, default="", max_length=MOST_TEXT)


class RetryInput(s.Serializer[object]):
    path = s.CharField(required=False, max_length=MOST_TEXT, help_text="Of one step; by default all that failed.")


class ForkInput(s.Serializer[object]):
    path = s.CharField(max_length=MOST_TEXT, help_text="Of the step to begin at; what is before it is reused.")
    effects = s.DictField(
        child=s.ChoiceField(["reuse", "again"]),
        required=False,
        default=dict,
        help_text="For every effect from there on, by its path: reuse its result, or do it again with a new key.",
    )
    input = s.JSONField(required=False, **MAYBE, help_text="Of that step, instead of what it got.")


class SignalInput(s.Serializer[object]):
    name = s.CharField(max_length=MOST_TEXT)
    value = s.JSONField(**MAYBE)
    key = s.CharField(max_length=MOST_KEY, help_text="The same key is one signal.")


class ReleaseInput(s.Serializer[object]):
    path = s.CharField(max_length=MOST_TEXT, help_text="Of a step that is held, or whose effect is in doubt.")
    word = s.ChoiceField(["done", "again"], help_text="It happened, with this output; or it is to be done again.")
    output = s.JSONField(required=False, default=None, **MAYBE)


class Signalled(s.Serializer[object]):
    fresh = s.BooleanField(help_text="False when this key was there already.")


class RunError(s.Serializer[object]):
    type = s.CharField()
    message = s.CharField()
    retry_after = s.FloatField(required=False)


class Run(s.Serializer[object]):
    id = s.UUIDField()
    pipeline = s.CharField()
    status = s.ChoiceField(RUN_STATUSES)
    at = s.CharField(help_text="The path of the step that tells most: in doubt, held, failed, paused, running.")
    error = RunError(**MAYBE)
    trace_id = s.CharField(help_text="32 hex digits.")
    idempotency_key = s.CharField(**MAYBE)
    session = s.CharField(**MAYBE)
    priority = s.IntegerField()
    started_by = s.CharField()
    cancel_requested = s.BooleanField()
    created_at = s.DateTimeField()
    started_at = s.DateTimeField(**MAYBE)
    paused_at = s.DateTimeField(**MAYBE)
    finished_at = s.DateTimeField(**MAYBE)


class Started(Run):
    created = s.BooleanField(help_text="False when the key led to a run that there was.")


class RunNode(s.Serializer[object]):
    path = s.CharField()
    kind = s.CharField()
    status = s.ChoiceField(NODE_STATUSES)
    attempt = s.IntegerField()
    takeovers = s.IntegerField(help_text="Times that its worker was lost.")
    worker = s.CharField(**MAYBE)
    signal = s.CharField(**MAYBE, help_text="It waits for this one.")
    error = RunError(**MAYBE)
    decision = s.DictField(**MAYBE, help_text="What people decided.")
    wake_at = s.DateTimeField(**MAYBE)
    created_at = s.DateTimeField()
    started_at = s.DateTimeField(**MAYBE)
    finished_at = s.DateTimeField(**MAYBE)


class RunEffect(s.Serializer[object]):
    key = s.CharField()
    path = s.CharField()
    effect = s.CharField(help_text="keyed, guarded or transactional.")
    status = s.CharField(help_text="intended, done, unknown or failed.")
    first_used_at = s.DateTimeField()
    settled_at = s.DateTimeField(**MAYBE)
    key_until = s.DateTimeField(**MAYBE, help_text="When the other side forgets the key.")


class RunEvent(s.Serializer[object]):
    id = s.IntegerField()
    at = s.DateTimeField()
    kind = s.CharField()
    path = s.CharField(**MAYBE)
    data = s.DictField()  # type: ignore[assignment]  # DRF takes fields off the class


class RunReview(s.Serializer[object]):
    id = s.UUIDField()
    path = s.CharField()
    status = s.ChoiceField(REVIEW_STATUSES)
    version = s.IntegerField()
    title = s.CharField()
    expires_at = s.DateTimeField(**MAYBE)


class WholeRun(Run):
    definition_hash = s.CharField()
    input = s.JSONField(**MAYBE, help_text="One over 256 KiB is told by its size and SHA-256.")
    result = s.JSONField(**MAYBE)
    fingerprint = s.CharField(**MAYBE)
    parent_run = s.UUIDField(**MAYBE)
    parent_path = s.CharField(**MAYBE)
    forked_from = s.UUIDField(**MAYBE)
    forked_at = s.CharField(**MAYBE)
    deadline_at = s.DateTimeField(**MAYBE)
    resumed = s.BooleanField(help_text="It was paused or held before.")
    nodes = RunNode(many=True, help_text="In order of creation, at most 500.")
    nodes_after = s.IntegerField(**MAYBE, help_text="Ask with this for the next ones.")
    node_counts = s.DictField(child=s.IntegerField(), help_text="By status.")
    reviews = RunReview(many=True)
    effects = RunEffect(many=True)
    events = RunEvent(many=True, help_text="Newest first, at most 100.")
    events_before = s.IntegerField(**MAYBE, help_text="Ask with this for earlier ones.")


class PipelineHealth(s.Serializer[object]):
    name = s.CharField()
    runs = s.IntegerField(help_text="Begun in the window; so are the figures of runs that ended.")
    finished = s.IntegerField()
    errors = s.IntegerField()  # type: ignore[assignment]  # DRF takes fields off the class
    rejected = s.IntegerField()
    p50_ms = s.FloatField(**MAYBE)
    p95_ms = s.FloatField(**MAYBE)
    running = s.IntegerField(help_text="Now.")
    paused = s.IntegerField()
    held = s.IntegerField()
    newest_at = s.DateTimeField(**MAYBE)


class PipelineList(s.Serializer[object]):
    results = PipelineHealth(many=True)


class PipelineDetail(s.Serializer[object]):
    name = s.CharField()
    hash = s.CharField()
    definition = s.JSONField(help_text="Steps, policies in numbers and the input schema.")
    here = s.BooleanField(help_text="The server has its code; else this is of its newest run.")


class Breaker(s.Serializer[object]):
    name = s.CharField()
    state = s.ChoiceField(BREAKER_STATES)
    reason = s.CharField()
    wait = s.FloatField(help_text="Seconds that it stays open this time.")
    opened_at = s.DateTimeField(**MAYBE)
    retry_at = s.DateTimeField(**MAYBE)
    pinned_by = s.CharField(**MAYBE, help_text="A person holds it so.")
    changed_at = s.DateTimeField()
    openings = s.IntegerField(help_text="In the last 24 hours.")


class BreakerList(s.Serializer[object]):
    results = Breaker(many=True)


class OpenInput(s.Serializer[object]):
    reason = s.CharField(required=False, allow_blank=True, default="", max_length=MOST_TEXT)


class CloseInput(OpenInput):
    hold = s.BooleanField(required=False, default=False, help_text="Stays closed whatever fails.")
