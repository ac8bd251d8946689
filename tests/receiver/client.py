"""A small HTTP client that shows what went over the wire, and requests to send with it."""

from __future__ import annotations

import http.client
import json
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

PROTOBUF = "application/x-protobuf"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """A response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def message(self) -> str:
        """The message of its google.rpc.Status."""
        if self.headers["content-type"] == JSON:
            return str(json.loads(self.body)["message"])
        return str(Status.FromString(self.body).message)

    @property
    def rejected(self) -> int:
        """rejected_spans of its partial success."""
        if self.headers["content-type"] == JSON:
            return int(json.loads(self.body).get("partialSuccess", {}).get("rejectedSpans", 0))
        return int(ExportTraceServiceResponse.FromString(self.body).partial_success.rejected_spans)


class Client:
    """One connection to a receiver, kept alive."""

    def __init__(self, port: int, headers: Mapping[str, str]) -> None:
        self.port = port
        self.headers = headers
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)

    def send(
        self,
        body: bytes | str,
        content_type: str | None = PROTOBUF,
        *,
        path: str = "/v1/traces",
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request and read its answer."""
        sent = {**self.headers, **(headers or {})}
        if content_type is not None:
            sent["Content-Type"] = content_type
        self._connection.request(method, path, body.encode() if isinstance(body, str) else body, sent)
        response = self._connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, response.read())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._connection.close()


def raw(port: int, data: bytes, *, until_close: bool = True) -> bytes:
    """Send bytes as they are and read until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
        sock.sendall(data)
        received = b""
        while piece := sock.recv(65536):
            received += piece
            if not until_close:
                break
        return received


def request_of(*names: str, trace_id: bytes | None = None) -> ExportTraceServiceRequest:
    """A request with a span for each name, in one new trace."""
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    attribute = resource.resource.attributes.add(key="service.name")
    attribute.value.string_value = "shop"
    spans = resource.scope_spans.add().spans
    trace = trace_id if trace_id is not None else secrets.token_bytes(16)
    for name in names:
        spans.add(
            trace_id=trace,
            span_id=secrets.token_bytes(8),
            name=name,
            kind=1,
            start_time_unix_nano=1_760_000_000_000_000_001,
            end_time_unix_nano=1_760_000_001_000_000_003,
        )
    return request


def protobuf(*names: str) -> bytes:
    """The same, encoded."""
    return request_of(*names).SerializeToString()


def json_span(name: str, **fields: Any) -> dict[str, Any]:
    """A span as JSON."""
    return {
        "traceId": secrets.token_hex(16),
        "spanId": secrets.token_hex(8),
        "name": name,
        "startTimeUnixNano": "1760000000000000001",
        "endTimeUnixNano": "1760000001000000003",
        **fields,
    }


def json_request(*spans: dict[str, Any]) -> str:
    """A request of such spans."""
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]})
