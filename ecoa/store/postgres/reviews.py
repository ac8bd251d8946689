"""Reviews in PostgreSQL: the store's and Django's one way to read and decide them (see work.py for how it is run)."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime
from typing import Any
from uuid import UUID

from ecoa.errors import NotFound, ReviewConflict, ReviewExpired
from ecoa.store.ballots import EXPIRED_BY, Outcome, decision_text, judge, overdue, refuse_closed
from ecoa.store.base import Ballot, ReviewFilter, ReviewPage, ReviewRow, Vote
from ecoa.store.postgres.named import named_sql
from ecoa.store.postgres.work import Ask, Row, Work

SQL = named_sql(__file__)
DECODED = ("schema", "escalate", "context", "votes")
NOBODY = "Nobody decided in time."


def review(review_id: str, *, project_id: int | None = None) -> Work[ReviewRow]:
    """A review with its votes; NotFound when there is none, or it is another project's."""
    rows = yield Ask(SQL.review, _known(review_id, project_id))
    if not rows:
        raise NotFound("There is no such review.")
    return _row(rows[0])


def reviews(project_id: int, asked: ReviewFilter, *, cursor: str | None, limit: int) -> Work[ReviewPage]:
    """A page of reviews, the earliest deadline first."""
    expires, created, last = _read_cursor(cursor) if cursor else (None, None, None)
    rows = yield Ask(
        SQL.reviews,
        {
            "project": project_id,
            "status": list(asked.status),
            "pipeline": asked.pipeline,
            "run": asked.run_id,
            "groups": None if asked.groups is None else list(asked.groups),
            "claimed_by": asked.claimed_by,
            "after_expires": expires,
            "after_created": created,
            "after_id": last,
            "limit": limit + 1,
        },
    )
    page = [_row(row) for row in rows[:limit]]
    return ReviewPage(rows=page, next=_cursor(page[-1]) if len(rows) > limit else None)


def claim(review_id: str, *, by: str, project_id: int | None = None) -> Work[ReviewRow]:
    """Say who looks at it; raises when there is nothing left to decide."""
    before = yield from review(review_id, project_id=project_id)
    if not (yield Ask(SQL.claim, {"id": before.id, "by": by})):
        found = yield from _locked(review_id, project_id)
        refuse_closed(found[0], now=found[1])
    yield _event(before, "review_claimed", {"review": before.id, "by": by})
    return (yield from review(review_id))


def decide(review_id: str, ballot: Ballot, *, project_id: int | None = None) -> Work[ReviewRow]:
    """Count a vote under the locks of run, node and review; a decided review makes its node ready."""
    asked, now = yield from _locked(review_id, project_id)
    outcome = judge(asked, ballot, now=now)
    yield from _count(asked, ballot, outcome)
    if outcome.decision is not None:
        yield from _wake(asked, outcome.decision)
    told = {
        "review": asked.id,
        "decision": ballot.decision,
        "by": ballot.by,
        "via": ballot.via,
        "comment": ballot.comment,
        "version": asked.version,
        "digest": asked.digest,
        "status": outcome.status,
    }
    if ballot.decision == "edit" and outcome.payload != asked.payload:
        told["original"] = json.loads(asked.payload)  # the next version replaces it
    yield _event(asked, "vote" if outcome.decision is None else "decision", told)
    return (yield from review(review_id))


def due(*, limit: int) -> Work[list[str]]:
    """Reviews that time has come for. Each is to be expired in a transaction of its own."""
    rows = yield Ask(SQL.due, {"limit": limit})
    return [row["id"] for row in rows]


