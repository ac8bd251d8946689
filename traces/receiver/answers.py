"""Answers in the encoding of their request: protobuf or JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

import orjson
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from traces.inbox.batch import Signal
from traces.receiver.refusal import Refusal


class Encoding(Enum):
    """How a body is encoded; the value is its content type."""

    PROTOBUF = b"application/x-protobuf"
    JSON = b"application/json"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A request that was taken: how many items of it were not, by reason."""

    signal: Signal
    rejected: Mapping[str, int] = field(default_factory=dict)


REASONS = {
    "invalid_trace_id": "with an invalid trace id (16 bytes, not all zero)",
    "invalid_span_id": "with an invalid span id (8 bytes, not all zero)",
    "malformed_span": "that could not be read",
    "malformed_record": "that could not be read",
    "too_many_elements": "with too many attributes, events or links",
    "not_genai": "that carry no prompts, completions, tokens or cost",
    "metrics_not_stored": "because metrics are not stored",
}
ITEMS = {Signal.TRACES: "spans", Signal.LOGS: "log records", Signal.METRICS: "data points"}
COUNT_FIELD = {Signal.TRACES: "rejectedSpans", Signal.LOGS: "rejectedLogRecords", Signal.METRICS: "rejectedDataPoints"}


def accepted_body(accepted: Accepted, encoding: Encoding) -> bytes:
    """Export…ServiceResponse; partial_success is there only if something was rejected."""
    rejected = sum(accepted.rejected.values())
    if not rejected:
        return b"" if encoding is Encoding.PROTOBUF else b"{}"
    message = rejection_message(accepted)
    if encoding is Encoding.JSON:
        # 64-bit integers are strings in OTLP's JSON.
        partial = {COUNT_FIELD[accepted.signal]: str(rejected), "errorMessage": message}
        return orjson.dumps({"partialSuccess": partial})
    return _partial_success(accepted.signal, rejected, message)


def rejection_message(accepted: Accepted) -> str:
    """What was rejected and why, in a sentence whose length does not grow with the count."""
    parts = [f"{count} {REASONS.get(reason, reason)}" for reason, count in sorted(accepted.rejected.items())]
    return f"{ITEMS[accepted.signal]} rejected: {', '.join(parts)}"


def refusal_body(refusal: Refusal, encoding: Encoding) -> bytes:
    """google.rpc.Status."""
    if encoding is Encoding.JSON:
        return orjson.dumps({"code": int(refusal.code), "message": refusal.message})
    return bytes(Status(code=int(refusal.code), message=refusal.message).SerializeToString())


def retry_trailers(refusal: Refusal) -> tuple[tuple[str, bytes], ...]:
    """gRPC's trailing metadata. RetryInfo goes twice: the Python exporter reads only the second one."""
    status = Status(code=int(refusal.code), message=refusal.message)
    if refusal.retry_after_s is None:
        return (("grpc-status-details-bin", status.SerializeToString()),)
    info = RetryInfo(retry_delay=Duration(seconds=refusal.retry_after_s))
    packed = AnyMessage()
    packed.Pack(info)
    status.details.append(packed)
    return (
        ("grpc-status-details-bin", status.SerializeToString()),
        ("google.rpc.retryinfo-bin", info.SerializeToString()),
    )


def _partial_success(signal: Signal, rejected: int, message: str) -> bytes:
    if signal is Signal.TRACES:
        traces = ExportTraceServiceResponse()
        traces.partial_success.rejected_spans = rejected
        traces.partial_success.error_message = message
        return traces.SerializeToString()
    if signal is Signal.LOGS:
        logs = ExportLogsServiceResponse()
        logs.partial_success.rejected_log_records = rejected
        logs.partial_success.error_message = message
        return logs.SerializeToString()
    metrics = ExportMetricsServiceResponse()
    metrics.partial_success.rejected_data_points = rejected
    metrics.partial_success.error_message = message
    return metrics.SerializeToString()
