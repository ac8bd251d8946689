"""The JSON forms of runs, reviews and breakers."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ecoa.edits import plain

if TYPE_CHECKING:
    from ecoa.store.base import ReviewRow, Vote

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
        "context": row.context,
        "output": value(row.output),
        "approvals": approvals,
        "votes": [_vote_form(vote) for vote in row.votes],
    }


def _vote_form(vote: Vote) -> Json:
    told = {name: getattr(vote, name) for name in ("person", "version", "decision", "comment", "via")}
    return told | {"at": when(vote.at)}
