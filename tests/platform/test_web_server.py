"""The web port refuses what is too large or too slow as soon as it knows, and ends what it began before it stops."""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing

import orjson
import pytest
from google.rpc.status_pb2 import Status

from ecoa_web.config import read_config
from ecoa_web.web_limits import web_limits
from tests.platform.running import PATIENCE_S, PROJECT, free_ports

SERVER = """
import asyncio, dataclasses, sys
from ecoa_web.config import read_config
from ecoa_web.web_server import WebServer

async def application(scope, receive, send):
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        await asyncio.sleep(3600)
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    if scope["path"] == "/slow":
        print("busy", flush=True)
        await asyncio.sleep(0.5)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})

server = WebServer(application, dataclasses.replace(read_config(), port=int(sys.argv[1]), max_body_bytes=4_000_000))
server.limits = dataclasses.replace(server.limits, head_s=1.0, body_grace_s=3.0, all_bodies=6_000_000)
print("ready", flush=True)
server.run()
"""


@pytest.fixture
def server() -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The server in a process of its own (Twisted's reactor runs once), with an application that counts bytes."""
    (port,) = free_ports(1)
    command = [sys.executable, "-c", SERVER, str(port)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        while not listens(port):
            assert process.poll() is None
        yield process, port
        if process.poll() is None:
            process.terminate()


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S).close()
    except ConnectionRefusedError:
        return False
    return True


def post(port: int, path: str, body: object, **headers: str) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)) as connection:
        connection.request("POST", path, body=body, headers=headers, encode_chunked="Transfer-Encoding" in headers)  # type: ignore[arg-type]
        response = connection.getresponse()
        return response.status, response.read()


@pytest.mark.stack
def test_bodies_have_a_limit_by_path(server: tuple[subprocess.Popen[str], int]) -> None:
    """OTLP takes what ECOA_MAX_BODY_BYTES allows, every other path 2.5 MB; a refusal speaks the path's language."""
    _, port = server
    body = bytes(3_000_000)

    assert post(port, "/v1/traces", body) == (200, b"3000000")
    status, answer = post(port, "/accounts/login/", body)
    assert (status, orjson.loads(answer)["error"]["code"]) == (413, "too_large")
    status, answer = post(port, "/v1/traces", bytes(5_000_000), **{"Content-Type": "application/x-protobuf"})
    assert (status, Status.FromString(answer).code) == (413, 8)


@pytest.mark.stack
def test_a_body_of_unknown_length_is_counted(server: tuple[subprocess.Popen[str], int]) -> None:
    """Chunked, it is refused when it has grown too large, and the client gets to read why."""
    _, port = server
    pieces = (bytes(100_000) for _ in range(60))

    status, answer = post(
        port, "/v1/traces", pieces, **{"Transfer-Encoding": "chunked", "Content-Type": "application/json"}
    )

    assert status == 413
    assert "4000000 bytes" in orjson.loads(answer)["message"]
    assert post(port, "/v1/traces", b"still here") == (200, b"10")


@pytest.mark.stack
def test_all_bodies_together_have_a_budget(server: tuple[subprocess.Popen[str], int]) -> None:
    """Past it a request is asked to come back; when the others have gone, it is taken."""
    _, port = server
    head = b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port)) as one, socket.create_connection(("127.0.0.1", port)) as two:
        for unfinished in (one, two):
            unfinished.sendall(head + bytes(2_950_000))

        deadline = time.monotonic() + 2.5  # then the server gives up on the two
        while (status := post(port, "/v1/traces", bytes(200_000))[0]) == 200 and time.monotonic() < deadline:
            pass  # until the server has read what the two have sent
        assert status == 503
        for unfinished in (one, two):
            unfinished.sendall(bytes(50_000))
            assert unfinished.recv(100).startswith(b"HTTP/1.1 200")

    assert post(port, "/v1/traces", bytes(3_000_000))[0] == 200


@pytest.mark.stack
@pytest.mark.slow
def test_a_trickling_head_is_cut_off(server: tuple[subprocess.Popen[str], int]) -> None:
    """Headers that do not come to an end hold no connection."""
    _, port = server
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Never: en")

        assert ended(slow)


@pytest.mark.stack
@pytest.mark.slow
def test_a_trickling_body_is_refused(server: tuple[subprocess.Popen[str], int]) -> None:
    """A body below the least rate gets 408."""
    _, port = server
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as slow:
        slow.sendall(b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nxx")

        assert slow.recv(100).startswith(b"HTTP/1.1 408")


@pytest.mark.stack
@pytest.mark.slow
def test_a_running_request_ends_before_the_server_does(server: tuple[subprocess.Popen[str], int]) -> None:
    """SIGTERM: what is being answered is answered, new connections are not taken, and the process ends by itself."""
    process, port = server
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as busy:
        busy.sendall(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert process.stdout
        assert process.stdout.readline() == "busy\n"

        process.send_signal(signal.SIGTERM)

        assert busy.recv(100).startswith(b"HTTP/1.1 200")
    assert process.wait(timeout=PATIENCE_S) == 0


@pytest.mark.stack
def test_an_address_that_is_too_long_is_answered(server: tuple[subprocess.Popen[str], int]) -> None:
    """A filter can grow that long; its sender learns what was wrong."""
    _, port = server

    assert post(port, f"/api/v1/traces?q={'x' * 20_000}", b"")[0] == 431
    assert post(port, "/v1/traces", b"still here") == (200, b"10")


@pytest.mark.stack
def test_a_flooded_websocket_is_closed(server: tuple[subprocess.Popen[str], int]) -> None:
    """Messages that wait for their consumer are few: what a client sends cannot fill the memory."""
    _, port = server
    message = b"\x82\xfe\x03\xe8" + bytes(4) + bytes(1000)  # binary, of 1,000 bytes, under an empty mask
    with closing(websocket(port)) as page:
        page.sendall(message * 65)

        assert page.recv(4) == b"\x88\x02" + (4429).to_bytes(2)


@pytest.mark.stack
def test_an_open_websocket_does_not_keep_the_server_from_stopping(server: tuple[subprocess.Popen[str], int]) -> None:
    """SIGTERM: pages are told that the server comes back, and the process ends by itself."""
    process, port = server
    with closing(websocket(port)) as page:
        process.send_signal(signal.SIGTERM)

        assert page.recv(4) == b"\x88\x02" + (4012).to_bytes(2)
    assert process.wait(timeout=PATIENCE_S) == 0


def test_the_web_port_has_the_receivers_limits() -> None:
    """One setting rules both ports."""
    config = read_config()

    assert web_limits(config).body_bytes(b"/v1/traces") == config.max_body_bytes
    assert web_limits(config).body_bytes(b"/api/v1/traces") == 2_560_000


def websocket(port: int) -> socket.socket:
    """An open WebSocket, to be spoken in frames."""
    page = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
    upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    page.sendall(f"GET /ws HTTP/1.1\r\nHost: localhost\r\n{upgrade}{key}\r\n".encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += page.recv(1)
    assert head.startswith(b"HTTP/1.1 101")
    return page


def ended(connection: socket.socket) -> bool:
    """Wait for the other side to close."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True
