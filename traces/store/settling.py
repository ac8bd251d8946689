"""Deciding stored traces again when more of them has arrived, until every span's agent and usage is decided.

Log records complete model calls first: a completed call is priced anew. What a record told is marked in the row, so
that the next time begins from what the span itself says.

Each span remembers in its row what it contributed (agent, flags, critical_ns), so that a correction takes exactly that
back and adds what is right. A span whose ancestors are missing waits 30 s from its arrival, then counts without agent;
should they come later, it is corrected.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import orjson
import structlog
from psycopg.errors import QueryCanceled
from psycopg.rows import dict_row

from ecoa_web.db.named_sql import named_sql
from traces.inbox.ids import batch_id_ms
from traces.logs.join import COST, MODEL, USAGE, filled
from traces.prices.book import PriceBook
from traces.prices.own import own_prices
from traces.rollups.append import append
from traces.rollups.delta import Deltas
from traces.settle import AGENT_INHERITED, PENDING, TIMED_OUT, UNSETTLED, Decided, decide
from traces.span import Kind, Span, Status, Usage
from traces.store.claim import share_derived
from traces.store.critical import mark_critical
from traces.store.group import TRANSIENT
from traces.store.logs import look_for_traces, telling
from traces.store.summary import summarise
from traces.store.trace_rows import TraceRow, stored_row, update
from traces.store.write import settle_delay_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import Connection

    from traces.rollups.delta import Key
    from traces.rollups.keys import Keys

log = structlog.get_logger(__name__)

SQL = named_sql(__file__)
MOST_TRACES = 50
MOST_SPANS = 10_000
PATIENCE_MS = 30_000  # from a span's arrival; then what is unknown is decided as unknown
PUT_OFF_S = 600  # a trace that cannot be decided
KINDS = tuple(sorted(Kind))
STATUSES = tuple(sorted(Status))
LOGGED = USAGE | COST | MODEL


@dataclass(slots=True)
class Known:
    """A stored span: as it was decided before, and when it arrived."""

    before: Decided
    own: Span  # without what log records told
    arrived_ms: int


@dataclass(slots=True, kw_only=True)
class Settled:
    """A trace after deciding: the spans that changed and when to look again (None: never, unless more arrives)."""

    row: TraceRow
    changed: list[tuple[Decided, Decided]]  # before and after
    row_changed: bool
    due_ms: int | None


def settle_due(
    conn: Connection[Any], keys: Keys, *, prices: PriceBook | None = None, now_ms: int | None = None
) -> tuple[int, set[int]]:
    """Decide traces that are due, in one transaction; how many, and the projects where something changed.

    When they cannot be decided together, each is on its own; one that cannot is put off and costs no other anything.
    """
    step = Step(conn, keys, prices or PriceBook(), time.time_ns() // 1_000_000 if now_ms is None else now_ms)
    held: list[TraceRow] = []
    try:
        return step.decide(held)
    except Exception as error:
        if not held or _passes(error):
            raise
        log.warning("settling_failed", error=type(error).__name__, traces=len(held))
    return _one_by_one(step, len(held))


@dataclass(frozen=True, slots=True)
class Step:
    """What deciding needs."""

    conn: Connection[Any]
    keys: Keys
    prices: PriceBook
    now_ms: int

    def decide(self, held: list[TraceRow], *, limit: int = MOST_TRACES) -> tuple[int, set[int]]:
        """Decide the traces that have been due for longest. Those that were locked are in `held`, whatever happens."""
        with self.conn.transaction():  # on its own: what it locks is not held while traces are
            share_derived(self.conn)
            look_for_traces(self.conn)
        with self.conn.transaction():
            share_derived(self.conn)
            held += _locked(self.conn, limit)
            if not held:
                return 0, set()
            spans = _completed(self.conn, held, _known(self.conn, held), self.prices)
            settled = [_settled(row, known, own, self.now_ms) for row, (known, own) in zip(held, spans, strict=True)]
            key_ids = _write(self.conn, settled, self.keys)
        self.keys.remember(key_ids)
        return len(settled), {one.row.project_id for one in settled if one.row_changed}


def _one_by_one(step: Step, traces: int) -> tuple[int, set[int]]:
    """So many traces, each in a transaction of its own."""
    settled, projects = 0, set[int]()
    for _ in range(traces):
        held: list[TraceRow] = []
        try:
            decided, changed = step.decide(held, limit=1)
        except Exception as error:
            if not held or _passes(error):
                raise
            log.exception("trace_put_off", trace=held[0].trace_id)
            step.conn.execute(SQL.put_off, {**_ids(held[0]), "seconds": PUT_OFF_S})
            continue
        settled, projects = settled + decided, projects | changed
    return settled, projects


def _passes(error: Exception) -> bool:
    """Whether it is no trace's fault. A statement that takes too long is: of one that is too large."""
    return isinstance(error, TRANSIENT) and not isinstance(error, QueryCanceled)


