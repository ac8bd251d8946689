"""Requests to people."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from ecoa import clock
from ecoa.errors import NotFound
from ecoa.store import ballots
from ecoa.store.base import Ballot, NewReview, ReviewFilter, ReviewPage, ReviewRow, Vote
from ecoa.store.memory.state import PROJECT, Node, Run, State


class Reviews(State):
    """Reviews, and what votes and time do to them."""

    async def review(self, review_id: str) -> ReviewRow:
        """A review with its votes; NotFound."""
        with self.lock:
            return self._review(review_id)

    async def reviews(self, asked: ReviewFilter, *, cursor: str | None = None, limit: int = 100) -> ReviewPage:
        """Those that fit, the earliest deadline first."""
        with self.lock:
            fitting = [row for row in self.all_reviews.values() if _fits(row, asked)]
        fitting.sort(key=lambda row: (row.expires_at is None, row.expires_at or row.created_at, row.id))
        begin = int(cursor or 0)
        more = len(fitting) > begin + limit
        return ReviewPage(rows=fitting[begin : begin + limit], next=str(begin + limit) if more else None)

    async def claim_review(self, review_id: str, *, by: str) -> ReviewRow:
        """Say who looks at it."""
        with self.lock:
            row = self._review(review_id)
            ballots.refuse_closed(row, now=clock.now())
            return self._keep(replace(row, claimed_by=by, claimed_at=clock.now()))

    async def decide_review(self, review_id: str, ballot: Ballot) -> ReviewRow:
        """Count a vote; a decision makes the node ready."""
        with self.lock:
            row, now = self._review(review_id), clock.now()
            outcome = ballots.judge(row, ballot, now=now)
            vote = Vote(
                person=ballot.by,
                version=outcome.version,
                decision=ballot.decision,
                comment=ballot.comment,
                via=ballot.via,
                at=now,
            )
            others = [known for known in row.votes if known.person != ballot.by]
            row = replace(
                row,
                status=outcome.status,
                version=outcome.version,
                payload=outcome.payload,
                digest=outcome.digest,
                output=outcome.output,
                votes=[*others, vote],
            )
            if outcome.decision is None:
                return self._keep(row)
            decided: dict[str, Any] = {
                "decided_by": ballot.by,
                "decided_via": ballot.via,
                "decided_at": now,
                "comment": ballot.comment,
            }
            return self._decided(replace(row, **decided), outcome.decision)

    async def expire_reviews(self, *, limit: int = 100) -> int:
        """Climb ladders and end what is overdue."""
        with self.lock:
            due = [row.id for row in self.all_reviews.values() if row.status == "pending"]
            return sum(self.expire(review_id) for review_id in due[:limit])

    # ---- within turns

    def open_review(self, run: Run, node: Node, new: NewReview) -> None:
        """Store a request to people."""
        now = clock.now()
        ladder = sorted(new.escalate)
        row = ReviewRow(
            id=new.id,
            project_id=PROJECT,
            run_id=run.new.id,
            pipeline=run.new.pipeline,
            path=node.path,
            status="pending",
            version=1,
            title=new.title,
            reason=new.reason,
            payload=new.payload,
            schema=new.schema,
            digest=new.digest,
            groups=list(new.groups),
            quorum=new.quorum,
            may_edit=new.may_edit,
            expires_at=None if new.expires_in is None else now + timedelta(seconds=new.expires_in),
            on_expire=new.on_expire,
            escalate=ladder,
            escalated=0,
            escalate_at=now + timedelta(seconds=ladder[0][0]) if ladder else None,
            notify=list(new.notify),
            context=new.context,
            claimed_by=None,
            claimed_at=None,
            decided_by=None,
            decided_via=None,
            decided_at=None,
            output=None,
            comment="",
            created_at=now,
        )
        run.reviews.append(new.id)
        self.note(run, "review", node.path, review=new.id, title=new.title)
        self._keep(row)
        self._watch_time(row)

    def close_reviews(self, run: Run, path: str) -> None:
        """Nobody is to decide about this node any more."""
        for review_id in run.reviews:
            row = self.all_reviews[review_id]
            if row.path == path and row.status == "pending":
                self._keep(replace(row, status="cancelled", decided_via="cancel", decided_at=clock.now()))

    def expire(self, review_id: str) -> bool:
        """Do what time does to a review; whether it did."""
        row = self.all_reviews.get(review_id)
        if row is None or row.status != "pending":
            return False
        now = clock.now()
        due = ballots.overdue(row, now=now)
        if due is None:
            self._watch_time(row)
            return False
        if due.kind == "escalate":
            self._watch_time(self._keep(_escalated(row, due.group)))
            self.note(self.runs[row.run_id], "escalated", row.path, review=row.id, group=due.group)
            return True
        decided: dict[str, Any] = {"decided_by": ballots.EXPIRED_BY, "decided_via": "expiry", "decided_at": now}
        row = replace(row, status="expired", **decided)
        if due.kind == "reject":
            told = ballots.decision_text("reject", output=None, by=ballots.EXPIRED_BY, comment="expired")
            self._decided(row, told)
            return True
        self._keep(row)
        run = self.runs[row.run_id]
        node = run.nodes[row.path]
        node.error = run.error = {"type": "ReviewExpired", "message": "nobody decided in time"}
        self.set_status(run, node, "held")
        self.note(run, "review_expired", row.path, review=row.id)
        self.refresh(run)
        return True

    # ---- private

    def _review(self, review_id: str) -> ReviewRow:
        row = self.all_reviews.get(review_id)
        if row is None:
            raise NotFound(f"there is no review {review_id}")
        return row

    def _keep(self, row: ReviewRow) -> ReviewRow:
        self.all_reviews[row.id] = row
        return row

    def _watch_time(self, row: ReviewRow) -> None:
        dues = [due.timestamp() for due in (row.expires_at, row.escalate_at) if due is not None]
        if dues:
            self.due_at(min(dues), "review", row.id)

    def _decided(self, row: ReviewRow, decision: str) -> ReviewRow:
        run = self.runs[row.run_id]
        node = run.nodes[row.path]
        if node.status == "paused":
            node.decision = decision
            node.resumed = True
            self.note(run, "decision", row.path, review=row.id, status=row.status, by=row.decided_by)
            self.make_ready(run, node)
            self.refresh(run)
        return self._keep(row)


def _fits(row: ReviewRow, asked: ReviewFilter) -> bool:
    return (
        row.status in asked.status
        and asked.pipeline in (None, row.pipeline)
        and asked.run_id in (None, row.run_id)
        and asked.claimed_by in (None, row.claimed_by)
        and (asked.groups is None or not set(asked.groups).isdisjoint(row.groups))
    )


def _escalated(row: ReviewRow, group: str) -> ReviewRow:
    """One rung up: the group is asked too; who expired gets as long again as the last rung gave."""
    rung = row.escalated + 1
    after = row.escalate[rung][0] if rung < len(row.escalate) else None
    at = None if after is None else row.created_at + timedelta(seconds=after)
    groups = [*row.groups, *([group] if group not in row.groups else [])]
    expires = row.expires_at
    if expires is not None and expires <= clock.now():
        expires = clock.now() + (expires - row.created_at)
    return replace(row, groups=groups, escalated=rung, escalate_at=at, expires_at=expires)
