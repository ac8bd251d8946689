"""What a test sees of the inbox."""

from __future__ import annotations

from typing import Any

import psycopg
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from traces.inbox.batch import inflated
from traces.span import Outcome

TABLES = ("traces_inbox_batch", "traces_inbox_queue", "traces_ledger")


class Inbox:
    """The inbox's tables, emptied when a test begins."""

    def __init__(self, database: psycopg.Connection) -> None:
        self.database = database
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        for table in TABLES:
            self.database.execute(f"DELETE FROM {table}")

    def requests(self) -> list[ExportTraceServiceRequest]:
        """The stored bodies, oldest first."""
        rows = self.database.execute("SELECT body FROM traces_inbox_batch ORDER BY id", binary=True).fetchall()
        return [ExportTraceServiceRequest.FromString(inflated(row[0])) for row in rows]

    def spans(self) -> list[Any]:
        """The stored spans."""
        return [
            span
            for request in self.requests()
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def names(self) -> list[str]:
        """Their names."""
        return [span.name for span in self.spans()]

    def queued(self) -> int:
        """Spans that wait for a worker."""
        row = self.database.execute("SELECT coalesce(sum(spans), 0) FROM traces_inbox_queue").fetchone()
        assert row is not None
        return int(row[0])

    def ledger(self) -> dict[tuple[Outcome, str], int]:
        """Sums of the ledger."""
        rows = self.database.execute("SELECT outcome, reason, sum(spans) FROM traces_ledger GROUP BY 1, 2").fetchall()
        return {(Outcome(outcome), reason): int(spans) for outcome, reason, spans in rows}
