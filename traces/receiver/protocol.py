"""uvicorn's HTTP protocol with what it lacks: a deadline and a size for headers, a number of connections."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from traces.receiver.answers import Encoding, refusal_body
from traces.receiver.refusal import Code, Refusal, unavailable

if TYPE_CHECKING:
    from traces.receiver.limits import ReceiverLimits

PHRASES = {
    400: b"Bad Request",
    408: b"Request Timeout",
    431: b"Request Header Fields Too Large",
    503: b"Service Unavailable",
}
ENOUGH_CONNECTIONS = "too many connections"


class BoundedProtocol(HttpToolsProtocol):
    """One connection.

    connected ──first byte by then──▶ headers ──complete by then──▶ body (the app's deadlines)
        ▲                                                              │
        └────────────── answered; idle for the keep-alive time ────────┘
    """

    limits: ReceiverLimits
    _deadline: asyncio.TimerHandle | None = None
    _in_headers = True
    _header_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        if len(self.connections) > self.limits.connections:
            self._refuse_connection(503, unavailable(ENOUGH_CONNECTIONS))
            return
        self._start_deadline()

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        super().data_received(data)
        if not self._in_headers or self.transport.is_closing():
            return
        self._header_bytes += len(data)
        if self._header_bytes > self.limits.header_bytes:
            self._refuse_connection(431, _protocol_error("the headers are too large"))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_headers = True
        self._header_bytes = 0
        self._start_deadline()

    def on_headers_complete(self) -> None:
        self._in_headers = False
        self._stop_deadline()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_deadline()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        self._stop_deadline()
        self._refuse_connection(400, _protocol_error(msg))

    def _start_deadline(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.limits.header_s, self._too_slow)

    def _stop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self._refuse_connection(408, _protocol_error("the request headers arrived too slowly"))

    def _refuse_connection(self, status: int, refusal: Refusal) -> None:
        body = refusal_body(refusal, Encoding.JSON)  # nothing is known of the request's own encoding
        head = b"HTTP/1.1 %d %s\r\ncontent-type: application/json\r\nconnection: close\r\n" % (status, PHRASES[status])
        retry = b"retry-after: %d\r\n" % refusal.retry_after_s if refusal.retry_after_s else b""
        self.transport.write(b"%s%scontent-length: %d\r\n\r\n%s" % (head, retry, len(body), body))
        self.transport.close()


def bounded_protocol(given: ReceiverLimits) -> type[BoundedProtocol]:
    """The protocol with these limits, as the class that uvicorn asks for."""

    class Bounded(BoundedProtocol):
        limits = given

    return Bounded


def _protocol_error(message: str) -> Refusal:
    return Refusal(400, Code.INVALID_ARGUMENT, message)
