"""The normalised span: what every dialect is mapped to, what the store writes and the settler reasons about.

Pure: imports neither Django nor psycopg.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, IntFlag


class Kind(IntEnum):
    """What a span is. The API shows the lower-case name."""

    OTHER = 0
    PIPELINE = 1
    AGENT = 2
    LLM = 3
    TOOL = 4
    RETRIEVER = 5
    EMBEDDING = 6
    RERANKER = 7
    GUARDRAIL = 8
    EVALUATOR = 9
    HUMAN = 10  # waiting for a person
    CHAIN = 11  # a step, task or wrapper


MODEL_KINDS = frozenset({Kind.LLM, Kind.EMBEDDING, Kind.RERANKER})


class Status(IntEnum):
    """How a span ended."""

    UNSET = 0
    OK = 1
    ERROR = 2
    WAITING = 3  # interrupted for a person, or waiting for one: not an error
    CANCELLED = 4


class TraceStatus(IntEnum):
    """How a trace stands. OPEN: its root has not arrived or a pending span has not ended; readers show it as running
    while spans still arrive, else by its errors."""

    OPEN = 0
    OK = 1
    ERROR = 2
    WAITING = 3


class Flag(IntFlag):
    """What else is true of a span."""

    AGENT_INHERITED = 1
    USAGE_COUNTED = 2  # its tokens and cost are in the sums
    PENDING = 4  # announced at its start, not ended
    TIMED_OUT = 8
    AGENT_UNSETTLED = 16  # no agent known yet, ancestors may still arrive
    UNPRICED = 32  # a counted model call without a price
    USAGE_LOGGED = 64  # its tokens are those of a log record
    COST_LOGGED = 128  # its reported cost is that of a log record
    MODEL_LOGGED = 256  # its model and provider are those of a log record
    REPEATED = 512  # a model call's span that says again what another span of the same call says


class Outcome(IntEnum):
    """What became of received spans, as the ledger counts them."""

    RECEIVED = 0
    STORED = 1
    DUPLICATE = 2
    REJECTED = 3
    DEAD = 4
    LOGS_RECEIVED = 10  # and the same of log records
    LOGS_STORED = 11
    LOGS_DUPLICATE = 12
    LOGS_REJECTED = 13
    LOGS_DEAD = 14

    def of(self, signal: int) -> Outcome:
        """The same outcome of what a signal carries, as the inbox numbers them: 1 spans, 2 log records."""
        return self if signal == 1 else Outcome(self + 10)


@dataclass(slots=True, kw_only=True)
class Usage:
    """Tokens of one model call in five disjoint buckets. None is unknown, never 0."""

    uncached: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    output_text: int | None = None
    reasoning: int | None = None


# Not frozen: a worker makes 20,000 of these a second, and a frozen slotted dataclass costs four times as much to make.
@dataclass(slots=True, kw_only=True)
class Span:
    """One normalised span. Times are Unix nanoseconds; ids are lower-case hex (trace) and signed 64-bit integers."""

    trace_id: str
    span_id: int
    parent_id: int | None
    name: str
    kind: Kind
    status: Status
    start_ns: int
    end_ns: int | None  # None: not ended
    ordinal: int  # position in its batch
    service: str | None = None
    version: str | None = None
    environment: str | None = None
    pipeline: str | None = None
    agent: str | None = None  # its own name only; inheritance is the settler's
    model: str | None = None
    request_model: str | None = None
    provider: str | None = None
    tool: str | None = None
    session: str | None = None
    user: str | None = None
    usage: Usage | None = None  # None: the span reports none
    reported_cost: float | None = None  # US dollars, as its sender said
    cost: float | None = None  # US dollars: by its price, else as reported; normalising leaves it open
    response_key: int | None = None
    ttft_ns: int | None = None
    attempt: int | None = None
    error_type: str | None = None
    error_message: str | None = None
    pending: bool = False
    timed_out: bool = False
    scope_key: int | None = None  # of a model call: a 16-bit hash of the instrumentation that made the span
    logged: int = 0  # flags that say what of it a log record told
    attributes: dict[str, object] = field(default_factory=dict)  # small, JSON-safe
    input_preview: str | None = None  # of roots and agents, to 200 characters
    output_preview: str | None = None
    warnings: tuple[str, ...] = ()
