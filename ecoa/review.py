"""People in a run: who is asked, how an agent asks, and how the answer is given.

order = Pipeline("order", extract).review(by="finance", quorum=2).then(pay)     # a gate
pay = Agent("pay", pay, require_review=Review(when=lambda r: r.data.amount > 100))
raise NeedsReview("amount over limit", edit=Order)                              # from any agent
await decide(review.id, version=review.version, by="ann@example.com", decision=Approve())
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from ecoa.result import Result
from ecoa.store.base import Ballot, NewReview, ReviewRow, ReviewStatus

if TYPE_CHECKING:
    from ecoa.store.base import ReviewStore

type Channel = Literal["email", "slack"]
DAY = timedelta(days=1)
MISSING: Any = object()  # stands for "not given", where None is a value


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """Who decides, how many of them, how long they have and what happens when nobody does.

    `by` names groups: "reviewers" is everybody with that role, "owners" the owners, anything else an account's email.
    `when` may answer with a text: why people are asked. `title` is what the request is called, or a function of the
    value that says so; it is told in mails and in Slack. `escalate` asks a further group so long after the request.
    `on_expire` never approves.
    """

    when: Callable[[Result[Any]], bool | str | None] | None = None
    title: str | Callable[[Any], str] | None = None
    by: str | Sequence[str] = "reviewers"
    quorum: int = 1
    expires: timedelta | None = 3 * DAY
    escalate: Sequence[tuple[timedelta, str]] = ()
    on_expire: Literal["escalate", "reject", "hold"] = "hold"
    on_reject: Any = "stop"  # "stop", "compensate", or the node to go on with
    may_edit: bool = True
    notify: Sequence[Channel] = ("email", "slack")  # where the project has them set up
    safe: Sequence[str] = ()  # fields of the payload that may be shown outside of ECOA

    def __post_init__(self) -> None:
        if self.quorum < 1 or not self.groups:
            raise ValueError("a review needs somebody to decide it: a group, and a quorum of at least 1")
        if self.on_expire not in ("escalate", "reject", "hold"):
            raise ValueError(f"on_expire is escalate, reject or hold, not {self.on_expire!r}")
        unknown = set(self.notify) - {"email", "slack"}
        if unknown:
            raise ValueError(f"notify knows email and slack, not {', '.join(sorted(unknown))}")

    @property
    def groups(self) -> tuple[str, ...]:
        """Who may decide."""
        names = (self.by,) if isinstance(self.by, str) else self.by
        return tuple(name.strip().lower() for name in names)  # addresses and group names alike

    def request(
        self,
        *,
        id: str,
        title: str,
        reason: str,
        payload: str,
        schema: Mapping[str, Any] | None,
        context: Mapping[str, Any] | None = None,
    ) -> NewReview:
        """The request that a node stores when it pauses; `payload` is JSON text."""
        return NewReview(
            id=id,
            title=title,
            reason=reason,
            payload=payload,
            schema=schema if self.may_edit else None,
            digest=hashlib.sha256(payload.encode()).hexdigest(),
            groups=self.groups,
            quorum=self.quorum,
            expires_in=self.expires.total_seconds() if self.expires else None,
            on_expire=self.on_expire,
            escalate=[(after.total_seconds(), group) for after, group in self.escalate],
            may_edit=self.may_edit and schema is not None,
            notify=self.notify,
            context={"safe": list(self.safe), **(context or {})},
        )


class NeedsReview(Exception):
    """Raise it from any agent to pause for a person; the agent runs again with the decision in `ctx.decision`.

    `payload` is what is shown and, on approval, passed on (the agent's input unless given); `edit` is the type of an
    edit of it; `review` says who is asked, by default the agent's own policy.
    """

    passes_through = True  # no failure of the agent: neither retried nor counted by breakers

    def __init__(
        self,
        message: str,
        *,
        edit: Any = None,
        payload: Any = MISSING,
        title: str | None = None,
        review: Review | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.edit = edit
        self.payload = payload
        self.title = title
        self.review = review
        self.context = dict(context or {})


@dataclass(frozen=True, slots=True)
class Approve:
    """Yes, as it is."""

    comment: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """Yes, but with this instead. It must fit the request's schema."""

    output: Any
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Reject:
    """No, and why."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """How a review stands after somebody's word. Pending: others have to agree."""

    review_id: str
    run_id: str
    path: str
    status: ReviewStatus
    version: int
    by: str
    at: datetime
    approvals: int
    quorum: int

    @property
    def decided(self) -> bool:
        """Whether the run goes on by it."""
        return self.status != "pending"


async def decide(
    review_id: str,
    *,
    version: int,
    by: object,
    decision: Approve | Edit | Reject,
    store: ReviewStore | None = None,
) -> Decision:
    """Give one person's word on what they saw; raises ReviewConflict, ReviewExpired, EditInvalid or NotFound.

    `by` is an account or its name. This checks no permission: who calls it vouches for the person.
    """
    if store is None:
        from ecoa.store import default_store

        store = default_store()
    row = await store.decide_review(review_id, ballot(decision, version=version, by=str(by), via="python"))
    return decision_of(row, by=str(by))


def ballot(decision: Approve | Edit | Reject, *, version: int, by: str, via: str) -> Ballot:
    """A decision as stores take it."""
    match decision:
        case Approve(comment):
            return Ballot(version=version, decision="approve", by=by, via=via, comment=comment)
        case Edit(output, comment):
            from ecoa.codec import dumps

            return Ballot(version=version, decision="edit", by=by, via=via, output=dumps(output), comment=comment)
        case Reject(reason):
            return Ballot(version=version, decision="reject", by=by, via=via, comment=reason)


def decision_of(row: ReviewRow, *, by: str) -> Decision:
    """How a review stands, as told to the person who just voted."""
    current = [vote for vote in row.votes if vote.version == row.version]
    mine = next((vote.at for vote in current if vote.person == by), row.decided_at or row.created_at)
    return Decision(
        review_id=row.id,
        run_id=row.run_id,
        path=row.path,
        status=row.status,
        version=row.version,
        by=by,
        at=mine,
        approvals=sum(vote.decision != "reject" for vote in current),
        quorum=row.quorum,
    )
