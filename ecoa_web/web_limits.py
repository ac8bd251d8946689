"""What the web server takes on before it says no, and how it says no: OTLP paths in OTLP's way, others in the API's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from traces.receiver.answers import Encoding, refusal_body
from traces.receiver.limits import receiver_limits
from traces.receiver.refusal import Refusal, too_large, too_slow, unavailable

if TYPE_CHECKING:
    from ecoa_web.config import Config

KB = 1024
OTLP_PREFIXES = (b"/v1/", b"/api/public/otel/")
REASONS = {408: "Request Timeout", 413: "Content Too Large", 503: "Service Unavailable"}
CODES = {408: "too_slow", 413: "too_large", 503: "unavailable"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An answer to a request that is not read to its end."""

    status: int
    content_type: bytes
    body: bytes
    retry_after_s: int | None

    def response(self) -> bytes:
        """The bytes on the wire; the connection closes after them."""
        head = [
            f"HTTP/1.1 {self.status} {REASONS[self.status]}".encode(),
            b"Content-Type: " + self.content_type,
            b"Content-Length: %d" % len(self.body),
            b"Connection: close",
        ]
        if self.retry_after_s is not None:
            head.append(b"Retry-After: %d" % self.retry_after_s)
        return b"\r\n".join(head) + b"\r\n\r\n" + self.body


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bytes and seconds."""

    otlp_body_bytes: int
    other_body_bytes: int = 2500 * KB  # forms and the API's own requests
    all_bodies: int  # of all requests together that are not answered yet
    head_s: float = 10.0
    body_grace_s: float = 10.0  # before a body's pace is looked at
    body_rate: int = 4 * KB  # bytes a second
    body_s: float = 120.0

    def body_bytes(self, path: bytes) -> int:
        """How large a body this path takes."""
        return self.otlp_body_bytes if path.startswith(OTLP_PREFIXES) else self.other_body_bytes

    def too_large(self, path: bytes, content_type: bytes) -> Refused:
        limit = self.body_bytes(path)
        return _refused(too_large(f"the request body is over the limit of {limit} bytes"), path, content_type)

    def too_much(self, path: bytes, content_type: bytes) -> Refused:
        return _refused(unavailable("too many request bodies are under way"), path, content_type)

    def too_slow(self, path: bytes, content_type: bytes) -> Refused:
        return _refused(too_slow(), path, content_type)

    def stopping(self, path: bytes, content_type: bytes) -> Refused:
        return _refused(unavailable("the server is stopping"), path, content_type)


def web_limits(config: Config) -> Limits:
    """The receiver's limits, on the web port."""
    limits = receiver_limits(config)
    return Limits(
        otlp_body_bytes=limits.body_bytes,
        all_bodies=limits.in_flight_bytes,
        body_grace_s=limits.body_grace_s,
        body_rate=limits.body_rate,
        body_s=limits.body_s,
        head_s=limits.header_s,
    )


def _refused(refusal: Refusal, path: bytes, content_type: bytes) -> Refused:
    if path.startswith(OTLP_PREFIXES):
        encoding = Encoding.JSON if b"json" in content_type.lower() else Encoding.PROTOBUF
        kind, body = encoding.value, refusal_body(refusal, encoding)
    else:
        error = {"code": CODES[refusal.status], "message": refusal.message, "field": None}
        kind, body = b"application/json", orjson.dumps({"error": error})
    return Refused(status=refusal.status, content_type=kind, body=body, retry_after_s=refusal.retry_after_s)
