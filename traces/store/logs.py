"""Log records as rows, and the traces that they complete, whichever of the two comes first.

record stored ──▶ traces_log_queue ──look for its trace, thrice in three minutes──▶ traces_settle
trace stored  ──▶ are there records of it? ──▶ traces_settle          (settling then reads spans and records)

A trace and a record that are stored at the same moment do not see each other; the later looks find the pair.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from ecoa_web.db.named_sql import named_sql
from traces.logs.join import LATE_NS, Logged
from traces.span import Usage
from traces.store.rows import ESCAPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from psycopg import Connection

    from traces.store.incoming import LogRow
    from traces.store.trace_rows import TraceRow

SQL = named_sql(__file__)
MOST_BATCHES = 50
MOST_TRIES = 2  # after the first
FOR_EVER_NS = (1 << 63) - 1

type TraceKey = tuple[str, int]  # trace and project


def store_logs(conn: Connection[Any], rows: Sequence[LogRow]) -> None:
    """Store records, and have their traces looked for once they are committed."""
    with conn.cursor() as cursor, cursor.copy(SQL.copy_logs) as copy:
        copy.write("".join(map(_line, rows)))
    batches = {row.batch.batch_id: row.batch for row in rows}.values()
    new = [{"batch_id": batch.batch_id, "project_id": batch.project_id, "day": batch.day} for batch in batches]
    conn.execute(SQL.look_for_traces, {"rows": _json(new)})


def traces_with_logs(conn: Connection[Any], rows: Sequence[TraceRow]) -> set[TraceKey]:
    """Those of these traces (at least one) that stored records belong to."""
    wanted = _wanted(rows)
    found: set[TraceKey] = set(conn.execute(SQL.of_traces, wanted))
    by_session = _sessions(rows)
    if by_session:
        found.update(conn.execute(SQL.of_sessions, {**wanted, "rows": _json(by_session)}))
    return found


def telling(conn: Connection[Any], rows: Sequence[TraceRow]) -> dict[TraceKey, list[Logged]]:
    """By trace, what stored records tell of model calls."""
    wanted = _wanted(rows)
    found: dict[TraceKey, list[Logged]] = {}
    for columns in conn.execute(SQL.telling, wanted):
        found.setdefault(columns[:2], []).append(_logged(columns))
    by_session = _sessions(rows)
    if by_session:
        for columns in conn.execute(SQL.telling_of_sessions, {**wanted, "rows": _json(by_session)}):
            found.setdefault(columns[:2], []).append(_logged(columns))
    return found


def look_for_traces(conn: Connection[Any]) -> int:
    """Have the traces of records that are due decided again, in the caller's transaction; how many batches."""
    due = conn.execute(SQL.due, {"limit": MOST_BATCHES}).fetchall()
    if due:
        batches = {"batches": [batch_id for batch_id, _ in due], "days": list({day for _, day in due})}
        conn.execute(SQL.settle_traces, {**batches, "late": LATE_NS})
        limits = {**batches, "most": MOST_TRIES}
        conn.execute(SQL.enough, limits)
        conn.execute(SQL.again, limits)
    return len(due)


def _wanted(rows: Iterable[TraceRow]) -> dict[str, object]:
    return {"traces": [row.trace_id for row in rows], "first_day": min(row.first_day for row in rows)}


def _sessions(rows: Iterable[TraceRow]) -> list[dict[str, object]]:
    """The sessions of these traces, and from when to when their records may be."""
    return [
        {
            "trace_id": row.trace_id,
            "project_id": row.project_id,
            "session": session,
            "since": row.summary.start_ns,
            "until": FOR_EVER_NS if row.summary.end_ns is None else min(row.summary.end_ns + LATE_NS, FOR_EVER_NS),
        }
        for row in rows
        for session in row.summary.sessions
    ]


def _logged(columns: tuple[Any, ...]) -> Logged:
    _, _, span_id, time_ns, digest, model, provider, response_key, *tokens, cost = columns
    uncached, cache_read, cache_write, output_text, reasoning = tokens
    usage = Usage(
        uncached=uncached, cache_read=cache_read, cache_write=cache_write, output_text=output_text, reasoning=reasoning
    )
    return Logged(
        span_id=span_id,
        time_ns=time_ns,
        digest=digest,
        model=model,
        provider=provider,
        response_key=response_key,
        usage=usage if any(count is not None for count in tokens) else None,
        cost=cost,
    )


def _line(row: LogRow) -> str:
    record, told, batch = row.record, row.facts, row.batch
    usage = told.usage or Usage()
    numbers = (
        record.trace_id, record.span_id, record.time_ns, batch.batch_id, record.digest, told.response_key,
        usage.uncached, usage.cache_read, usage.cache_write, usage.output_text, usage.reasoning, told.cost,
        batch.project_id, batch.day, record.ordinal,
    )  # fmt: skip
    texts = (record.event or "log", told.session if record.trace_id is None else None, told.model, told.provider)
    columns = ["" if number is None else str(number) for number in numbers]
    return "\t".join([*columns, *((text or "").translate(ESCAPES) for text in texts)]) + "\n"


def _json(rows: object) -> str:
    return orjson.dumps(rows).decode()
