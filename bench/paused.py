"""Paused runs cost nothing: claims with 100,000 of them and without, and what one takes on disk.

    ECOA_DATABASE_URL=… python -m bench.paused [--runs 100000]

The database is a scratch one, migrated, with the project "default"; its runs are deleted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import time
from typing import Any

import psycopg

from bench.engine import EMPTY
from ecoa.engine.ids import uuid7
from ecoa.store.base import NewNode, NewRun
from ecoa.store.postgres import PostgresStore

CLAIMS = 300
# As `finish` leaves them: a step done, a gate paused, the request with 200 bytes of payload.
PAUSED = """
WITH made AS (
    INSERT INTO pipelines_run
        (id, project_id, pipeline, definition_hash, status, input, trace_id, started_at, paused_at)
    SELECT uuidv7(), %(project)s, 'paused', 'd', 'paused', %(value)s::json, gen_random_uuid(), now(), now()
    FROM generate_series(1, %(runs)s)
    RETURNING id
), nodes AS (
    INSERT INTO pipelines_node (run_id, path, kind, status, attempt, fence, input, output, started_at)
    SELECT id, path, kind, status, 1, 1, %(value)s::json, output::json, now()
    FROM made, (VALUES ('draft', 'step', 'done', %(value)s), ('review', 'review', 'paused', NULL))
        AS n(path, kind, status, output)
)
INSERT INTO pipelines_review (id, project_id, run_id, path, title, reason, payload, digest, groups, expires_at)
SELECT uuidv7(), %(project)s, id, 'review', 'Ship it?', 'confidence 0.4', %(value)s::json, repeat('0', 64),
       '{reviewers}', now() + interval '3 days'
FROM made
"""
SIZE = """
SELECT sum(pg_total_relation_size(oid)) FROM pg_class
WHERE relname IN ('pipelines_run', 'pipelines_node', 'pipelines_review', 'pipelines_ready')
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100_000)
    options = parser.parse_args()
    print(json.dumps(asyncio.run(_measure(os.environ["ECOA_DATABASE_URL"], options.runs)), indent=1))


async def _measure(dsn: str, runs: int) -> dict[str, Any]:
    store = PostgresStore(dsn)
    value = json.dumps({"order": 17, "text": "x" * 180})
    with psycopg.connect(dsn, autocommit=True) as conn:
        try:
            conn.execute(EMPTY)
            without, before = await _claims(store), _size(conn)
            conn.execute(PAUSED.encode(), {"project": await store.db.project_id(), "runs": runs, "value": value})
            conn.execute("VACUUM ANALYZE pipelines_run, pipelines_node, pipelines_review")
            return {
                "runs": runs,
                "claim_p50_ms_without": without,
                "claim_p50_ms_with": await _claims(store),
                "bytes_a_run": (_size(conn) - before) / runs,
            }
        finally:
            conn.execute(EMPTY)
            await store.close()


async def _claims(store: PostgresStore) -> float:
    """The median claim of one node out of some that are ready."""
    await store.start_many([_run() for _ in range(CLAIMS)])
    times = []
    for _ in range(CLAIMS):
        begun = time.perf_counter()
        (lease,) = await store.claim("bench", pipelines=["bench"], queues=["default"], limit=1)
        times.append(time.perf_counter() - begun)
        assert lease.path == "a"
    return 1000 * statistics.median(times)


def _run() -> NewRun:
    first = [NewNode(path="a", kind="step", input="1")]
    return NewRun(
        id=uuid7(), pipeline="bench", definition_hash="d", input="1", trace_id=os.urandom(16).hex(), first=first
    )


def _size(conn: psycopg.Connection) -> int:
    row = conn.execute(SIZE).fetchone()
    assert row
    return int(row[0])


if __name__ == "__main__":
    main()
