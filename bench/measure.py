"""One load of a stack and what it cost."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median

from bench import machine
from bench.corpus.files import Corpus
from bench.figures import largest_error, wait_figures
from bench.load import Load
from bench.meter import Meter
from bench.stack import Stack

CPU_PARTS = ("receiver", "worker", "web", "postgres", "up")
TABLES = """
    SELECT CASE
               WHEN relname LIKE 'traces_inbox%' THEN 'inbox'
               WHEN relname LIKE 'traces_span%' THEN 'spans'
               WHEN relname LIKE 'traces_trace%' THEN 'traces'
               WHEN relname LIKE 'traces_rollup%' THEN 'rollups'
               ELSE 'other'
           END AS what, sum(pg_total_relation_size(oid))::bigint
    FROM pg_class WHERE relkind IN ('r', 'm') AND relnamespace = 'public'::regnamespace GROUP BY what
"""


@dataclass(slots=True, kw_only=True)
class Result:
    """Figures by name, in the order they are shown; what was wrong, in words."""

    figures: dict[str, float]
    wrong: list[str]


def measure(stack: Stack, corpus: Corpus, *, connections: int, rate: float) -> Result:
    """Load the corpus, wait until every span can be queried, compare the figures, add up the cost."""
    before = stack.ledger()["stored_spans"]
    disk_before = _disk(stack)
    load = Load(address=stack.otlp, key=stack.key, payloads=corpus.payloads, connections=connections, rate=rate)
    own_before, machine_before = time.process_time(), machine.spent()
    with Meter(stack.parts) as meter:
        load.run()
        own_s = time.process_time() - own_before
        stored = stack.wait_stored(before + load.acked_spans, patience_s=30) - before
        durable_s = time.monotonic() - load.started_s
        machine_after = machine.spent()
    with Meter(stack.parts) as after:
        settled_s, wrong = wait_figures(stack, corpus) if before == 0 else (0.0, [])
    wrong += load.refusals + ([] if stored == load.acked_spans else [f"{load.acked_spans - stored} spans are missing"])
    others = machine_after.busy - machine_before.busy - own_s - sum(meter.cpu_s.values())
    figures: dict[str, float] = {
        "spans": load.acked_spans,
        "durable and queryable spans/s": stored / durable_s,
        "acknowledged spans/s": load.acked_spans / load.acked_in_s,
        "acknowledgement p50, ms": load.latency_ms(50),
        "acknowledgement p90, ms": load.latency_ms(90),
        "acknowledgement p99, ms": load.latency_ms(99),
        **_cpu("CPU s/1,000 spans", meter, stored),
        **_cpu("then, settling and folding", after, stored),
        **{f"peak memory, MB: {part}": float(meter.peak_mb[part]) for part in (*CPU_PARTS, "all")},
        **_disk_a_span(_disk(stack), disk_before, stored),
        "all figures right after, s": settled_s,
        "answers other than 200": load.answers.total() - load.answers["200"],
        "other work, cores": others / durable_s,
        "stolen by the host, cores": (machine_after.stolen - machine_before.stolen) / durable_s,
        "a fixed loop, CPU s": machine.core_speed_s(),
    }
    if before == 0 and not wrong:
        figures["largest error of a percentile, %"] = largest_error(stack, corpus) * 100
    return Result(figures=figures, wrong=wrong)


def medians(results: list[Result]) -> dict[str, tuple[float, float, float]]:
    """Median, least and most of every figure."""
    names = dict.fromkeys(name for result in results for name in result.figures)
    found = {}
    for name in names:
        values = [result.figures[name] for result in results if name in result.figures]
        found[name] = (median(values), min(values), max(values))
    return found


def _cpu(what: str, meter: Meter, spans: int) -> dict[str, float]:
    by_part = {part: meter.cpu_s.get(part, 0.0) * 1000 / max(spans, 1) for part in CPU_PARTS}
    return {f"{what}: {part}": cost for part, cost in by_part.items()} | {f"{what}: all": sum(by_part.values())}


def _disk(stack: Stack) -> dict[str, int]:
    """Bytes of the database after a checkpoint, in all and by what they hold; nothing where it is not ours to ask."""
    if not stack.data:
        return {}
    with stack.database() as connection:
        connection.execute("CHECKPOINT")
        whole = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        assert whole
        return {"all": int(whole[0]), **dict(connection.execute(TABLES).fetchall())}


def _disk_a_span(after: dict[str, int], before: dict[str, int], spans: int) -> dict[str, float]:
    return {f"disk bytes/span: {what}": (size - before.get(what, 0)) / max(spans, 1) for what, size in after.items()}
