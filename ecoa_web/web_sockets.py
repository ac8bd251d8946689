"""Daphne's WebSockets with a bound: what a client sends waits for its consumer in a queue, which else has none."""

from __future__ import annotations

from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol

UNREAD = 64  # messages; a page sends one every twenty seconds
# autobahn lets servers send private codes only.
TOO_MUCH, RESTART = 4429, 4012


class LimitedSocket(WebSocketProtocol):  # type: ignore[misc]  # Daphne has no types
    """A socket that is closed when its client sends faster than its consumer reads."""

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        if self.application_queue.qsize() < UNREAD:
            super().onMessage(payload, isBinary)
        else:
            self.serverClose(code=TOO_MUCH)


class LimitedSocketFactory(WebSocketFactory):  # type: ignore[misc]
    """Makes limited sockets."""

    protocol = LimitedSocket
