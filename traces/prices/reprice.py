"""Pricing stored model calls again, in place, after a price has changed.

asked ─▶ started: no worker uses the prices of before ─▶ chunk after chunk of traces ─▶ finished

A chunk locks its traces, writes the costs that became others, the sums of those traces, signed rollup deltas and how
far the job is, all in one transaction: killed anywhere, a chunk is applied as a whole or not at all, and never twice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import fsum
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from ecoa_web.db.named_sql import named_sql
from traces.prices.book import TIER_KEYS, PriceBook
from traces.prices.own import own_prices
from traces.rollups.append import append
from traces.rollups.delta import Deltas
from traces.rollups.keys import Keys
from traces.settle import UNPRICED, USAGE_COUNTED, Decided
from traces.span import MODEL_KINDS, Kind, Span, Status, Usage
from traces.store.claim import DERIVED_LOCK, share_derived

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from psycopg import Connection

SQL = named_sql(__file__)
MOST_TRACES = 500
MOST_SPANS = 10_000
KINDS = tuple(sorted(Kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job that is not finished, held by this transaction."""

    id: int
    project_id: int
    since_ns: int | None
    until_ns: int | None
    started: bool
    cursor: str | None
    traces: int


@dataclass(frozen=True, slots=True)
class Call:
    """A model call as it is stored, and as it is with today's prices."""

    trace_id: str
    before: Decided
    after: Decided

    @property
    def changed(self) -> bool:
        return self.before.span.cost != self.after.span.cost or self.before.flags != self.after.flags


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Traces that one transaction holds."""

    trace_ids: list[str]
    first_day: date
    last_day: date


class Repricing:
    """Does the next step of a job, through one connection in autocommit."""

    def __init__(self, conn: Connection[Any]) -> None:
        self._conn = conn
        self._keys = Keys()
        self._prices = PriceBook()

    def step(self) -> int | None:
        """Take a job one step on, in one transaction; the project it is of, or None when there is nothing to do."""
        with self._conn.transaction():
            job = _next_job(self._conn)
            if job is None:
                return None
            if not job.started:
                self._start(job)
                return job.project_id
            share_derived(self._conn)
            key_ids = self._chunk(job)
        self._keys.remember(key_ids)
        return job.project_id

    def _start(self, job: Job) -> None:
        self._conn.execute(SQL.exclude, {"lock": DERIVED_LOCK})
        self._conn.execute(SQL.start, {"id": job.id})

    def _chunk(self, job: Job) -> dict[Any, int]:
        conn = self._conn
        conn.execute(SQL.plan)
        chunk = _next_chunk(conn, job)
        if chunk is None:
            conn.execute(SQL.finish, {"id": job.id})
            return {}
        self._prices.learn(own_prices(conn, [job.project_id]))
        calls = [self._priced(job.project_id, columns) for columns in _calls(conn, job, chunk)]
        changed = [call for call in calls if call.changed]
        _write(conn, job, chunk, calls)
        here = {"id": job.id, "cursor": chunk.trace_ids[-1], "done": len(chunk.trace_ids), "changed": len(changed)}
        conn.execute(SQL.advance, here)
        deltas = Deltas()
        deltas.add(job.project_id, (call.before for call in changed), sign=-1)
        deltas.add(job.project_id, (call.after for call in changed))
        return append(conn, deltas, self._keys)

    def _priced(self, project_id: int, columns: tuple[Any, ...]) -> Call:
        before = _stored(columns)
        span = replace(before.span)
        self._prices.apply(project_id, [span])
        flags = before.flags & ~UNPRICED
        if flags & USAGE_COUNTED and span.cost is None:
            flags |= UNPRICED
        return Call(columns[0], before, Decided(span, before.agent, flags))


class Executes(Protocol):
    """A connection, or a cursor of Django's."""

    def execute(self, query: Any, params: Any = None, /) -> object: ...


def ask(
    conn: Executes,
    project_id: int,
    *,
    reason: str,
    by: str,
    since_ns: int | None = None,
    until_ns: int | None = None,
) -> None:
    """Ask for the calls of a project that started in a span of time to be priced again."""
    conn.execute(SQL.ask, {"project": project_id, "since": since_ns, "until": until_ns, "reason": reason, "by": by})


