"""Appending deltas: one COPY, no row that two workers contend for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psycopg import Connection

    from traces.rollups.delta import Delta, Deltas, Key
    from traces.rollups.keys import Keys

COPY = """
COPY traces_rollup_delta (key_id, bucket, width, calls, errors, timeouts, model_calls, unpriced, tokens_in,
    tokens_cache_read, tokens_cache_write, tokens_out, tokens_reasoning, cost, duration_ns, critical_ns,
    buckets, counts, ttft_buckets, ttft_counts)
FROM STDIN
"""
NO_HISTOGRAM = "\\N\t\\N"


def append(conn: Connection[Any], deltas: Deltas, keys: Keys) -> dict[Key, int]:
    """Append what is not zero. Returns the key ids to remember once the transaction has committed."""
    rows = {place: delta for place, delta in deltas.by_key.items() if not delta.empty()}
    if not rows:
        return {}
    ids = keys.ids(conn, {key for key, _ in rows})
    text = "".join([_line(ids[key], minute, delta) for (key, minute), delta in rows.items()])
    with conn.cursor() as cursor, cursor.copy(COPY) as copy:
        copy.write(text)
    return ids


def _line(key_id: int, minute: int, delta: Delta) -> str:
    durations = _arrays(delta.histogram)
    ttft = _arrays(delta.ttft) if delta.ttft else NO_HISTOGRAM
    return (
        f"{key_id}\t{minute}\t1\t{delta.calls}\t{delta.errors}\t{delta.timeouts}\t{delta.model_calls}\t{delta.unpriced}\t"
        f"{delta.tokens_in}\t{delta.tokens_cache_read}\t{delta.tokens_cache_write}\t{delta.tokens_out}\t"
        f"{delta.tokens_reasoning}\t{delta.cost}e-12\t{delta.duration_ns}\t{delta.critical_ns}\t"
        f"{durations}\t{ttft}\n"
    )


def _arrays(histogram: dict[int, int]) -> str:
    """Buckets and counts as two array literals."""
    kept = sorted((bucket, count) for bucket, count in histogram.items() if count)
    buckets = ",".join([str(bucket) for bucket, _ in kept])
    counts = ",".join([str(count) for _, count in kept])
    return f"{{{buckets}}}\t{{{counts}}}"
