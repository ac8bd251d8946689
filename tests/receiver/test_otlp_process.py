"""The receiver as a process: told to stop under load, and fed what should fill its memory."""

from __future__ import annotations

import gzip
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path

import grpc
import pytest
import zstandard

from tests.receiver.client import JSON, PROTOBUF, Client, protobuf
from tests.receiver.inbox import Inbox

pytestmark = [
    pytest.mark.django_db,  # the test database; the receiver commits over connections of its own
    pytest.mark.slow,  # a process of its own, and hundreds of megabytes of bombs
]

ROOT = Path(__file__).parents[2]
SERVE = "from ecoa_web.config import read_config; from traces.receiver.server import serve; serve(read_config())"
EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
ALLOWED_MB = 512
MIB = 1024 * 1024


class Process:
    """`serve` in a process of its own."""

    def __init__(self, dsn: str, data_dir: Path) -> None:
        self.port = free_port()
        self.grpc_port = free_port()
        environment = {
            **os.environ,
            "DATABASE_URL": dsn,
            "ECOA_DATA_DIR": str(data_dir),
            "ECOA_OTLP_HTTP_PORT": str(self.port),
            "ECOA_OTLP_GRPC_PORT": str(self.grpc_port),
        }
        self.process = subprocess.Popen([sys.executable, "-c", SERVE], cwd=ROOT, env=environment)

    def wait_until_up(self) -> None:
        """Return once it listens."""
        while self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
            except ConnectionRefusedError:
                continue
            return
        raise AssertionError("the receiver ended")

    def peak_mb(self) -> float:
        """The most memory it ever had resident."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        match = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert match
        return int(match[1]) / 1024


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port


@pytest.fixture
def process(dsn: str, tmp_path: Path) -> Iterator[Process]:
    """A running receiver."""
    started = Process(dsn, tmp_path)
    started.wait_until_up()
    yield started
    started.process.kill()
    started.process.wait()


def test_what_was_acknowledged_before_the_stop_is_stored(process: Process, key: str, inbox: Inbox) -> None:
    """SIGTERM under load: the process answers what is under way and ends by itself, with 0."""
    acknowledged: list[str] = []
    enough = threading.Event()

    def send(sender: int) -> None:
        with Client(process.port, {"Authorization": f"Bearer {key}"}) as client:
            for number in range(10_000):
                name = f"{sender}-{number}"
                try:
                    if client.send(protobuf(name)).status == 200:
                        acknowledged.append(name)
                except (OSError, HTTPException):
                    return
                if len(acknowledged) > 200:
                    enough.set()

    senders = [threading.Thread(target=send, args=(sender,)) for sender in range(8)]
    for sender in senders:
        sender.start()
    enough.wait(20)
    process.process.send_signal(signal.SIGTERM)
    code = process.process.wait(20)
    for sender in senders:
        sender.join()

    assert code == 0
    assert len(acknowledged) > 200
    assert set(acknowledged) <= set(inbox.names())


def bombs() -> list[tuple[bytes, str, str]]:
    """Small bodies that want to be large: (body, content type, content encoding)."""
    zeros = bytes(63 * MIB)
    empty_spans = b"\x12\x00" * (8 * MIB)
    scope = b"\x12" + varint(len(empty_spans)) + empty_spans
    envelope = b"\x0a" + varint(len(scope)) + scope
    attributes = b"\x4a\x00" * (8 * MIB)
    span = b"\x12" + varint(len(attributes)) + attributes
    one_span = b"\x12" + varint(len(span)) + span
    return [
        (gzip.compress(zeros, 1), PROTOBUF, "gzip"),
        (gzip.compress(bytes(500 * MIB), 1), PROTOBUF, "gzip"),
        (zstandard.ZstdCompressor().compress(zeros), PROTOBUF, "zstd"),
        (gzip.compress(envelope, 1), PROTOBUF, "gzip"),
        (gzip.compress(b"\x0a" + varint(len(one_span)) + one_span, 1), PROTOBUF, "gzip"),
        (gzip.compress(b"[" + b"{}," * (16 * MIB) + b"{}]", 1), JSON, "gzip"),
        (gzip.compress(b'["' + b'ab","' * (12 * MIB) + b'"]', 1), JSON, "gzip"),
        (gzip.compress(b"[" * (32 * MIB), 1), JSON, "gzip"),
        (gzip.compress(b'{"a":"\\ud800' + "😀".encode() * (6 * MIB) + b'"}', 1), JSON, "gzip"),
    ]


def varint(number: int) -> bytes:
    """Protobuf's base-128 number."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def test_hostile_requests_do_not_fill_the_memory(process: Process, key: str, inbox: Inbox) -> None:
    """Bombs of every kind, eight at a time, are refused within 512 MB; a request among them is served."""
    hostile = bombs()
    statuses: list[int] = []

    def attack() -> None:
        with Client(process.port, {"Authorization": f"Bearer {key}"}) as client:
            for body, content_type, encoding in hostile:
                statuses.append(client.send(body, content_type, headers={"Content-Encoding": encoding}).status)

    attackers = [threading.Thread(target=attack) for _ in range(8)]
    for attacker in attackers:
        attacker.start()
    with Client(process.port, {"Authorization": f"Bearer {key}"}) as client:
        healthy = client.send(protobuf("healthy"))
    for attacker in attackers:
        attacker.join()

    assert healthy.status == 200
    assert set(statuses) <= {200, 400, 413, 503}
    assert inbox.names() == ["healthy"]
    assert process.peak_mb() < ALLOWED_MB


def test_huge_grpc_messages_do_not_fill_the_memory(process: Process, key: str) -> None:
    """Twelve of 60 MB at once, which are no OTLP: each is refused as that, within 512 MB."""
    codes: list[grpc.StatusCode] = []

    def attack() -> None:
        with grpc.insecure_channel(f"127.0.0.1:{process.grpc_port}") as channel:
            export = channel.unary_unary(EXPORT, bytes, bytes)
            with pytest.raises(grpc.RpcError) as caught:
                export(bytes(60 * MIB), metadata=(("x-api-key", key),), timeout=60)
            codes.append(caught.value.code())

    attackers = [threading.Thread(target=attack) for _ in range(12)]
    for attacker in attackers:
        attacker.start()
    for attacker in attackers:
        attacker.join()

    assert set(codes) <= {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.UNAVAILABLE}
    assert process.peak_mb() < ALLOWED_MB
