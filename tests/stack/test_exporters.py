"""The stock OpenTelemetry exporters against the running stack: what they report as sent is there, once, and whole."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Status, StatusCode, format_span_id, format_trace_id

from bench.kills import kill, wait_until
from bench.stack import Stack

pytestmark = [pytest.mark.stack, pytest.mark.slow]  # they use the running stack

type Exporting = Callable[[Stack, float], SpanExporter]


def over_http(compression: Compression) -> Exporting:
    def make(stack: Stack, timeout_s: float) -> SpanExporter:
        headers = {"authorization": f"Bearer {stack.key}"}
        return HttpExporter(f"{stack.otlp}/v1/traces", headers=headers, timeout=timeout_s, compression=compression)

    return make


def over_the_web_port(stack: Stack, timeout_s: float) -> SpanExporter:
    headers = {"authorization": f"Bearer {stack.key}"}
    return HttpExporter(f"{stack.web}/v1/traces", headers=headers, timeout=timeout_s)


def over_grpc(stack: Stack, timeout_s: float) -> SpanExporter:
    headers = {"authorization": f"Bearer {stack.key}"}
    return GrpcExporter(stack.grpc, insecure=True, headers=headers, timeout=timeout_s)


EXPORTERS = {
    "http": over_http(Compression.NoCompression),
    "http-gzip": over_http(Compression.Gzip),
    "web-port": over_the_web_port,
    "grpc": over_grpc,
}
EACH = pytest.mark.parametrize("exporting", EXPORTERS.values(), ids=EXPORTERS)


def order() -> tuple[str, Sequence[ReadableSpan]]:
    """An order's trace as the SDK records it: a root, two agents, one with a model call and a tool that fails."""
    recorded = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource.create({"service.name": "order-desk"}))
    provider.add_span_processor(SimpleSpanProcessor(recorded))
    tracer = provider.get_tracer("order-desk")
    with tracer.start_as_current_span("order") as root:
        for name in ("classifier", "fulfilment"):
            told = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": name}
            with tracer.start_as_current_span(f"invoke_agent {name}", attributes=told):
                told = {"gen_ai.operation.name": "chat", "gen_ai.response.model": "gpt-4o"}
                usage = {"gen_ai.usage.input_tokens": 700, "gen_ai.usage.output_tokens": 30}
                with tracer.start_as_current_span("chat gpt-4o", attributes={**told, **usage}):
                    pass
                told = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "reserve"}
                with tracer.start_as_current_span("execute_tool reserve", attributes=told) as tool:
                    tool.set_status(Status(StatusCode.ERROR, "out of stock"))
    provider.shutdown()
    return format_trace_id(root.get_span_context().trace_id), recorded.get_finished_spans()


@contextmanager
def exporter_of(exporting: Exporting, stack: Stack, *, timeout_s: float = 60) -> Iterator[SpanExporter]:
    exporter = exporting(stack, timeout_s)
    try:
        yield exporter
    finally:
        exporter.shutdown()


def rows(stack: Stack, trace_id: str) -> int:
    """Span rows of a trace, however often its spans were sent."""
    with stack.database() as connection:
        found = connection.execute("SELECT count(*) FROM traces_span WHERE trace_id = %s", [trace_id]).fetchone()
    assert found
    return int(found[0])


def stored_once(stack: Stack, trace_id: str, sent: Sequence[ReadableSpan]) -> bool:
    """Waits for the spans and for everything else that is pending; whether there is one row for each."""
    wait_until(lambda: rows(stack, trace_id) >= len(sent))
    wait_until(lambda: stack.ledger()["pending_batches"] == 0)
    return rows(stack, trace_id) == len(sent)


@EACH
def test_what_an_exporter_sends_is_there_in_its_shape(stack: Stack, exporting: Exporting) -> None:
    """Every span with its parent, kind, agent, tokens and error, under one trace."""
    trace_id, sent = order()

    with exporter_of(exporting, stack) as exporter:
        assert exporter.export(sent) is SpanExportResult.SUCCESS
    wait_until(lambda: rows(stack, trace_id) == len(sent))

    found = stack.get(f"/api/v1/traces/{trace_id}")
    parents = {span["span_id"]: span["parent_span_id"] for span in found["spans"]}
    assert parents == {
        format_span_id(span.context.span_id): span.parent and format_span_id(span.parent.span_id) for span in sent
    }
    assert {span["kind"] for span in found["spans"]} >= {"agent", "llm", "tool"}
    assert {span["agent"] for span in found["spans"] if span["kind"] == "llm"} == {"classifier", "fulfilment"}
    assert (found["name"], found["service"], found["agents"]) == ("order", "order-desk", ["classifier", "fulfilment"])
    assert (found["input_tokens"], found["output_tokens"], found["error_count"]) == (1400, 60, 2)
    assert found["root_missing"] is False


def test_exporters_outlast_a_killed_database(stack: Stack) -> None:
    """PostgreSQL is killed before the exports: the exporters' own retries end in success, each span is there once."""
    orders = [order() for _ in EXPORTERS]
    kill(stack.parts()["postgres"])

    def export(exporting: Exporting, sent: Sequence[ReadableSpan]) -> SpanExportResult:
        with exporter_of(exporting, stack) as exporter:
            return exporter.export(sent)

    with ThreadPoolExecutor() as pool:
        results = list(pool.map(export, EXPORTERS.values(), [sent for _, sent in orders]))

    assert results == [SpanExportResult.SUCCESS] * len(EXPORTERS)
    assert [stored_once(stack, trace_id, sent) for trace_id, sent in orders] == [True] * len(EXPORTERS)


@EACH
def test_a_batch_sent_again_after_silence_is_stored_once(stack: Stack, exporting: Exporting) -> None:
    """PostgreSQL hangs until the exporter has given up; the same spans sent again later are not doubled."""
    trace_id, sent = order()
    frozen = stack.parts()["postgres"]
    for process in frozen:
        process.send_signal(signal.SIGSTOP)
    try:
        with exporter_of(exporting, stack, timeout_s=1) as exporter:
            assert exporter.export(sent) is SpanExportResult.FAILURE
    finally:
        for process in frozen:
            process.send_signal(signal.SIGCONT)

    with exporter_of(exporting, stack) as exporter:
        assert exporter.export(sent) is SpanExportResult.SUCCESS

    assert stored_once(stack, trace_id, sent)
