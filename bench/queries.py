"""
How long the API takes, at a size:

    python -m bench.queries [--spans 1000000] [--asks 40]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from urllib.parse import quote

from bench import machine
from bench.corpus.expected import Expected
from bench.corpus.files import recent_base_ns
from bench.corpus.requests import fleet
from bench.load import Load, percentile
from bench.stack import Stack, fresh_stack
from bench.waterfall import send_large

CHUNK = 200_000  # spans of one seed, so that a million need not be held at once
FILTERS = [
    "",
    "status:error",
    "agent:planner",
    "service:support-copilot",
    "model:gpt-4o",
    "tool:run_sql",
    "duration>30s",
    "tokens>=10k",
    "name:pipeline*",
    "status:error agent:coder duration>10s",
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spans", type=int, default=200_000)
    parser.add_argument("--asks", type=int, default=40, help="times each question is asked")
    args = parser.parse_args()
    with fresh_stack() as stack:
        fill(stack, args.spans)
        large = send_large(stack, 5_000)
        busy = machine.wait_quiet()
        print(f"{stack.ledger()['stored_spans']:,} spans stored; other work before: {busy:.2f} cores")
        for what, path, query in questions(stack, large):
            times_ms = [ask(stack, path, query) for _ in range(args.asks)][1:]
            print(
                f"{what:58} p50 {percentile(times_ms, 50):7.1f} ms   p95 {percentile(times_ms, 95):7.1f} ms", flush=True
            )


def fill(stack: Stack, spans: int) -> None:
    """So many spans of the last hours, all of them stored."""
    acked = 0
    for seed, at in enumerate(range(0, spans, CHUNK), start=100):
        size = min(CHUNK, spans - at)
        payloads = list(fleet(size, seed=seed, base_ns=recent_base_ns(), expected=Expected()))
        load = Load(address=stack.otlp, key=stack.key, payloads=payloads)
        load.run()
        acked += load.acked_spans
    stored = stack.wait_stored(acked)
    assert stored == acked, (stored, acked)


def questions(stack: Stack, large: str) -> Iterator[tuple[str, str, dict[str, object]]]:
    """What a page or a script asks."""
    session = stack.get("/api/v1/traces", start="-24h", limit=1)["results"][0]["session_id"]
    for q in [*FILTERS, f'session:"{session}"']:
        yield f"newest 50 traces: {q or 'no filter'}", "/api/v1/traces", {"start": "-24h", "limit": 50, "q": q}
    rows = stack.get("/api/v1/traces", start="-24h", limit=1000)["results"]
    small = min(rows, key=lambda row: abs(row["span_count"] - 20))
    for name, trace_id in ((f"{small['span_count']} spans", small["trace_id"]), ("5,000 spans", large)):
        yield f"a trace of {name}", f"/api/v1/traces/{trace_id}", {}
        yield f"its skeleton, as the waterfall asks, {name}", f"/api/v1/traces/{trace_id}/skeleton", {}
    spans = stack.get(f"/api/v1/traces/{small['trace_id']}")["spans"]
    chat = next(span for span in spans if span["kind"] == "llm")
    yield "one span whole, with messages", f"/api/v1/traces/{small['trace_id']}/spans/{chat['span_id']}", {}
    yield "one session", f"/api/v1/sessions/{quote(session, safe='')}", {"start": "-24h"}
    for text in ("refund", '"the order"', "nowheretobefound"):
        yield f"newest 50 traces: text:{text}", "/api/v1/traces", {"start": "-24h", "limit": 50, "q": f"text:{text}"}
    for path in ("agents", "models", "sessions", "latency", "ingest"):
        yield f"/{path} over 24 h", f"/api/v1/{path}", {"start": "-24h"}
    yield "/agents over 1 h", "/api/v1/agents", {"start": "-3h", "end": "-2h"}
    yield f"/latency by {quote('tool')} over 24 h", "/api/v1/latency", {"start": "-24h", "group_by": "tool"}


def ask(stack: Stack, path: str, query: dict[str, object]) -> float:
    """Milliseconds from asking to the answer, read as JSON."""
    begun = time.perf_counter()
    stack.get(path, **query)
    return (time.perf_counter() - begun) * 1e3


if __name__ == "__main__":
    main()
