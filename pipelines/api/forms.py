"""The JSON forms of runs, reviews and breakers."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ecoa.edits import plain

if TYPE_CHECKING:
    from ecoa.store.base import ReviewRow, Vote
    from pipelines.queries.breakers import BreakerRow
    from pipelines.queries.pipelines import Health
    from pipelines.queries.reviews import ReviewRow as RunReviewRow
    from pipelines.queries.run import EffectRow, EventRow, Node, Run
    from pipelines.queries.runs import RunRow

type Json = dict[str, Any]  # a JSON object

COMMON = (
    "id",
    "run_id",
    "pipeline",
    "path",
    "status",
    "version",
    "title",
    "reason",
    "digest",
    "groups",
    "quorum",
    "may_edit",
    "on_expire",
    "escalated",
    "claimed_by",
    "decided_by",
    "decided_via",
    "comment",
)
RUN = (
    "id",
    "pipeline",
    "status",
    "at",
    "error",
    "idempotency_key",
    "session",
    "priority",
    "started_by",
    "cancel_requested",
)
WHOLE_RUN = ("definition_hash", "fingerprint", "parent_run", "parent_path", "forked_from", "forked_at", "resumed")
NODE = ("path", "kind", "status", "attempt", "takeovers", "worker", "signal", "error")
HEALTH = ("runs", "finished", "errors", "rejected", "p50_ms", "p95_ms", "running", "paused", "held")
REVIEW_TIMES = ("expires_at", "claimed_at", "decided_at", "created_at")


def when(at: datetime | None) -> str | None:
    """A time in UTC, as RFC 3339."""
    return None if at is None else f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def value(text: str | None) -> Any:  # JSON
    """A stored value as plain JSON: without the tags that keep its types."""
    return None if text is None else plain(json.loads(text))


def review_form(row: ReviewRow) -> Json:
    """A review as lists show it."""
    form: Json = {name: getattr(row, name) for name in COMMON}
    return form | {name: when(getattr(row, name)) for name in REVIEW_TIMES}


def whole_review_form(row: ReviewRow) -> Json:
    """A review with what is decided about, and its votes."""
    approvals = sum(vote.version == row.version and vote.decision != "reject" for vote in row.votes)
    return review_form(row) | {
        "payload": value(row.payload),
        "schema": row.schema,
        "context": plain(dict(row.context)),
        "output": value(row.output),
        "approvals": approvals,
        "votes": [_vote_form(vote) for vote in row.votes],
    }


def _vote_form(vote: Vote) -> Json:
    told = {name: getattr(vote, name) for name in ("person", "version", "decision", "comment", "via")}
    return told | {"at": when(vote.at)}


def run_form(row: RunRow) -> Json:
    """A run as lists show it."""
    form: Json = {name: getattr(row, name) for name in RUN}
    times = {name: when(getattr(row, name)) for name in ("created_at", "started_at", "paused_at", "finished_at")}
    return form | times | {"trace_id": row.trace_id.hex}


def whole_run_form(run: Run, *, given: str | None, result: str | None) -> Json:
    """A run with what it was given and what came out."""
    form: Json = {name: getattr(run, name) for name in WHOLE_RUN}
    values = {"input": value(given), "result": value(result), "deadline_at": when(run.deadline_at)}
    return run_form(run.row) | form | values


def node_form(node: Node) -> Json:
    """A node of a run."""
    times = {name: when(getattr(node, name)) for name in ("wake_at", "created_at", "started_at", "finished_at")}
    told: Json = {name: getattr(node, name) for name in NODE}
    return told | times | {"decision": plain(node.decision)}


def effect_form(effect: EffectRow) -> Json:
    """A line of the ledger."""
    times = {name: when(getattr(effect, name)) for name in ("first_used_at", "settled_at", "key_until")}
    return {name: getattr(effect, name) for name in ("key", "path", "effect", "status")} | times


def event_form(event: EventRow) -> Json:
    """A line of the history."""
    return {"id": event.id, "at": when(event.at), "kind": event.kind, "path": event.path, "data": event.data}


def review_of_run_form(row: RunReviewRow) -> Json:
    """A review as its run tells it."""
    told: Json = {name: getattr(row, name) for name in ("id", "path", "status", "version", "title")}
    return told | {"expires_at": when(row.expires_at)}


def health_form(health: Health) -> Json:
    """A pipeline as lists show it."""
    told: Json = {name: getattr(health, name) for name in HEALTH}
    return told | {"name": health.pipeline, "newest_at": when(health.newest_at)}


def breaker_form(row: BreakerRow) -> Json:
    """A breaker."""
    told: Json = {name: getattr(row, name) for name in ("name", "state", "reason", "wait", "pinned_by", "openings")}
    return told | {name: when(getattr(row, name)) for name in ("opened_at", "retry_at", "changed_at")}
