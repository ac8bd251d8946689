"""OTLP over HTTP: a plain ASGI callable, the same on the receiver's own port and on the web port.

headers ─▶ path, method, host ─▶ key ─▶ room? ─▶ body ─▶ check ─▶ commit ─▶ 200
                                             (each step may refuse; a refusal is a google.rpc.Status)
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from ecoa_web.config import Config
from traces.inbox.batch import Signal
from traces.receiver.answers import Encoding, accepted_body, refusal_body
from traces.receiver.body import BodyReader, Disconnected, Receive, content_length
from traces.receiver.budget import Share
from traces.receiver.check import Arrived
from traces.receiver.cors import Cors, Headers
from traces.receiver.hosts import Hosts
from traces.receiver.intake import Intake
from traces.receiver.limits import ReceiverLimits
from traces.receiver.refusal import (
    Refusal,
    bad_request,
    internal,
    method_not_allowed,
    not_found,
    too_slow,
    unsupported,
)

log = logging.getLogger(__name__)

type Scope = MutableMapping[str, Any]  # ASGI's own shapes
type Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PATHS = {
    "/v1/traces": Signal.TRACES,
    "/v1/logs": Signal.LOGS,
    "/v1/metrics": Signal.METRICS,
    "/api/public/otel/v1/traces": Signal.TRACES,  # where Langfuse's clients send
}
ENCODINGS = {
    b"application/x-protobuf": Encoding.PROTOBUF,
    b"application/protobuf": Encoding.PROTOBUF,
    b"application/json": Encoding.JSON,
}
SHORT_BODY = 1024 * 1024


def is_receiver_path(path: str) -> bool:
    """Whether a path of the web port belongs to the receiver."""
    return _signal(path) is not None


class Request:
    """The headers of a request: names in lower case; of a repeated one the first counts."""

    def __init__(self, scope: Scope) -> None:
        headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
        self.headers: dict[bytes, bytes] = {}
        self.repeated: set[bytes] = set()
        for name, value in headers:
            if name in self.headers:
                self.repeated.add(name)
            else:
                self.headers[name] = value
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.http_version: str = scope["http_version"]
        content_type = self.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        self.encoding = ENCODINGS.get(content_type)

    @property
    def content_encoding(self) -> str:
        encoding = self.headers.get(b"content-encoding", b"").decode("latin-1").strip().lower()
        return "" if encoding == "identity" else encoding

    def announces_at_most(self, size: int) -> bool:
        """Whether the headers promise a body of no more than that, or none."""
        length = self.headers.get(b"content-length", b"" if b"transfer-encoding" in self.headers else b"0")
        return length.isdigit() and len(length) < 18 and int(length) <= size


class ReceiverApp:
    """The ASGI callable. Threads and connections start with the first request, on the event loop it arrives on."""

    def __init__(self, config: Config, *, limits: ReceiverLimits | None = None) -> None:
        self._config = config
        self._limits = limits
        self._hosts = Hosts(config)
        self._cors = Cors(config.cors_origins)
        self._intake: tuple[asyncio.AbstractEventLoop, Intake] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise ValueError(f"the receiver speaks HTTP, not {scope['type']}")
        request = Request(scope)
        reader = BodyReader(receive, self.intake.limits)
        try:
            preflight = self._cors.preflight(request.headers) if request.method == "OPTIONS" else None
            if preflight is not None:
                await _send(send, 204, preflight, None, b"")
                return
            body = await self._accepted(request, reader)
        except Disconnected:
            return
        except Refusal as refusal:
            await self._refuse(request, refusal, reader, send)
        except Exception:
            log.exception("receiver_failed", extra={"path": request.path})
            await self._refuse(request, internal(), reader, send)
        else:
            await _send(send, 200, self._cors.response(request.headers), request.encoding, body)

    @property
    def intake(self) -> Intake:
        """The intake of the running event loop."""
        loop = asyncio.get_running_loop()
        if self._intake is None or self._intake[0] is not loop:
            self._intake = (loop, Intake(self._config, limits=self._limits))
        return self._intake[1]

    async def close(self) -> None:
        """Commit what was submitted and let go of everything."""
        if self._intake is not None:
            await self._intake[1].close()
            self._intake = None

    async def _accepted(self, request: Request, reader: BodyReader) -> bytes:
        """The body of a 200; raises a refusal otherwise."""
        signal = self._signal_of(request)
        key = await self.intake.admit(request.headers)
        encoding = request.encoding
        if encoding is None:
            raise unsupported("send application/x-protobuf or application/json as the content type")
        with Share(self.intake.budget) as share:
            body = await reader.read(share, length=content_length(request.headers.get(b"content-length")))
            arrived = Arrived(signal=signal, encoding=encoding, content_encoding=request.content_encoding, body=body)
            del body  # `arrived` alone holds it
            accepted = await self.intake.take(arrived, key, share)
        return accepted_body(accepted, encoding)

    def _signal_of(self, request: Request) -> Signal:
        host = request.headers.get(b"host")
        if b"host" in request.repeated or (host is None and request.http_version != "1.0"):
            raise bad_request("one Host header is needed")
        if host is not None and not self._hosts.allows(host):
            raise bad_request("this host name is not answered here; set ECOA_BASE_URL to the address in use")
        signal = _signal(request.path)
        if signal is None:
            raise not_found()
        if request.method != "POST":
            raise method_not_allowed()
        return signal

    async def _refuse(self, request: Request, refusal: Refusal, reader: BodyReader, send: Send) -> None:
        """Answer, and keep the connection where the rest of the body is short. Else answer at once, read on for a
        moment and close: closing on a client that is still sending would cost it the answer."""
        encoding = request.encoding or Encoding.JSON
        headers = [*refusal.headers, *self._cors.response(request.headers)]
        if refusal.retry_after_s is not None:
            headers.append((b"retry-after", b"%d" % refusal.retry_after_s))
        may_drain = refusal.status != too_slow().status
        if may_drain and request.announces_at_most(SHORT_BODY):
            await reader.drain()
        body = refusal_body(refusal, encoding)
        if reader.finished:
            await _send(send, refusal.status, headers, encoding, body)
            return
        headers.append((b"connection", b"close"))
        await _send(send, refusal.status, headers, encoding, body, more=True)
        if may_drain:
            await reader.drain()
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _signal(path: str) -> Signal | None:
    return PATHS.get(path) or PATHS.get(path.removesuffix("/"))


async def _send(
    send: Send,
    status: int,
    headers: Headers | list[tuple[bytes, bytes]],
    encoding: Encoding | None,
    body: bytes,
    *,
    more: bool = False,
) -> None:
    own = [] if encoding is None else [(b"content-type", encoding.value), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": [*own, *headers]})
    await send({"type": "http.response.body", "body": body, "more_body": more})
