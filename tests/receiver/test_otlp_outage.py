"""The database goes away and comes back: nothing is dropped, nothing is stored twice."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from ecoa_web.config import Config
from tests.receiver.client import Client, protobuf
from tests.receiver.conftest import running
from tests.receiver.inbox import Inbox
from tests.receiver.proxy import CuttableDatabase
from traces.receiver.server import Receiver
from traces.span import Outcome

pytestmark = pytest.mark.django_db  # the test database; the receiver commits over connections of its own


@pytest.fixture
def database(dsn: str) -> Iterator[CuttableDatabase]:
    """A database that can be cut."""
    made = CuttableDatabase(dsn)
    yield made
    made.close()


@pytest.fixture
def shaky(config: Config, database: CuttableDatabase) -> Iterator[Receiver]:
    """A receiver whose database can be cut."""
    with running(replace(config, database_url=database.dsn)) as started:
        yield started


def test_while_the_database_is_away_the_answer_is_503_and_then_200(
    shaky: Receiver, database: CuttableDatabase, key: str, inbox: Inbox
) -> None:
    """Retryable, soon, with a Status; the same body is stored once when the database is back."""
    body = protobuf("chat")
    with Client(shaky.http_port, {"Authorization": f"Bearer {key}"}) as client:
        before = client.send(protobuf("before"))
        database.cut()
        during = [client.send(body) for _ in range(5)]
        database.mend()
        after = client.send(body)
        while after.status == 503:
            after = client.send(body)

    assert before.status == 200
    assert {answer.status for answer in during} == {503}
    assert all(0 < int(answer.headers["retry-after"]) <= 3 and answer.message for answer in during)
    assert after.status == 200
    assert inbox.names() == ["before", "chat"]


def test_an_unknown_key_is_503_not_401_while_the_database_is_away(shaky: Receiver, database: CuttableDatabase) -> None:
    """A 401 would make the client drop its spans."""
    database.cut()

    with Client(shaky.http_port, {"Authorization": "Bearer never-seen"}) as client:
        assert client.send(protobuf("chat")).status == 503


def finished_spans(count: int) -> list[ReadableSpan]:
    """Spans as the SDK makes them."""
    memory = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    tracer = provider.get_tracer("shop")
    for number in range(count):
        tracer.start_span(f"span {number}").end()
    provider.shutdown()
    return list(memory.get_finished_spans())


@pytest.mark.parametrize("transport", ["http", "grpc"])
def test_a_real_exporter_delivers_once_across_an_outage(
    shaky: Receiver, database: CuttableDatabase, key: str, inbox: Inbox, transport: str
) -> None:
    """The Python exporter is refused, comes back after Retry-After, and its batch is stored once."""
    spans = finished_spans(100)
    exporter: SpanExporter
    if transport == "http":
        endpoint = f"http://127.0.0.1:{shaky.http_port}/v1/traces"
        exporter = HttpExporter(endpoint=endpoint, headers={"authorization": f"Bearer {key}"})
    else:
        exporter = GrpcExporter(
            endpoint=f"127.0.0.1:{shaky.grpc_port}", insecure=True, headers={"authorization": f"Bearer {key}"}
        )
    assert exporter.export(spans[:1]) is SpanExportResult.SUCCESS
    database.cut()
    mender = threading.Timer(0.5, database.mend)
    mender.start()

    result = exporter.export(spans[1:])
    exporter.shutdown()
    mender.join()

    assert result is SpanExportResult.SUCCESS
    assert sorted(inbox.names()) == sorted(span.name for span in spans)
    assert inbox.ledger() == {(Outcome.RECEIVED, ""): 100}