def _locked(conn: Connection[Any], limit: int) -> list[TraceRow]:
    """Due traces, as many as one transaction should hold (the first, whatever its size)."""
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = [stored_row(columns) for columns in cursor.execute(SQL.lock_due, {"limit": limit})]
    spans = 0
    for fit, row in enumerate(rows):
        spans += row.summary.span_count
        if spans > MOST_SPANS and fit:
            return rows[:fit]
    return rows


def _known(conn: Connection[Any], rows: Sequence[TraceRow]) -> list[list[Known]]:
    """The stored spans of each trace."""
    known: dict[tuple[str, int], list[Known]] = {(row.trace_id, row.project_id): [] for row in rows}
    for columns in conn.execute(SQL.spans, _traces(rows)):
        trace = known.get(columns[:2])
        if trace is not None:  # or another project's, with the same id
            trace.append(_known_span(columns))
    return list(known.values())


def _known_span(columns: tuple[Any, ...]) -> Known:
    (trace_id, _, _, batch_id, critical_ns, flags, agent, span_id, parent_id, name, kind, status, start_ns, duration_ns,
     ordinal, service, version, environment, pipeline, model, request_model, provider, tool, session, user, cost,
     reported_cost, response_key, ttft_ns, scope_key, *tokens) = columns  # fmt: skip
    uncached, cache_read, cache_write, output_text, reasoning = tokens
    span = Span(
        trace_id=trace_id,
        span_id=span_id,
        parent_id=parent_id,
        name=name,
        kind=KINDS[kind],
        status=STATUSES[status],
        start_ns=start_ns,
        end_ns=None if duration_ns is None else start_ns + duration_ns,
        ordinal=ordinal,
        service=service,
        version=version,
        environment=environment,
        pipeline=pipeline,
        agent=None if flags & AGENT_INHERITED else agent,
        model=model,
        request_model=request_model,
        provider=provider,
        tool=tool,
        session=session,
        user=user,
        usage=None
        if uncached is cache_read is cache_write is output_text is reasoning is None
        else Usage(
            uncached=uncached,
            cache_read=cache_read,
            cache_write=cache_write,
            output_text=output_text,
            reasoning=reasoning,
        ),
        reported_cost=reported_cost,
        cost=cost,
        response_key=response_key,
        ttft_ns=ttft_ns,
        scope_key=scope_key,
        pending=bool(flags & PENDING),
        timed_out=bool(flags & TIMED_OUT),
        logged=flags & LOGGED,
    )
    own = _without_logs(span) if span.logged else span
    return Known(Decided(span, agent, flags, critical_ns), own, batch_id_ms(batch_id))


def _without_logs(span: Span) -> Span:
    """The span as it was before log records completed it; its cost is then to be found again."""
    return replace(
        span,
        usage=None if span.logged & USAGE else span.usage,
        reported_cost=None if span.logged & COST else span.reported_cost,
        model=None if span.logged & MODEL else span.model,
        cost=None,
        logged=0,
    )


