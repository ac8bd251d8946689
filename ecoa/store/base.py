"""What the engine asks of a store: every method is one atomic change or one consistent read.

A run is a row of constant size; every node instance is a row, known by its path. The engine decides, the store writes:

    ready ──claim──▶ leased ──finish──▶ done | error | paused | waiting | open | unknown | held | cancelled
      ▲                │                                   │        │
      └─ worker lost ──┘          decide, time, signal ────┴────────┴──▶ ready

* ready: may be claimed now, or from `wake_at` on (back-off, timers).
* leased: a worker has it until `lease_until`; its `fence` is in every write the worker makes about it.
* waiting: for a signal, with or without a deadline. paused: for a review. open: a container whose children run.
* unknown: a guarded effect in doubt. held: only a person can say how it goes on (changed pipeline, poison, lost
  result).

Values are JSON text made by ecoa.codec (tagged types, no NUL, no NaN). Times come from the store's clock; what the
engine gives are delays in seconds. Lock order everywhere: run, node, review.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

type RunStatus = Literal[
    "queued", "running", "paused", "held", "compensating", "success", "error", "rejected", "cancelled"
]
type NodeStatus = Literal[
    "ready", "leased", "waiting", "paused", "open", "done", "error", "unknown", "held", "cancelled"
]
TERMINAL: frozenset[RunStatus] = frozenset({"success", "error", "rejected", "cancelled"})
RUNNABLE: frozenset[NodeStatus] = frozenset({"ready", "leased", "waiting"})  # what `active` counts


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNode:
    """A node instance to create: ready is claimable, leased is handed to the writer, open is a container."""

    path: str  # stable: "classify", "review#2", "fan[customer-17].extract", "loop@3.draft"; one that ended as error or
    # cancelled is begun anew, any other that exists stays as it is
    kind: str  # step, review, parallel, each, container, join, when, loop, item, timer, signal, compensate, undo
    input: str | None = None  # JSON text
    status: Literal["ready", "leased", "open", "waiting", "done"] = "ready"
    output: str | None = None  # of one created done (a fork's reused results)
    delay: float = 0.0  # seconds until it may be claimed
    queue: str = "default"
    opens: int = 0  # containers: children (or a quorum of them) that must end before `then` of the last Join is made
    spare: int = 0  # containers: how many may fail
    lock_key: str | None = None  # leased one at a time among equal keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Count down a container; whoever brings it to 0 makes it done and creates `then` (same transaction).

    With Finish.status error it takes from `spare` instead: while some was left the run goes on (Finish.ends is not
    applied) without what else goes on in `branch`, which is cancelled with error {"type": "BranchFailed"}; else it
    ends. A join on a container that is done already changes nothing.
    """

    container: str
    then: NewNode
    cancel_rest: bool = False  # a quorum: at 0, unended nodes under `container` (its path and one of . [ / @) are
    # cancelled with error {"type": "Quorum"}; leased ones get fence + 1, so that their finish raises Fenced
    branch: str | None = None  # path of the branch that this node is in: "fan[a]"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReview:
    """A request to people. The node it is made with becomes paused."""

    id: str  # UUIDv7, made by the engine so that it can be told
    title: str
    reason: str  # why it was stopped: the rule, the confidence, the threshold
    payload: str  # JSON text: what would be passed on
    schema: Mapping[str, Any] | None  # JSON schema of an edit; None: no edits
    digest: str  # sha256 of payload, hex
    groups: Sequence[str]  # who may decide: group or account names; "reviewers" is everybody with that role
    quorum: int = 1
    expires_in: float | None = None  # seconds
    on_expire: Literal["escalate", "reject", "hold"] = "hold"
    escalate: Sequence[tuple[float, str]] = ()  # seconds after the request, group
    may_edit: bool = True
    notify: Sequence[str] = ()  # "email", "slack"
    context: Mapping[str, Any] = field(
        default_factory=dict
    )  # shown beside it: agent, input, confidence, effect in words


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """One line of a run's history."""

    kind: str  # attempt, retry_wait, timeout, breaker_open, fallback, decision, effect, …
    path: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionWrites:
    """What a run wrote in its session: merged per key; `expect` is compare-and-swap on the version read."""

    owner: str
    values: Mapping[str, str | None]  # JSON text; None deletes
    expect: Mapping[str, int] = field(default_factory=dict)
    ttl: float = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """A run to start. `first` are its first nodes."""

    id: str  # UUIDv7
    pipeline: str
    definition_hash: str
    input: str
    trace_id: str  # 32 hex digits
    first: Sequence[NewNode]
    idempotency_key: str | None = None
    key_ttl: float | None = 86400.0  # seconds after the end; None: for ever
    fingerprint: str | None = None
    parent: tuple[str, str] | None = None  # run id, path of the sub-pipeline's node
    forked_from: tuple[str, str] | None = None  # run id, path
    priority: int = 0
    timeout: float | None = None  # seconds from the start
    session: str | None = None  # owner of the SessionContext
    compensates: bool = False  # on an error or a rejection the node "$compensate" is made instead of ending
    by: str = ""  # who started it


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The run of a start; `created` is false when the key led to an earlier one."""

    run: RunRow
    created: bool
    leases: Sequence[Lease]  # of `first` nodes handed to the caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A node that the caller may work on, and enough of its run to do so without another read."""

    run_id: str
    path: str
    kind: str
    fence: int
    attempt: int  # 1 for the first; counts takeovers and stored back-offs too
    takeovers: int
    input: str | None
    pipeline: str
    definition_hash: str
    trace_id: str
    project_id: int
    session: str | None
    deadline_in: float | None  # seconds left of the run's timeout
    cancelling: bool
    decision: str | None = None  # JSON text {"decision", "output", "by", "comment"} when a review of it was decided
    signal: str | None = None  # JSON text of the signal it waited for
    state: str | None = None  # JSON text the engine left with Finish.state
    resumed: bool = False  # paused or held before: tracing links to the first trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """How a leased node's turn ended, with everything that must be written with it. Raises Fenced when it is not held.

    `ends` ends the run now: its other unended nodes are cancelled with error {"type": "RunEnded"} (leased ones get
    fence + 1), pending reviews closed. With error or rejected on a run that compensates, "$compensate" (kind
    compensate, input {"status": ends}) is made, leased to the writer, and the run is compensating until a later `ends`.
    The run's error is `error` when it ends so, or when the node becomes held or unknown; a later `ends` without one
    keeps it. A failed `expect` of `session` raises SessionConflict: nothing was written.
    On a run whose cancel was asked for, only status, output, error, effect, session and events are written; when
    nothing is leased any more it is cancelled.
    """

    run_id: str
    path: str
    fence: int
    status: NodeStatus
    output: str | None = None
    error: Mapping[str, Any] | None = None  # AgentError.describe()
    delay: float = 0.0  # ready, waiting: seconds until it wakes
    signal: str | None = None  # waiting: the signal's name
    state: str | None = None  # kept for the next lease of the node
    attempts: int = 1  # calls made in this turn
    creates: Sequence[NewNode] = ()
    join: Join | None = None
    review: NewReview | None = None
    ends: RunStatus | None = None  # the run ends with this node
    result: str | None = None  # the run's result when it ends
    events: Sequence[NewEvent] = ()
    session: SessionWrites | None = None
    effect: EffectDone | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectDone:
    """The ledger's last word on an effect, written with the node."""

    key: str
    status: Literal["done", "unknown", "failed"]
    result: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What the write led to."""

    leases: Sequence[Lease]  # handed over to the caller
    run_status: RunStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One row of the effect ledger. `fresh`: this call made it."""

    key: str
    scope: str  # run id, or "agent:NAME" outside of runs
    path: str
    effect: Literal["keyed", "guarded", "transactional"]
    status: Literal["intended", "done", "unknown", "failed"]
    first_used_at: datetime
    fresh: bool
    result: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """A run as stored."""

    id: str
    project_id: int
    pipeline: str
    definition_hash: str
    status: RunStatus
    input: str
    result: str | None
    error: Mapping[str, Any] | None
    trace_id: str
    idempotency_key: str | None
    fingerprint: str | None
    priority: int
    session: str | None
    parent: tuple[str, str] | None
    forked_from: tuple[str, str] | None
    cancel_requested: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    reviews: Sequence[tuple[str, int, str, datetime | None]] = ()  # pending: id, version, path, expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRow:
    """A node as stored."""

    path: str
    kind: str
    status: NodeStatus
    attempt: int
    fence: int
    worker: str | None
    input: str | None
    output: str | None
    error: Mapping[str, Any] | None
    wake_at: datetime | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of a run's history, as stored."""

    id: int
    at: datetime
    kind: str
    path: str | None
    data: Mapping[str, Any]


