"""What the API says of a loaded corpus, against the generator's own figures."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from bench.corpus.files import Corpus
from bench.stack import Stack

EXACT = ("calls", "errors", "timeouts", "input_tokens", "output_tokens")
PERCENTILES = ("p50_ms", "p90_ms", "p95_ms", "p99_ms")
TOLERANCE = 0.01
SETTLED_WITHIN_S = 90.0
ERROR_STATUS = 2


def wait_figures(stack: Stack, corpus: Corpus) -> tuple[float, list[str]]:
    """How long until every figure was right, and those that never were."""
    begun = time.monotonic()
    while True:
        wrong = list(differences(stack, corpus))
        waited_s = time.monotonic() - begun
        if not wrong or waited_s > SETTLED_WITHIN_S:
            return waited_s, wrong
        time.sleep(0.5)


def differences(stack: Stack, corpus: Corpus) -> Iterator[str]:
    """Every figure of /api/v1/agents and /models that is not what it should be, in words."""
    start, end = (_rfc3339(time_ns) for time_ns in corpus.window_ns)
    agents = stack.get("/api/v1/agents", start=start, end=end, limit=1000)["results"]
    yield from _compare("agent", corpus.expected["agents"], agents)
    models = stack.get("/api/v1/models", start=start, end=end, limit=1000)["results"]
    yield from _compare("model", corpus.expected["models"], models)
    if stack.data:
        yield from _errors_of_all_spans(stack, corpus)


def largest_error(stack: Stack, corpus: Corpus) -> float:
    """Of all percentiles of all agents, relative."""
    start, end = (_rfc3339(time_ns) for time_ns in corpus.window_ns)
    rows = stack.get("/api/v1/agents", start=start, end=end, limit=1000)["results"]
    expected = corpus.expected["agents"]
    return float(max(abs(row[key] / expected[row["agent"]][key] - 1) for row in rows for key in PERCENTILES))


def _compare(what: str, expected: dict[str, dict[str, float]], rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    by_name = {row[what]: row for row in rows}
    if by_name.keys() != expected.keys():
        yield f"{what}s: {sorted(by_name)} instead of {sorted(expected)}"
    for name in by_name.keys() & expected.keys():
        row, wanted = by_name[name], expected[name]
        for key in EXACT:
            if key in wanted and row[key] != wanted[key]:
                yield f"{what} {name}: {key} is {row[key]} instead of {wanted[key]}"
        for key in PERCENTILES:
            if key in wanted and key in row and abs(row[key] / wanted[key] - 1) > TOLERANCE:
                yield f"{what} {name}: {key} is {row[key]:.1f} instead of {wanted[key]:.1f}"


def _errors_of_all_spans(stack: Stack, corpus: Corpus) -> Iterator[str]:
    """The API counts an agent's own spans; all spans that name it are counted in the table."""
    counted = "SELECT agent, count(*) FROM traces_span WHERE status = %s AND agent IS NOT NULL GROUP BY agent"
    with stack.database() as connection:
        stored = dict(connection.execute(counted, [ERROR_STATUS]).fetchall())
    for name, wanted in corpus.expected["agents"].items():
        if stored.get(name, 0) != wanted["errors_of_all_spans"]:
            yield f"agent {name}: {stored.get(name, 0)} spans failed instead of {wanted['errors_of_all_spans']}"


def _rfc3339(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / 1e9, UTC).isoformat()
