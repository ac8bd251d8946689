"""
The web process: Daphne in this process, with what it lacks.

Daphne takes bodies of any size at any pace and, told to stop, drops what it is doing. Here a request's head has ten
seconds, its body a limit of bytes and a least rate, all bodies together a budget; a stop first stops accepting, then
lets running requests end.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from typing import TYPE_CHECKING, Any

import daphne.server  # first: it chooses Twisted's reactor
import structlog
from daphne.endpoints import build_endpoint_description_strings
from daphne.http_protocol import WebRequest
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet import defer, reactor
from twisted.internet.endpoints import serverFromString
from twisted.logger import globalLogBeginner
from twisted.web import http

from ecoa_web.web_limits import Limits, Refused, web_limits
from ecoa_web.web_sockets import RESTART, LimitedSocketFactory

if TYPE_CHECKING:
    from ecoa_web.config import Config

log = structlog.get_logger(__name__)

HTTP_TIMEOUT_S = 60
WEBSOCKET_BYTES = 16 * 1024
DRAIN_S = 5.0
TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
LINGER_S = 3.0  # after a refusal the client may go on sending, or it would never read the answer


def serve(config: Config) -> None:
    """Serve until SIGTERM or SIGINT."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecoa_web.settings")
    from django.conf import settings

    from ecoa_web.static_storage import collect_static

    if not config.debug:
        collect_static(settings.STATIC_ROOT)
    from ecoa_web.asgi import application

    WebServer(application, config).run()


class WebServer(daphne.server.Server):  # type: ignore[misc]  # Daphne has no types
    """Daphne's server with limits and a stop that waits."""

    def __init__(self, application: object, config: Config) -> None:
        super().__init__(
            application,
            endpoints=build_endpoint_description_strings(host=config.bind, port=config.port),
            http_timeout=HTTP_TIMEOUT_S,
            websocket_max_message_size=WEBSOCKET_BYTES,
            websocket_max_frame_size=WEBSOCKET_BYTES,
            server_name="",
        )
        self.limits = web_limits(config)
        self.draining = False
        self.body_bytes = 0  # of all requests that are not answered yet
        self.connections: dict[Any, dict[str, Any]] = {}
        self.ports: list[Any] = []

    def run(self) -> None:
        """Listen and serve. A port that is taken ends the process with a message."""
        globalLogBeginner.beginLoggingTo([lambda _: None], redirectStandardIO=False, discardBuffer=True)
        self.http_factory = LimitedFactory(self)
        self.ws_factory = LimitedSocketFactory(self, server="")
        self.ws_factory.setProtocolOptions(
            autoPingTimeout=self.ping_timeout,
            allowNullOrigin=True,
            openHandshakeTimeout=self.websocket_handshake_timeout,
            maxMessagePayloadSize=self.websocket_max_message_size,
            maxFramePayloadSize=self.websocket_max_frame_size,
        )
        loop = reactor._asyncioEventloop
        asyncio.set_event_loop(loop)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.drain)
        for description in self.endpoints:
            listening = serverFromString(reactor, description).listen(self.http_factory)
            listening.addCallbacks(self.ports.append, self._not_listening)
        reactor.callLater(1, self.application_checker)
        reactor.callLater(2, self.timeout_checker)
        reactor.addSystemEventTrigger("before", "shutdown", self.kill_all_applications)
        reactor.run(installSignalHandlers=False)
        if not self.ports:
            raise SystemExit(1)

    def drain(self) -> None:
        """Stop accepting, let running requests end, then stop."""
        if self.draining:
            return
        self.draining = True
        for port in self.ports:
            port.stopListening()
        for protocol in list(self.connections):
            if isinstance(protocol, WebSocketProtocol) and protocol.state == protocol.STATE_OPEN:
                protocol.serverClose(code=RESTART)  # the page reconnects
        self._stop_when_idle(time.monotonic() + DRAIN_S)

    def kill_all_applications(self) -> Any:
        """Cancel what still runs. Daphne's own fails on a connection that has no application yet."""
        running = [task for details in self.connections.values() if (task := details.get("application_instance"))]
        if not running:
            return defer.succeed(None)
        for task in running:
            task.cancel()
        return defer.Deferred.fromFuture(asyncio.gather(*running, return_exceptions=True))

    def _stop_when_idle(self, deadline: float) -> None:
        busy = any(
            (task := details.get("application_instance")) and not task.done()
            for protocol, details in self.connections.items()
            if isinstance(protocol, WebRequest)
        )
        if busy and time.monotonic() < deadline:
            reactor.callLater(0.05, self._stop_when_idle, deadline)
        else:
            self.stop()

    def _not_listening(self, failure: Any) -> None:
        log.error("web_cannot_listen", error=failure.getErrorMessage())
        reactor.callWhenRunning(self.stop)