type ReviewStatus = Literal["pending", "approved", "edited", "rejected", "expired", "cancelled"]
type Verdict = Literal["approve", "edit", "reject"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """What one person said about a review. Only votes on its current version count."""

    person: str
    version: int
    decision: Verdict
    comment: str
    via: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRow:
    """A request to people, as stored."""

    id: str
    project_id: int
    run_id: str
    pipeline: str
    path: str
    status: ReviewStatus
    version: int  # rises when an edit changes what the next voter sees
    title: str
    reason: str
    payload: str  # JSON text; with a quorum, the latest edit of it
    schema: Mapping[str, Any] | None
    digest: str
    groups: Sequence[str]
    quorum: int
    may_edit: bool
    expires_at: datetime | None
    on_expire: Literal["escalate", "reject", "hold"]
    escalate: Sequence[tuple[float, str]]
    escalated: int  # rungs climbed
    escalate_at: datetime | None
    notify: Sequence[str]
    context: Mapping[str, Any]
    claimed_by: str | None
    claimed_at: datetime | None
    decided_by: str | None
    decided_via: str | None
    decided_at: datetime | None
    output: str | None  # JSON text of what went on: the payload, or the edit
    comment: str
    created_at: datetime
    votes: Sequence[Vote] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """A person's word on one version of a review."""

    version: int  # of what was on the screen
    decision: Verdict
    by: str
    via: str  # web, api, python, slack
    output: str | None = None  # JSON text of an edit
    comment: str = ""
    digest: str | None = None  # of the payload on the screen, when the caller has it


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewFilter:
    """Which reviews of a project a list shows."""

    status: Sequence[ReviewStatus] = ("pending",)
    pipeline: str | None = None
    run_id: str | None = None
    groups: Sequence[str] | None = None  # asked of at least one of them
    claimed_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPage:
    """Reviews, the earliest deadline first (those without one last), then the oldest; `next` is a cursor."""

    rows: Sequence[ReviewRow]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerRow:
    """A breaker as the fleet sees it."""

    name: str
    state: Literal["closed", "open", "half_open"]
    opened_at_s: float | None  # seconds ago
    retry_in: float | None  # seconds until a probe may go
    wait: float  # seconds it stays open this time (doubles)
    version: int


class RunStore(Protocol):
    """Runs and their nodes."""

    async def define(self, pipeline: str, definition_hash: str, definition: Mapping[str, Any]) -> None:
        """Keep a definition (idempotent)."""

    async def definition(self, definition_hash: str) -> Mapping[str, Any]: ...

    async def start(self, run: NewRun, *, worker: str | None) -> Started:
        """Insert a run with its first nodes; nodes with status leased are the worker's.

        With a key that a run of (project, pipeline) has: the same fingerprint returns that run (one that failed is set
        going again from its failed nodes: they become ready), another raises IdempotencyConflict.
        """

    async def start_many(self, runs: Sequence[NewRun]) -> int:
        """Insert runs without keys, in bulk (COPY); none is leased. How many."""

    async def claim(self, worker: str, *, pipelines: Sequence[str], queues: Sequence[str], limit: int) -> list[Lease]:
        """Lease nodes that may run now: by priority, then age; not strictly so under contention."""

    async def finish(self, turn: Finish, *, worker: str) -> Finished:
        """Write how a turn ended and hand over what comes next, in one commit."""

    async def beat(self, worker: str, held: Sequence[tuple[str, str, int]]) -> set[tuple[str, str]]:
        """Extend a worker's leases (run id, path, fence); those that are to stop: lost, or their run is cancelled."""

    async def enroll(self, worker: str, *, host: str, pid: int, pipelines: Sequence[str], slots: int) -> None: ...

    async def leave(self, worker: str) -> None:
        """Give back what it still holds, without counting a takeover."""

    async def reap(self, *, lease: float) -> list[tuple[str, str]]:
        """Make ready what dead workers held: gone by their liveness, or silent for `lease` seconds.

        Third takeover: held with error {"type": "Poison"}. Runs over their deadline end as with Finish.ends error,
        {"type": "AgentTimeout"}.
        """

    async def idle(self, timeout: float) -> None:
        """Sleep until something may be claimable (doorbell), at most `timeout` seconds."""

    async def watch(self, run_id: str, *, timeout: float) -> None:
        """Sleep until the run's status may have changed, at most `timeout` seconds."""

    async def run(self, run_id: str) -> RunRow: ...

    async def nodes(self, run_id: str, *, prefix: str = "", paths: Sequence[str] | None = None) -> list[NodeRow]:
        """Nodes in order of creation; `prefix` those inside a container."""

    async def cancel(self, run_id: str, *, reason: str, by: str) -> RunRow:
        """Ready, waiting and paused nodes are cancelled and reviews closed now, leased ones when their turn ends."""

    async def retry(self, run_id: str, *, path: str | None = None, by: str = "") -> RunRow:
        """Make failed nodes ready again, or of them only the one at `path` (failed, held, unknown, cancelled), with
        those cancelled as RunEnded, Cancelled or BranchFailed; containers may do without as many branches as before.
        Done ones stay done. Not for a run that succeeded or was undone."""

    async def release(self, run_id: str, path: str, *, decision: str, by: str) -> None:
        """Let a held or unknown node go on with a person's word (JSON text, see Lease.decision)."""

    async def migrate(self, run_id: str, *, definition_hash: str) -> None:
        """The run goes on under another definition."""

    async def hold(self, run_id: str, *, reason: str) -> None: ...

    async def signal(self, run_id: str, name: str, value: str, *, key: str) -> bool:
        """Store a signal once per key and wake who waits for it; False when that key was there."""

    async def events(self, run_id: str, *, after: int = 0, limit: int = 1000) -> list[Event]: ...

    def follow(self, run_id: str) -> AsyncIterator[Event]:
        """Events from the first on, ending with the run."""

    async def record(self, run_id: str, events: Sequence[NewEvent]) -> None: ...


class ReviewStore(Protocol):
    """Requests to people. The rules of a ballot are ecoa.store.ballots'; a store applies them under its locks.

    Votes: one person, one vote a version. A rejection decides at once. Approvals decide when `quorum` persons gave one
    on the current version; an edit counts as its author's approval and, with a quorum above one, makes a new version,
    on which earlier votes no longer count. A decided review makes its node ready with Lease.decision; it ends no run.
    """

    async def review(self, review_id: str) -> ReviewRow:
        """A review with its votes; NotFound."""

    async def reviews(self, asked: ReviewFilter, *, cursor: str | None = None, limit: int = 100) -> ReviewPage: ...

    async def claim_review(self, review_id: str, *, by: str) -> ReviewRow:
        """Say who looks at it (informs others, locks nobody out). ReviewConflict when it is decided."""

    async def decide_review(self, review_id: str, ballot: Ballot) -> ReviewRow:
        """Count a vote; the review as it then stands. Raises ReviewConflict, ReviewExpired, EditInvalid, NotFound."""

    async def expire_reviews(self, *, limit: int = 100) -> int:
        """Climb ladders and end what is overdue: escalate, reject or hold, never approve. How many reviews changed."""


class EffectStore(Protocol):
    """The ledger of things done to the world."""

    async def intend(
        self, *, key: str, scope: str, path: str, effect: str, fence: int | None, digest: str, ttl: float | None
    ) -> Effect:
        """Commit the intent before the call, or return what the ledger has; Fenced, IdempotencyConflict (digest).

        One that failed certainly did not happen: it is intended again (fresh). With a fence, the node is `path` up to
        its first "/": calls inside a node are under it.
        """

    async def settle(self, done: EffectDone) -> None:
        """Outside of runs: how it ended. Inside it is Finish.effect."""

    async def effects(self, run_id: str) -> list[Effect]: ...


class SessionStore(Protocol):
    """Sessions: values by owner and key."""

    async def read_session(self, owner: str) -> Mapping[str, tuple[str, int]]:
        """Unexpired values and their versions; extends their life."""

    async def write_session(self, writes: SessionWrites) -> Mapping[str, int]:
        """New versions; keys whose `expect` failed are left out and not written."""


class BreakerStore(Protocol):
    """Breakers of the whole fleet."""

    async def breaker(self, name: str) -> BreakerRow | None: ...

    async def trip(self, name: str, *, wait: float, reason: str) -> BreakerRow: ...

    async def probe(self, name: str, *, worker: str, lease: float) -> bool:
        """Take the one half-open probe, when its time has come."""

    async def close_breaker(self, name: str, *, by: str) -> None: ...


class LimiterStore(Protocol):
    """Limits of the whole fleet. Amounts are by dimension: requests, tokens, input_tokens, output_tokens."""

    async def reserve(self, name: str, *, limits: Mapping[str, float], amounts: Mapping[str, float]) -> float:
        """Take the amounts and return 0, or take nothing and return seconds to wait. Limits are a minute."""

    async def adjust(self, name: str, *, amounts: Mapping[str, float]) -> None:
        """Correct what was taken by what was used (may be negative)."""

    async def block(self, name: str, *, seconds: float) -> None:
        """Nobody takes anything for so long (Retry-After)."""


class Store(RunStore, ReviewStore, EffectStore, SessionStore, BreakerStore, LimiterStore, Protocol):
    """Everything; MemoryStore and PostgresStore."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...