def _completed(
    conn: Connection[Any], rows: Sequence[TraceRow], known: Sequence[list[Known]], prices: PriceBook
) -> list[tuple[list[Known], list[Span]]]:
    """Each trace's stored spans, and the same completed by log records."""
    told = telling(conn, rows)
    if told:
        prices.learn(own_prices(conn, {project_id for _, project_id in told}))
    completed = []
    for row, trace in zip(rows, known, strict=True):
        spans = [one.own for one in trace]
        records = told.get((row.trace_id, row.project_id))
        if records:
            spans = filled(spans, records)
            prices.apply(row.project_id, [span for span in spans if span.logged])
        completed.append((trace, spans))
    return completed


def _settled(row: TraceRow, known: Sequence[Known], spans: Sequence[Span], now_ms: int) -> Settled:
    decision = decide(spans)
    if decision.complete:
        mark_critical(decision.spans)
    waiting_since = []
    changed = []
    for one, decided in zip(known, decision.spans, strict=True):
        if decided.flags & UNSETTLED:
            if one.arrived_ms + PATIENCE_MS > now_ms:
                waiting_since.append(one.arrived_ms)
            else:
                decided.flags &= ~UNSETTLED
        if decided != one.before:
            changed.append((one.before, decided))
    summary = summarise(decision.spans)
    summary.input_preview, summary.output_preview = row.summary.input_preview, row.summary.output_preview
    row_changed = bool(changed) or summary != row.summary
    if row_changed:
        row.seq += 1
        row.summary = summary
    due_ms = None
    if waiting_since:
        due_ms = max(min(waiting_since) + PATIENCE_MS, now_ms + settle_delay_ms(len(known)))
    return Settled(row=row, changed=changed, row_changed=row_changed, due_ms=due_ms)


def _write(conn: Connection[Any], settled: Sequence[Settled], keys: Keys) -> dict[Key, int]:
    deltas = Deltas()
    rows, logged = [], []
    for trace in settled:
        project_id = trace.row.project_id
        deltas.add(project_id, (before for before, _ in trace.changed), sign=-1)
        deltas.add(project_id, (after for _, after in trace.changed))
        rows += [_span_row(trace.row, after) for _, after in trace.changed]
        logged += [_logged_row(trace.row, after) for before, after in trace.changed if before.span != after.span]
    if rows:
        traces = _traces([one.row for one in settled if one.changed])
        conn.execute(SQL.join_by_hash)
        conn.execute(SQL.update_spans, {"rows": _json(rows), **traces})
        if logged:
            conn.execute(SQL.update_logged, {"rows": _json(logged), **traces})
        conn.execute(SQL.join_by_key)
    update(conn, [trace.row for trace in settled if trace.row_changed])
    done = [_ids(trace.row) for trace in settled if trace.due_ms is None]
    later = [{**_ids(trace.row), "due_ms": trace.due_ms} for trace in settled if trace.due_ms is not None]
    if done:
        conn.execute(SQL.settled, {"traces": _json(done)})
    if later:
        conn.execute(SQL.wait, {"traces": _json(later)})
    return append(conn, deltas, keys)


def _span_row(row: TraceRow, after: Decided) -> dict[str, object]:
    return {
        **_ids(row),
        "span_id": after.span.span_id,
        "agent": after.agent,
        "flags": after.flags,
        "critical_ns": after.critical_ns,
        "seq": row.seq,
    }


def _logged_row(row: TraceRow, after: Decided) -> dict[str, object]:
    span, usage = after.span, after.span.usage or Usage()
    return {
        **_ids(row),
        "span_id": span.span_id,
        "model": span.model,
        "provider": span.provider,
        "cost": span.cost,
        "reported_cost": span.reported_cost,
        "tokens_in": usage.uncached,
        "tokens_cache_read": usage.cache_read,
        "tokens_cache_write": usage.cache_write,
        "tokens_out": usage.output_text,
        "tokens_reasoning": usage.reasoning,
    }


def _ids(row: TraceRow) -> dict[str, object]:
    return {"trace_id": row.trace_id, "project_id": row.project_id}


def _traces(rows: Sequence[TraceRow]) -> dict[str, object]:
    return {
        "traces": [row.trace_id for row in rows],
        "first_day": min(row.first_day for row in rows),
        "last_day": max(row.last_day for row in rows),
    }


def _json(rows: object) -> str:
    return orjson.dumps(rows).decode()