def expire(review_id: str) -> Work[bool]:
    """Climb a rung, reject or hold; false when it was decided, or done, meanwhile."""
    asked, now = yield from _locked(review_id, None)
    step = overdue(asked, now=now) if asked.status == "pending" else None
    if step is None:
        return False
    if step.kind == "escalate":
        yield from _escalate(asked, step.group)
        return True
    yield Ask(SQL.expire, {"id": asked.id, "by": EXPIRED_BY, "comment": NOBODY})
    yield _event(asked, "review_expired", {"review": asked.id, "then": step.kind})
    yield Ask(SQL.message, {"id": asked.id, "occasion": "closed"})
    if step.kind == "reject":
        told = decision_text("reject", output=None, by=EXPIRED_BY, comment=NOBODY)
        yield Ask(SQL.wake, {"run": asked.run_id, "path": asked.path, "told": told})
    else:
        error = json.dumps({"type": "ReviewExpired", "message": NOBODY})
        yield Ask(SQL.hold, {"run": asked.run_id, "path": asked.path, "error": error})
    return True


def _locked(review_id: str, project_id: int | None) -> Work[tuple[ReviewRow, datetime]]:
    key = _known(review_id, project_id)
    if not (yield Ask(SQL.lock_run, key)):
        raise NotFound("There is no such review.")
    yield Ask(SQL.lock_node, key)
    rows = yield Ask(SQL.lock_review, key)
    row = yield from review(review_id)
    return row, rows[0]["now"]


def _count(asked: ReviewRow, ballot: Ballot, outcome: Outcome) -> Work[None]:
    seen = {"id": asked.id, "seen": asked.version, "by": ballot.by, "via": ballot.via, "comment": ballot.comment}
    voted = yield Ask(SQL.vote, {**seen, "voted": outcome.version, "decision": ballot.decision})
    if not voted:
        raise ReviewConflict("You voted on this version already; it waits for others.")
    if outcome.decision is None:
        change = {"version": outcome.version, "payload": outcome.payload, "digest": outcome.digest}
        changed = yield Ask(SQL.amend, {**seen, **change})
    else:
        changed = yield Ask(SQL.settle, {**seen, "status": outcome.status, "output": outcome.output})
    if not changed:
        raise ReviewExpired("This review expired while it was decided.")


def _wake(asked: ReviewRow, told: str) -> Work[None]:
    woken = yield Ask(SQL.wake, {"run": asked.run_id, "path": asked.path, "told": told})
    if not woken:
        raise ReviewConflict("Its step waits no longer.")


def _escalate(asked: ReviewRow, group: str) -> Work[None]:
    rows = yield Ask(SQL.escalate, {"id": asked.id, "group": group})
    rung = rows[0]["escalated"]
    yield Ask(SQL.message, {"id": asked.id, "occasion": f"escalation:{rung}"})
    yield _event(asked, "review_escalated", {"review": asked.id, "group": group, "rung": rung})


def _event(asked: ReviewRow, kind: str, told: dict[str, Any]) -> Ask:
    place = {"project": asked.project_id, "run": asked.run_id, "path": asked.path}
    return Ask(SQL.event, {**place, "kind": kind, "data": json.dumps(told)})


def _known(review_id: str, project_id: int | None) -> dict[str, object]:
    try:
        return {"id": str(UUID(review_id)), "project": project_id}
    except ValueError:
        raise NotFound("There is no such review.") from None


def _row(row: Row) -> ReviewRow:
    # Connections differ in what they make of json; this reads text.
    stored: dict[str, Any] = {name: None if row[name] is None else json.loads(row[name]) for name in DECODED}
    votes = [Vote(**{**vote, "at": datetime.fromisoformat(vote["at"])}) for vote in stored["votes"]]
    escalate = [(float(after), str(group)) for after, group in stored["escalate"]]
    return ReviewRow(**{**row, **stored, "votes": votes, "escalate": escalate})


def _cursor(last: ReviewRow) -> str:
    place = [last.expires_at and last.expires_at.isoformat(), last.created_at.isoformat(), last.id]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _read_cursor(text: str) -> tuple[datetime | None, datetime, str]:
    try:
        expires, created, last = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return (datetime.fromisoformat(expires) if expires else None, datetime.fromisoformat(created), str(UUID(last)))
    except (ValueError, TypeError, AttributeError, binascii.Error) as error:
        raise ValueError("not a cursor of this list") from error
