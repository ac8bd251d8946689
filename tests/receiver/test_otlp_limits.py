"""Clients that are slow, many or too large together; workers that are behind; a disk that is full."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ecoa_web.config import Config
from tests.receiver.client import Client, protobuf
from tests.receiver.conftest import running
from tests.receiver.inbox import Inbox
from traces.inbox.commit import Committer
from traces.inbox.ids import new_batch_id
from traces.receiver.limits import receiver_limits
from traces.receiver.pressure import Pressure
from traces.receiver.refusal import Refusal
from traces.receiver.server import Receiver

pytestmark = pytest.mark.django_db  # the test database; the receiver commits over connections of its own


@pytest.fixture(scope="module")
def impatient(config: Config) -> Iterator[Receiver]:
    """A receiver with short deadlines, few connections and little room."""
    limits = replace(
        receiver_limits(replace(config, max_body_bytes=1_000_000)),
        in_flight_bytes=1_500_000,
        header_s=0.3,
        body_grace_s=0.3,
        body_s=1.0,
        connections=20,
    )
    with running(config, limits) as started:
        yield started


def head(key: str, length: int) -> bytes:
    """A request's head."""
    return (
        b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\n"
        b"Authorization: Bearer %s\r\nContent-Length: %d\r\n\r\n" % (key.encode(), length)
    )


def trickle(port: int, first: bytes, drop: bytes) -> bytes:
    """Send the first bytes, then one drop after the other for as long as the server listens; what it says."""
    with socket.create_connection(("127.0.0.1", port), timeout=0.05) as sock:
        sock.sendall(first)
        received = b""
        while True:
            try:
                sock.sendall(drop)
                piece = sock.recv(65536)
            except TimeoutError:
                continue
            except OSError:
                return received
            if not piece:
                return received
            received += piece


@pytest.mark.parametrize(("first", "drop"), [(b"P", b"O"), (b"POST /v1/traces HTTP/1.1\r\n", b"x: y\r\n"), (b"", b"")])
def test_headers_have_a_deadline(impatient: Receiver, first: bytes, drop: bytes) -> None:
    """Whether the line, the headers or nothing at all trickles in, the connection ends."""
    received = trickle(impatient.http_port, first, drop)

    assert received.startswith((b"HTTP/1.1 408", b"HTTP/1.1 400"))


def test_bodies_have_a_deadline(impatient: Receiver, key: str) -> None:
    """One byte now and then is answered with 408, and the connection ends."""
    received = trickle(impatient.http_port, head(key, 100_000), b"x")

    assert received.startswith(b"HTTP/1.1 408")


def test_headers_have_a_size(impatient: Receiver) -> None:
    """Endless headers are cut off."""
    received = trickle(impatient.http_port, b"POST /v1/traces HTTP/1.1\r\nx: ", b"y" * 10_000)

    assert received.startswith((b"HTTP/1.1 431", b"HTTP/1.1 408"))


def test_slow_clients_do_not_hold_up_others(impatient: Receiver, key: str, inbox: Inbox) -> None:
    """With trickling connections all around, a request is served."""
    slow = [socket.create_connection(("127.0.0.1", impatient.http_port)) for _ in range(10)]
    for sock in slow:
        sock.sendall(head(key, 100_000)[:50])

    with Client(impatient.http_port, {"Authorization": f"Bearer {key}"}) as client:
        answer = client.send(protobuf("chat"))
    for sock in slow:
        sock.close()

    assert answer.status == 200
    assert inbox.names() == ["chat"]


def test_connections_over_the_limit_are_503(impatient: Receiver) -> None:
    """They are told to come back."""
    held = [socket.create_connection(("127.0.0.1", impatient.http_port), timeout=5) for _ in range(21)]

    said = held[-1].recv(65536)
    for sock in held:
        sock.close()

    assert said.startswith(b"HTTP/1.1 503")
    assert b"retry-after: 2" in said


def test_large_requests_at_once_share_a_budget(impatient: Receiver, key: str) -> None:
    """What does not fit beside the others is 503 with Retry-After, never a 500; afterwards there is room again."""
    bomb = gzip.compress(bytes(900_000))
    answers: list[tuple[int, str | None]] = []

    def send() -> None:
        with Client(impatient.http_port, {"Authorization": f"Bearer {key}"}) as client:
            answer = client.send(bomb, headers={"Content-Encoding": "gzip"})
            answers.append((answer.status, answer.headers.get("retry-after")))

    senders = [threading.Thread(target=send) for _ in range(12)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    with Client(impatient.http_port, {"Authorization": f"Bearer {key}"}) as client:
        after = client.send(bomb, headers={"Content-Encoding": "gzip"})

    assert {status for status, _ in answers} <= {400, 503}
    assert all(retry == "2" for status, retry in answers if status == 503)
    assert after.status == 400


def test_far_behind_workers_mean_429(config: Config, key: str, inbox: Inbox) -> None:
    """Above the backlog limit requests are refused; once the workers have caught up they are taken again."""
    with (
        running(replace(config, max_pending_spans=1_000)) as throttling,
        Client(throttling.http_port, {"Authorization": f"Bearer {key}"}) as client,
    ):
        inbox.database.execute(
            "INSERT INTO traces_inbox_queue (batch_id, day, project_id, spans, due_at)"
            " VALUES (%s, '2026-01-01', 1, 5000, now())",
            [new_batch_id()],
        )
        answer = client.send(protobuf("chat"))
        while answer.status == 200:
            answer = client.send(protobuf("chat"))
        inbox.database.execute("DELETE FROM traces_inbox_queue")
        after = client.send(protobuf("chat"))
        while after.status == 429:
            after = client.send(protobuf("chat"))

    assert (answer.status, answer.headers["retry-after"]) == (429, "2")
    assert answer.message
    assert after.status == 200


def test_a_nearly_full_disk_means_503(config: Config, dsn: str, tmp_path: Path) -> None:
    """Spans are refused, to be sent again, before the disk is full."""
    limits = receiver_limits(replace(config, min_free_disk_mb=2**40))

    with pytest.raises(Refusal) as caught:
        Pressure(Committer(dsn), limits, tmp_path).admit()

    assert (caught.value.status, caught.value.retry_after_s) == (503, 2)
