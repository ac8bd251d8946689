"""What a vote on a review leads to: one rule for every store, page and channel.

pending ──approve, quorum met──▶ approved          edit, quorum 1 ──▶ edited
   │ ▲                                          edit, quorum n ──▶ pending, next version, one vote on it
   │ └── vote below the quorum                  reject         ──▶ rejected
   └── overdue ──▶ expired (held or rejected, never approved)
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ecoa.edits import problems_of
from ecoa.errors import EditInvalid, ReviewConflict, ReviewExpired
from ecoa.store.base import Ballot, ReviewRow, ReviewStatus

EXPIRED_BY = "ECOA"
OWNERS = "owners"  # the last rung of every ladder
WORDS: dict[str, str] = {"approved": "approve", "edited": "edit", "rejected": "reject"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a review stands after a vote."""

    status: ReviewStatus
    version: int
    payload: str
    digest: str
    output: str | None  # what goes on, when it is decided
    decision: str | None  # the node's Lease.decision, when it is decided


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """What time does to a review: it climbs a rung, or it ends."""

    kind: Literal["escalate", "reject", "hold"]
    group: str = ""  # escalate: who is asked too


def judge(review: ReviewRow, ballot: Ballot, *, now: datetime) -> Outcome:
    """The review after this vote; raises ReviewConflict, ReviewExpired or EditInvalid when it does not count."""
    refuse_closed(review, now=now)
    _refuse_stale(review, ballot)
    if ballot.decision == "reject":
        return _decided(review, ballot, "rejected", payload=review.payload)
    payload = _edited(review, ballot) if ballot.decision == "edit" else review.payload
    version = review.version + (ballot.decision == "edit" and review.quorum > 1)
    approvals = 1 + sum(vote.version == version and vote.decision != "reject" for vote in review.votes)
    if approvals >= review.quorum:
        status: ReviewStatus = "edited" if ballot.decision == "edit" or review.version > 1 else "approved"
        return _decided(review, ballot, status, payload=payload)
    return Outcome(
        status="pending", version=version, payload=payload, digest=_digest(payload), output=None, decision=None
    )


def refuse_closed(review: ReviewRow, *, now: datetime) -> None:
    """Raise when nothing can be decided any more: 410 by time, 409 by a person."""
    overdue = review.status == "pending" and review.expires_at is not None and review.expires_at <= now
    if review.status == "expired" or overdue:
        raise ReviewExpired("This review expired; nobody can decide it any more.")
    if review.status == "pending":
        return
    word = WORDS.get(review.status, review.status)
    decided = {"by": review.decided_by, "decision": word, "at": review.decided_at, "comment": review.comment}
    raise ReviewConflict(f"{review.decided_by or EXPIRED_BY} decided it already: {review.status}.", decided=decided)


def overdue(review: ReviewRow, *, now: datetime) -> Overdue | None:
    """What is due for a pending review; None when it is not."""
    ladder = len(review.escalate) > review.escalated
    if ladder and review.escalate_at is not None and review.escalate_at <= now:
        return Overdue(kind="escalate", group=review.escalate[review.escalated][1])
    if review.expires_at is None or review.expires_at > now:
        return None
    if review.on_expire != "escalate":
        return Overdue(kind=review.on_expire)
    group = review.escalate[review.escalated][1] if ladder else OWNERS
    return Overdue(kind="escalate", group=group) if ladder or OWNERS not in review.groups else Overdue(kind="hold")


def decision_text(decision: str, *, output: str | None, by: str, comment: str) -> str:
    """Lease.decision: JSON text whose output is the stored text itself, so that its types stay."""
    said = json.dumps({"decision": decision, "by": by, "comment": comment})
    return f'{said[:-1]}, "output": {"null" if output is None else output}}}'


def _refuse_stale(review: ReviewRow, ballot: Ballot) -> None:
    if ballot.version != review.version or ballot.digest not in (None, review.digest):
        raise ReviewConflict(f"It changed since it was shown: it is at version {review.version} now.")
    mine = [vote for vote in review.votes if vote.person == ballot.by and vote.version == review.version]
    if mine:
        decided = {"by": ballot.by, "decision": mine[0].decision, "at": mine[0].at, "comment": mine[0].comment}
        raise ReviewConflict("You voted on this version already; it waits for others.", decided=decided)


def _edited(review: ReviewRow, ballot: Ballot) -> str:
    if review.schema is None or not review.may_edit:
        raise EditInvalid("This review takes no edits.")
    if ballot.output is None:
        raise EditInvalid("An edit needs its output.", problems=({"path": "", "message": "is missing"},))
    problems = problems_of(review.schema, ballot.output)
    if problems:
        raise EditInvalid("The edit does not fit the schema.", problems=problems)
    return ballot.output


def _decided(review: ReviewRow, ballot: Ballot, status: ReviewStatus, *, payload: str) -> Outcome:
    output = None if status == "rejected" else payload
    told = decision_text(WORDS[status], output=output, by=ballot.by, comment=ballot.comment)
    version = review.version
    return Outcome(
        status=status, version=version, payload=review.payload, digest=review.digest, output=output, decision=told
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
