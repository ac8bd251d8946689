"""OTLP over gRPC: the same answers as over HTTP, in gRPC's words."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Iterator
from dataclasses import replace

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from psycopg.conninfo import make_conninfo

from ecoa_web.config import Config
from tests.receiver.client import protobuf, request_of
from tests.receiver.conftest import AddKey, running
from tests.receiver.inbox import Inbox
from traces.receiver.server import Receiver

pytestmark = pytest.mark.django_db  # the test database; the receiver commits over connections of its own

TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
LOGS = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
METRICS = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"


class Channel:
    """A client channel with a key."""

    def __init__(self, port: int, key: str | None) -> None:
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self._metadata = (("authorization", f"Bearer {key}"),) if key else ()

    def send(self, body: bytes, method: str = TRACES, compression: grpc.Compression | None = None) -> bytes:
        """One call; raises grpc.RpcError."""
        call = self._channel.unary_unary(method, bytes, bytes)
        answer: bytes = call(body, metadata=self._metadata, timeout=20, compression=compression)
        return answer

    def refused(self, body: bytes, method: str = TRACES, compression: grpc.Compression | None = None) -> grpc.Call:
        """One call that must fail; its error."""
        with pytest.raises(grpc.RpcError) as caught:
            self.send(body, method, compression)
        error = caught.value
        assert isinstance(error, grpc.Call)
        return error

    def close(self) -> None:
        self._channel.close()


@pytest.fixture
def channel(receiver: Receiver, key: str) -> Iterator[Channel]:
    """A channel that may send."""
    made = Channel(receiver.grpc_port, key)
    yield made
    made.close()


@pytest.mark.parametrize("compression", [None, grpc.Compression.Gzip, grpc.Compression.Deflate])
def test_spans_are_stored_before_an_empty_answer(
    channel: Channel, inbox: Inbox, compression: grpc.Compression | None
) -> None:
    """With and without compression."""
    assert channel.send(protobuf("chat"), compression=compression) == b""
    assert inbox.names() == ["chat"]


def test_rejected_spans_are_counted_in_the_answer(channel: Channel, inbox: Inbox) -> None:
    """Partial success, as over HTTP."""
    request = request_of("good", "bad")
    request.resource_spans[0].scope_spans[0].spans[1].span_id = b""

    answer = ExportTraceServiceResponse.FromString(channel.send(request.SerializeToString()))

    assert answer.partial_success.rejected_spans == 1
    assert inbox.names() == ["good"]


def test_logs_and_metrics_are_answered_with_a_count(channel: Channel) -> None:
    """So that SDKs which send all signals to one place do not complain."""
    logs, metrics = ExportLogsServiceRequest(), ExportMetricsServiceRequest()
    logs.resource_logs.add().scope_logs.add().log_records.add()

    answer = ExportLogsServiceResponse.FromString(channel.send(logs.SerializeToString(), LOGS))

    assert answer.partial_success.rejected_log_records == 1
    assert channel.send(metrics.SerializeToString(), METRICS) == b""


def test_an_undecodable_message_is_an_invalid_argument(channel: Channel) -> None:
    """Not to be retried."""
    error = channel.refused(b"\xff\xff\xff")

    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert error.details()


def test_unknown_methods_are_unimplemented(channel: Channel) -> None:
    """As gRPC has it."""
    assert channel.refused(b"", "/opentelemetry.Nothing/Export").code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("key", [None, "wrong"])
def test_without_a_valid_key_a_call_is_unauthenticated(receiver: Receiver, inbox: Inbox, key: str | None) -> None:
    """Nothing is stored."""
    channel = Channel(receiver.grpc_port, key)

    assert channel.refused(protobuf("chat")).code() is grpc.StatusCode.UNAUTHENTICATED
    assert inbox.names() == []
    channel.close()


def test_a_key_without_the_scope_is_denied(receiver: Receiver, add_key: AddKey) -> None:
    """A reading key must not write."""
    channel = Channel(receiver.grpc_port, add_key("read"))

    assert channel.refused(protobuf("chat")).code() is grpc.StatusCode.PERMISSION_DENIED
    channel.close()


def test_over_the_limit_is_exhausted_and_not_to_be_retried(config: Config, key: str, inbox: Inbox) -> None:
    """As sent and after decompression; without RetryInfo."""
    with running(replace(config, max_body_bytes=100_000)) as small:
        channel = Channel(small.grpc_port, key)
        errors = [
            channel.refused(bytes(100_001)),
            channel.refused(bytes(50_000_000), compression=grpc.Compression.Gzip),
        ]
        channel.send(protobuf("after"))
        channel.close()

    assert [error.code() for error in errors] == [grpc.StatusCode.RESOURCE_EXHAUSTED] * 2
    assert not any("retryinfo" in name for error in errors for name, _ in error.trailing_metadata() or ())
    assert inbox.names() == ["after"]


def test_a_hundred_calls_share_a_channel(channel: Channel, inbox: Inbox) -> None:
    """None is lost, none is stored twice."""
    bodies = [protobuf(f"span {number}") for number in range(100)]

    with concurrent.futures.ThreadPoolExecutor(100) as threads:
        answers = list(threads.map(channel.send, bodies))

    assert set(answers) == {b""}
    assert sorted(inbox.names()) == sorted(f"span {number}" for number in range(100))


def test_a_refusal_says_twice_when_to_come_back(config: Config, dsn: str, key: str) -> None:
    """RetryInfo stands in the status details and in the trailer that the Python exporter reads."""
    nowhere = make_conninfo(dsn, port=1, host="127.0.0.1")
    with running(replace(config, database_url=nowhere)) as cut_off:
        channel = Channel(cut_off.grpc_port, key)
        error = channel.refused(protobuf("chat"))
        channel.close()

    trailers = dict(error.trailing_metadata() or ())
    status = Status.FromString(trailers["grpc-status-details-bin"])
    info = RetryInfo()
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert status.details[0].Unpack(info)
    assert info.retry_delay.seconds == RetryInfo.FromString(trailers["google.rpc.retryinfo-bin"]).retry_delay.seconds
    assert 0 < info.retry_delay.seconds <= 3