class LimitedChannel(http.HTTPChannel):  # type: ignore[misc]  # nor has Twisted, here
    """A connection whose next request must have a complete head ten seconds after its first byte."""

    head_timer: Any = None

    def connectionMade(self) -> None:
        super().connectionMade()
        self._expect_head()

    def dataReceived(self, data: bytes) -> None:
        if self.head_timer is None and not self.requests:
            self._expect_head()
        super().dataReceived(data)

    def allHeadersReceived(self) -> None:
        self._head_came()
        super().allHeadersReceived()

    def connectionLost(self, reason: object) -> None:
        self._head_came()
        super().connectionLost(reason)

    def lineLengthExceeded(self, line: bytes) -> None:
        """An address or a header of over 16 KB: say so. Twisted's own closes without a word."""
        self.transport.write(TOO_LONG)
        self.loseConnection()

    def _expect_head(self) -> None:
        self.head_timer = reactor.callLater(self.factory.server.limits.head_s, self._too_late)

    def _head_came(self) -> None:
        if self.head_timer is not None and self.head_timer.active():
            self.head_timer.cancel()
        self.head_timer = None

    def _too_late(self) -> None:
        self.transport.abortConnection()


class LimitedFactory(http.HTTPFactory):  # type: ignore[misc]
    """Makes limited connections with limited requests."""

    def __init__(self, server: WebServer) -> None:
        super().__init__(timeout=60)
        self.server = server

    def buildProtocol(self, addr: object) -> LimitedChannel:
        channel = LimitedChannel()
        channel.requestFactory = LimitedRequest
        channel.factory = self
        channel.timeOut = self.timeOut
        return channel


class LimitedRequest(WebRequest):  # type: ignore[misc]
    """A request that is refused as soon as it is known to be too large or too slow."""

    refused = False
    held = 0  # bytes of ours in the server's budget
    received = 0
    body_timer: Any = None
    body_started = 0.0

    @property
    def limits(self) -> Limits:
        limits: Limits = self.channel.factory.server.limits
        return limits

    def gotLength(self, length: int | None) -> None:
        super().gotLength(length)
        self.body_started = time.monotonic()
        path = self.channel._path
        if self.server.draining:
            self._refuse(self.limits.stopping(path, self._content_type))
        elif length is not None and length > self.limits.body_bytes(path):
            self._refuse(self.limits.too_large(path, self._content_type))
        elif length != 0:
            self.body_timer = reactor.callLater(self.limits.body_grace_s, self._check_pace)

    def handleContentChunk(self, data: bytes) -> None:
        if self.refused:
            return
        path = self.channel._path
        self.received += len(data)
        if self.received > self.limits.body_bytes(path):
            self._refuse(self.limits.too_large(path, self._content_type))
        elif self.server.body_bytes + len(data) > self.limits.all_bodies:
            self._refuse(self.limits.too_much(path, self._content_type))
        else:
            self.held += len(data)
            self.server.body_bytes += len(data)
            super().handleContentChunk(data)

    def process(self) -> Any:
        self._body_came()
        if self.refused:
            self.channel.loseConnection()
            return None
        return super().process()

    def finish(self) -> None:
        self._let_go()
        super().finish()

    def connectionLost(self, reason: object) -> None:
        self._body_came()
        self._let_go()
        super().connectionLost(reason)

    @property
    def _content_type(self) -> bytes:
        value: bytes = (self.requestHeaders.getRawHeaders(b"content-type") or [b""])[0]
        return value

    def _refuse(self, refused: Refused) -> None:
        """Answer now, on the wire: the request has not come in whole, and shall not."""
        self.refused = True
        self._body_came()
        self._let_go()
        self.channel.persistent = False
        # The client stops at the answer, or has until then to.
        self.requestHeaders.removeHeader(b"expect")
        self.channel.transport.write(refused.response())
        reactor.callLater(LINGER_S, self._abort)

    def _abort(self) -> None:
        if self.channel is not None and self.channel.transport is not None:
            self.channel.transport.abortConnection()

    def _check_pace(self) -> None:
        elapsed = time.monotonic() - self.body_started
        if self.received < elapsed * self.limits.body_rate or elapsed > self.limits.body_s:
            self.body_timer = None
            self._refuse(self.limits.too_slow(self.channel._path, self._content_type))
        else:
            self.body_timer = reactor.callLater(self.limits.body_grace_s, self._check_pace)

    def _body_came(self) -> None:
        if self.body_timer is not None and self.body_timer.active():
            self.body_timer.cancel()
        self.body_timer = None

    def _let_go(self) -> None:
        self.server.body_bytes -= self.held
        self.held = 0
