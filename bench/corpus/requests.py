"""Export requests: a trace's spans stand together, every request holds exactly as many spans as asked."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from bench.corpus.expected import Expected
from bench.corpus.pipeline import Pipeline, Value, key_value
from bench.corpus.world import AGENTS, SERVICES

HOUR_NS = 3600 * 10**9
SPANS_A_TRACE = 20  # about
SCOPE = InstrumentationScope(name="app.pipeline.instrumentation", version="0.9.1")


class Payload(NamedTuple):
    """The body of one export request."""

    body: bytes
    spans: int


def fleet(
    spans: int, *, seed: int, base_ns: int, expected: Expected, hours: float = 6.0, per_request: int = 200
) -> Iterator[Payload]:
    """Whole traces until there are so many spans, spread over some hours. The same arguments give the same bytes."""
    step_ns = int(hours * HOUR_NS / max(1, spans / SPANS_A_TRACE))
    index = have = 0
    waiting: list[tuple[str, list[Span]]] = []
    while expected.spans < spans:
        pipeline = Pipeline(seed=seed, index=index, start_ns=base_ns + index * step_ns, expected=expected)
        made = pipeline.run()
        index += 1
        while made:
            part, made = made[: per_request - have], made[per_request - have :]
            waiting.append((pipeline.service, part))
            have += len(part)
            if have == per_request:
                yield Payload(_request(waiting), have)
                waiting, have = [], 0
    if have:
        yield Payload(_request(waiting), have)


def large_trace(spans: int, *, seed: int, base_ns: int, per_request: int = 200) -> tuple[str, Iterator[Payload]]:
    """One trace of exactly so many spans: its id, and its requests."""
    pipeline = Pipeline(seed=seed, index=1 << 30, start_ns=base_ns, expected=Expected())
    made = pipeline.run(agents=1, budget=41)
    root = made.pop()
    while len(made) < spans - 1:
        pipeline.agent(root.span_id, pipeline.rng.choice(AGENTS), budget=min(9, max(2, spans - 1 - len(made))))
    del made[spans - 1 :]
    root.end_time_unix_nano = pipeline.now_ns
    made.append(root)
    parts = (made[at : at + per_request] for at in range(0, spans, per_request))
    return pipeline.trace_id.hex(), (Payload(_request([(pipeline.service, part)]), len(part)) for part in parts)


def _request(parts: list[tuple[str, list[Span]]]) -> bytes:
    """Spans of one service go under one resource."""
    by_service: dict[str, list[Span]] = {}
    for service, spans in parts:
        by_service.setdefault(service, []).extend(spans)
    return ExportTraceServiceRequest(
        resource_spans=[
            ResourceSpans(resource=_resource(service), scope_spans=[ScopeSpans(scope=SCOPE, spans=spans)])
            for service, spans in by_service.items()
        ]
    ).SerializeToString()


@cache
def _resource(service: str) -> Resource:
    attributes: dict[str, Value] = {
        "service.name": service,
        "service.version": "1.42.0",
        "service.namespace": "agents",
        "deployment.environment.name": "production",
        "host.name": f"worker-{SERVICES.index(service)}",
        "process.pid": 4242,
        "telemetry.sdk.name": "opentelemetry",
        "telemetry.sdk.language": "python",
        "telemetry.sdk.version": "1.38.0",
    }
    return Resource(attributes=[key_value(key, value) for key, value in attributes.items()])
