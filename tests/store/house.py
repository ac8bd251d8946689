"""An inbox to fill, a worker to run by hand, and what came of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg

from ecoa_web.db.partitions import ensure_days
from tests.store.spans import EPOCH_NS, Sent, body
from traces.inbox.batch import Signal, body_digest, compressed
from traces.inbox.ids import new_batch_id
from traces.rollups.histogram import merged
from traces.rollups.keys import Keys
from traces.span import Outcome
from traces.store.group import Store
from traces.store.logs import look_for_traces
from traces.store.settling import settle_due

TABLES = (
    "traces_span, traces_inbox_batch, traces_trace, traces_settle, traces_inbox_queue, traces_rollup,"
    " traces_rollup_delta, traces_rollup_key, traces_ledger, traces_dead_letter, traces_price, traces_reprice,"
    " traces_log, traces_log_queue, traces_search_segment, traces_search_queue,"
    " traces_replay_job, traces_gone_project"
)
ARRIVAL_MS = EPOCH_NS // 1_000_000 + 3_600_000  # an hour after the spans
PROJECT = 7

SPANS = """
SELECT s.project_id, s.trace_id::text, s.span_id, s.parent_id, s.name, s.kind, s.status, s.flags, s.agent, s.start_ns,
       s.duration_ns, s.critical_ns, s.tokens_in, s.tokens_out, s.tool, s.model
FROM traces_span s ORDER BY 1, 2, 3
"""
TRACES = """
SELECT project_id, trace_id::text, start_ns, end_ns, root_id, tokens_in, tokens_out, span_count, error_count,
       open_count, waiting_count, unpriced_calls, status, name, service, pipeline, agents, models, services, tools,
       sessions, users
FROM traces_trace ORDER BY 1, 2
"""
ROLLUPS = """
SELECT k.project_id, k.kind, k.service, k.pipeline, k.agent, k.model, k.tool, {bucket}, sum(r.calls), sum(r.errors),
       sum(r.timeouts), sum(r.model_calls), sum(r.unpriced), sum(r.tokens_in), sum(r.tokens_out), sum(r.duration_ns),
       sum(r.critical_ns), array_agg(r.buckets::text), array_agg(r.counts::text)
FROM   (SELECT * FROM traces_rollup UNION ALL SELECT * FROM traces_rollup_delta) r
JOIN   traces_rollup_key k ON k.id = r.key_id
GROUP  BY 1, 2, 3, 4, 5, 6, 7, 8 ORDER BY 1, 2, 3, 4, 5, 6, 7, 8
"""


class House:
    """One connection of a worker over an empty database."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.conn = psycopg.connect(dsn, autocommit=True)
        self.conn.execute(f"TRUNCATE {TABLES}")
        self.keys = Keys()
        self.arrivals = 0

    def receive(self, *spans: Sent, project: int = PROJECT, at_ms: int | None = None, key: int = 1) -> int:
        """Put a batch into the inbox as the receiver does; its id."""
        return self.receive_body(body(list(spans)), len(spans), project=project, at_ms=at_ms, key=key)

    def receive_body(
        self,
        request: bytes,
        spans: int,
        *,
        project: int = PROJECT,
        at_ms: int | None = None,
        key: int = 1,
        signal: Signal = Signal.TRACES,
    ) -> int:
        self.arrivals += 1
        moment = ARRIVAL_MS + self.arrivals if at_ms is None else at_ms
        batch_id, day = new_batch_id(moment), datetime.fromtimestamp(moment / 1000, UTC).date()
        digest = body_digest(project, signal, request)
        ensure_days(self.conn, [day])
        with self.conn.transaction():
            self.conn.execute(
                "INSERT INTO traces_inbox_batch VALUES (%s, %s, %s, %s, %s, %s, to_timestamp(%s / 1000.0), %s, %s)",
                [batch_id, day, project, key, spans, signal, moment, digest, compressed(request)],
            )
            self.conn.execute(
                "INSERT INTO traces_inbox_queue VALUES (%s, %s, %s, %s, 0, now())", [batch_id, day, project, spans]
            )
            self.conn.execute(
                "INSERT INTO traces_ledger VALUES (%s, %s, %s, %s, '', %s)",
                [project, key, moment // 60_000, Outcome.RECEIVED.of(signal), spans],
            )
        return batch_id

    def store(self) -> int:
        """Store what waits; how many spans were new."""
        store, spans = Store(self.conn, self.keys), 0
        while written := store.next_group():
            spans += sum(group.spans for group in written)
        return spans

    def settle(self, *, later_ms: int = 3_600_000) -> None:
        """Decide every trace that waits, some time after the last arrival."""
        while self.rows("SELECT 1 FROM traces_log_queue"):
            self.conn.execute("UPDATE traces_log_queue SET due_at = now() - interval '1 second'")
            with self.conn.transaction():
                look_for_traces(self.conn)
        while True:
            self.conn.execute("UPDATE traces_settle SET due_at = now() - interval '1 second'")
            now_ms = ARRIVAL_MS + self.arrivals + later_ms
            settled, _ = settle_due(self.conn, self.keys, now_ms=now_ms)
            if not settled or later_ms < 30_000:
                return

    def finish(self) -> None:
        """Store and settle everything."""
        self.store()
        self.settle()

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        return self.conn.execute(query, parameters or None).fetchall()

    def one(self, query: str, *parameters: object) -> Any:
        (row,) = self.rows(query, *parameters)
        return row[0] if len(row) == 1 else row

    def spans(self) -> list[tuple[Any, ...]]:
        """What is stored of each span, without when and where it arrived."""
        return self.rows(SPANS)

    def traces(self) -> list[tuple[Any, ...]]:
        """What is stored of each trace, without when it arrived."""
        return self.rows(TRACES)

    def rollups(self, *, bucket: str = "r.bucket") -> list[tuple[Any, ...]]:
        """What rollups and deltas add up to by key and minute, without what adds up to nothing."""
        found = []
        for *columns, buckets, counts in self.rows(ROLLUPS.format(bucket=bucket)):
            histogram = merged(zip(map(_numbers, buckets), map(_numbers, counts), strict=True))
            if any(columns[8:]):
                found.append((*columns, histogram))
        return found

    def ledger(self) -> dict[int, int]:
        """Spans by outcome."""
        return {
            outcome: int(spans)
            for outcome, spans in self.rows("SELECT outcome, sum(spans) FROM traces_ledger GROUP BY outcome")
        }

    def state(self) -> tuple[object, ...]:
        """All that must not depend on the order of arrival."""
        return (
            self.spans(),
            self.traces(),
            self.rollups(),
            self.ledger(),
            self.rows("SELECT trace_id FROM traces_settle"),
        )

    def agents(self) -> dict[int, str | None]:
        """The agent of each span."""
        return dict(self.rows("SELECT span_id, agent FROM traces_span"))

    def flags(self) -> dict[int, int]:
        return dict(self.rows("SELECT span_id, flags FROM traces_span"))


def days_after(days: int) -> int:
    """The millisecond of arrival some days after the usual one."""
    return ARRIVAL_MS + days * 86_400_000


def arrival_day(days: int = 0) -> date:
    return datetime.fromtimestamp(ARRIVAL_MS / 1000, UTC).date() + timedelta(days=days)


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.strip("{}").split(",") if number]
