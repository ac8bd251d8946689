"""Other people's servers: one that takes webhooks like Slack's, one that takes mail."""

from __future__ import annotations

import json
import socketserver
from collections import deque
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


class Slack(ThreadingHTTPServer):
    """Keeps what is posted to it; answers 200 or what was planned."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Webhook)
        self.posted: list[dict[str, Any]] = []
        self.plan: deque[tuple[int, dict[str, str]]] = deque()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/services/T0/B0/x"


class _Webhook(BaseHTTPRequestHandler):
    server: Slack

    def do_POST(self) -> None:
        self.server.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        status, headers = self.server.plan.popleft() if self.server.plan else (200, {})
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"ok" if status == 200 else b"no_service")

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""


class Post(socketserver.ThreadingTCPServer):
    """A mail server: keeps (recipients, text) of each mail; answers RCPT as planned."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.mails: list[tuple[list[str], str]] = []
        self.plan: deque[bytes] = deque()


class _Session(socketserver.StreamRequestHandler):
    server: Post

    def handle(self) -> None:
        self._say(b"220 post")
        recipients: list[str] = []
        while line := self.rfile.readline():
            match line.split(b" ")[0].strip().upper():
                case b"RCPT":
                    recipients.append(line.decode().partition("<")[2].partition(">")[0])
                    self._say(self.server.plan.popleft() if self.server.plan else b"250 ok")
                case b"DATA":
                    self._say(b"354 go on")
                    self.server.mails.append((recipients, self._text()))
                    self._say(b"250 taken")
                case b"QUIT":
                    self._say(b"221 bye")
                    return
                case _:
                    self._say(b"250 ok")

    def _text(self) -> str:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line)
        return b"".join(lines).decode()

    def _say(self, line: bytes) -> None:
        self.wfile.write(line + b"\r\n")


@contextmanager
def serving[S: socketserver.BaseServer](server: S) -> Iterator[S]:
    """Let it serve until the end of the block."""
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
