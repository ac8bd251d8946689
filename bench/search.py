"""Text search over the spans of the last day: what its index costs, and how long the first 50 hits take.

    DATABASE_URL=… python -m bench.search [--load SPANS] [--index] [--questions 40]

`--load` empties that database (a scratch one, migrated), puts a corpus of so many spans into its inbox and stores it;
`--index` indexes what is stored. Without either it only asks. No question is asked twice, so that nothing of it is
remembered. The corpus has 200 words: every batch holds all of them, and phrases of frequent ones are everywhere.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import django
import psycopg

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecoa_web.settings")
django.setup()

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest  # noqa: E402

from bench.corpus.expected import Expected  # noqa: E402
from bench.corpus.requests import HOUR_NS, Payload, fleet  # noqa: E402
from bench.corpus.world import WORDS, words  # noqa: E402
from ecoa_web.config import read_config  # noqa: E402
from ecoa_web.db.dsn import direct_conninfo  # noqa: E402
from traces.filters import parse  # noqa: E402
from traces.inbox.batch import Batch, Signal, body_digest, compressed  # noqa: E402
from traces.inbox.writer import InboxWriter  # noqa: E402
from traces.queries.traces import newest_traces  # noqa: E402
from traces.queries.window import Window  # noqa: E402
from traces.rollups.keys import Keys  # noqa: E402
from traces.search.index import make_segment  # noqa: E402
from traces.store.group import Store  # noqa: E402

PROJECT = 1
TABLES = (
    "traces_span, traces_inbox_batch, traces_trace, traces_settle, traces_inbox_queue, traces_rollup,"
    " traces_rollup_delta, traces_ledger, traces_search_segment, traces_search_queue"
)
PARTS = 5  # corpora, one after the other in the last day
HOURS = 23.0 / PARTS
GROUP = 100  # batches written at once
NEEDLE_EVERY = 100  # batches; each needle is one word in one span
DAY_NS = 24 * HOUR_NS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--load", type=int, metavar="SPANS")
    parser.add_argument("--index", action="store_true")
    parser.add_argument("--questions", type=int, default=40, help="of each kind")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    with psycopg.connect(direct_conninfo(read_config()), autocommit=True) as conn:
        if args.load:
            load(conn, args.load)
        if args.index:
            index(conn)
        state(conn)
    rng = random.Random(args.seed)
    for name, questions in kinds(rng, args.questions).items():
        ask(name, questions)


def load(conn: psycopg.Connection[Any], spans: int) -> None:
    """A corpus in the inbox, and stored."""
    conn.execute(f"TRUNCATE {TABLES}")
    begun = time.monotonic()
    payloads = enumerate(corpus(spans))
    inbox = InboxWriter(direct_conninfo(read_config()))
    while group := [batch(place, payload) for place, payload in islice(payloads, GROUP)]:
        inbox.write(group)
    inbox.disconnect()
    print(f"received in {time.monotonic() - begun:.0f} s")
    store, cpu, stored = Store(conn, Keys()), time.process_time(), 0
    while written := store.next_group():
        stored += sum(group.spans for group in written)
    print(f"stored {stored:,} spans, {(time.process_time() - cpu) / stored * 1e6:.1f} us of CPU a span")
    conn.execute("ANALYZE")


def index(conn: psycopg.Connection[Any]) -> None:
    """Segments of everything stored, and what they cost."""
    cpu, wall, batches = time.process_time(), time.monotonic(), 0
    pending = "SELECT project_id, day FROM traces_search_queue ORDER BY batch_id LIMIT 1"
    while row := conn.execute(pending).fetchone():
        batches += make_segment(conn, *row)
    spent, passed = time.process_time() - cpu, time.monotonic() - wall
    spans = count(conn, "SELECT sum(spans) FROM traces_inbox_batch")
    print(
        f"indexed {batches:,} batches: {spent / spans * 1e6:.1f} us of CPU a span, {passed / spans * 1e6:.1f} us in all"
    )


def state(conn: psycopg.Connection[Any]) -> None:
    """How much there is."""
    spans = count(conn, "SELECT sum(spans) FROM traces_inbox_batch") or 1
    size = count(
        conn,
        "SELECT sum(pg_total_relation_size(oid)) FROM pg_class"
        " WHERE relkind = 'r' AND relname LIKE 'traces_search_segment%'",
    )
    segments = count(conn, "SELECT count(*) FROM traces_search_segment")
    waiting = count(conn, "SELECT count(*) FROM traces_search_queue")
    print(f"{spans:,} spans, {segments} segments, {size / spans:.1f} bytes a span, {waiting} batches not indexed")


def kinds(rng: random.Random, count: int) -> dict[str, list[str]]:
    """Questions that nobody has asked before, by kind."""
    rare, often = WORDS[len(WORDS) // 2 :], WORDS[:10]

    def some(length: int, of: Sequence[str] | None = None) -> list[str]:
        drawn = [words(rng, length) if of is None else rng.choices(of, k=length) for _ in range(count)]
        return [" ".join(phrase) for phrase in drawn]

    return {
        "a word": rng.sample(WORDS, min(count, len(WORDS))),
        "a word in one span": [needle(place) for place in rng.sample(range(50), count)],
        "a word that is nowhere": [f"nowhere{rng.randrange(10**9)}" for _ in range(count)],
        "two words": some(2),
        "two rare words": some(2, rare),
        "three words": some(3),
        "three rare words": some(3, rare),
        "four words": some(4),
        "six words": some(6),
        "three of the ten most frequent": some(3, often),
        "four of the ten most frequent": some(4, often),
        "five of the ten most frequent": some(5, often),
        "six of the ten most frequent": some(6, often),
    }


def ask(name: str, questions: Sequence[str]) -> None:
    """The first 50 hits of each question over the last day."""
    times, cpus, hits, partial = [], [], 0, 0
    now = time.time_ns()
    for question in questions:
        wall, cpu = time.perf_counter(), time.process_time()
        page = newest_traces(
            PROJECT, window=Window(start_ns=now - DAY_NS, end_ns=now), filter=parse(f'text:"{question}"'), limit=50
        )
        times.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
        hits += len(page.rows)
        partial += page.searched is not None and page.searched.back_to_ns is not None and len(page.rows) < 50
    times.sort()
    figures = (
        f"{at(times, 50):6.0f} {at(times, 95):6.0f} {times[-1] * 1000:6.0f} ms; CPU {sum(cpus) / len(cpus) * 1000:5.0f}"
    )
    print(f"{name:32} {figures} ms; {hits / len(questions):5.1f} hits; {partial} not complete")


def at(times: Sequence[float], percent: int) -> float:
    """A percentile in milliseconds, the nearest rank."""
    return times[min(len(times) - 1, len(times) * percent // 100)] * 1000


def corpus(spans: int) -> Iterator[Payload]:
    """Payloads of the last day, in order."""
    base_ns = time.time_ns() - int(23.5 * HOUR_NS)
    for part in range(PARTS):
        start_ns = base_ns + int(part * HOURS * HOUR_NS)
        yield from fleet(spans // PARTS, seed=100 + part, base_ns=start_ns, expected=Expected(), hours=HOURS)


def batch(place: int, payload: Payload) -> Batch:
    """A body as the receiver has it; every hundredth with a needle."""
    body = payload.body
    if place % NEEDLE_EVERY == 0:
        request = ExportTraceServiceRequest.FromString(body)
        span = request.resource_spans[0].scope_spans[0].spans[0]
        span.attributes.add(key="note").value.string_value = f"somewhere in here is {needle(place // NEEDLE_EVERY)}"
        body = request.SerializeToString()
    return Batch(
        project_id=PROJECT,
        key_id=0,
        signal=Signal.TRACES,
        digest=body_digest(PROJECT, Signal.TRACES, body),
        body=compressed(body),
        spans=payload.spans,
    )


def needle(number: int) -> str:
    """A word of one span only."""
    return f"needle{number}haystack"


def count(conn: psycopg.Connection[Any], query: str) -> int:
    row = conn.execute(query).fetchone()
    return int(row[0] or 0) if row else 0


if __name__ == "__main__":
    main()