def _next_job(conn: Connection[Any]) -> Job | None:
    row = conn.execute(SQL.next_job).fetchone()
    if row is None:
        return None
    job_id, project_id, since_ns, until_ns, started_at, cursor, traces = row
    return Job(
        id=job_id,
        project_id=project_id,
        since_ns=since_ns,
        until_ns=until_ns,
        started=started_at is not None,
        cursor=cursor,
        traces=traces,
    )


def _next_chunk(conn: Connection[Any], job: Job) -> Chunk | None:
    """The next traces of a job, as many as one transaction should hold (the first, whatever its size)."""
    asked = {"project": job.project_id, "cursor": job.cursor, "since": job.since_ns, "until": job.until_ns}
    rows = conn.execute(SQL.next_traces, {**asked, "limit": MOST_TRACES}).fetchall()
    spans = 0
    for fit, row in enumerate(rows):
        spans += row[1]
        if spans > MOST_SPANS and fit:
            rows = rows[:fit]
            break
    if not rows:
        return None
    return Chunk(
        trace_ids=[row[0] for row in rows],
        first_day=min(row[2] for row in rows),
        last_day=max(row[3] for row in rows),
    )


def _calls(conn: Connection[Any], job: Job, chunk: Chunk) -> Iterable[tuple[Any, ...]]:
    asked = {"kinds": [int(kind) for kind in MODEL_KINDS], "tier_keys": list(TIER_KEYS)}
    return conn.execute(SQL.calls, {**asked, **_extent(job, chunk)})


def _stored(columns: tuple[Any, ...]) -> Decided:
    """A call with what its price and its rollup key depend on; the rest adds nothing to a change of price."""
    (trace_id, span_id, kind, flags, agent, start_ns, service, version, environment, pipeline, model, request_model,
     provider, cost, reported_cost, *tokens, attributes) = columns  # fmt: skip
    usage = Usage(**dict(zip(Usage.__slots__, tokens, strict=True)))
    span = Span(
        trace_id=trace_id,
        span_id=span_id,
        parent_id=None,
        name="",
        kind=KINDS[kind],
        status=Status.UNSET,
        start_ns=start_ns,
        end_ns=None,
        ordinal=0,
        service=service,
        version=version,
        environment=environment,
        pipeline=pipeline,
        model=model,
        request_model=request_model,
        provider=provider,
        usage=None if all(count is None for count in tokens) else usage,
        cost=cost,
        reported_cost=reported_cost,
        attributes=attributes,
    )
    return Decided(span, agent, flags)


def _write(conn: Connection[Any], job: Job, chunk: Chunk, calls: Sequence[Call]) -> None:
    changed = [call for call in calls if call.changed]
    if not changed:
        return
    spans = [
        {
            "trace_id": call.trace_id,
            "span_id": call.after.span.span_id,
            "cost": call.after.span.cost,
            "flags": call.after.flags,
        }
        for call in changed
    ]
    counted: dict[str, list[float]] = {call.trace_id: [] for call in changed}
    unpriced = dict.fromkeys(counted, 0)
    for call in calls:
        if call.trace_id in counted and call.after.flags & USAGE_COUNTED:
            if call.after.span.cost is not None:
                counted[call.trace_id].append(call.after.span.cost)
            unpriced[call.trace_id] += call.after.flags & UNPRICED != 0
    traces = [
        {"trace_id": trace_id, "cost": fsum(costs) if costs else None, "unpriced": unpriced[trace_id]}
        for trace_id, costs in counted.items()
    ]
    extent = _extent(job, chunk)
    conn.execute(SQL.update_spans, {"rows": orjson.dumps(spans).decode(), **extent})
    conn.execute(SQL.update_traces, {"rows": orjson.dumps(traces).decode(), **extent})


def _extent(job: Job, chunk: Chunk) -> dict[str, object]:
    days = {"first_day": chunk.first_day, "last_day": chunk.last_day}
    return {"project": job.project_id, "traces": chunk.trace_ids, **days}
