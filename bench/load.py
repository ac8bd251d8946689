"""
An exporter's side of OTLP/HTTP: request bodies over keep-alive connections from one asyncio process, as fast as they
are acknowledged or at an offered rate. What an OTLP exporter retries is retried, with its back-off.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bench.corpus.requests import Payload

RETRYABLE = {429, 502, 503, 504}
FIRST_WAIT_S = 0.25
LONGEST_WAIT_S = 5.0
ANSWER_WITHIN_S = 120.0


@dataclass(frozen=True, slots=True)
class Ack:
    """One acknowledged request: when its last attempt was sent and answered (monotonic seconds), and its spans."""

    sent_s: float
    answered_s: float
    spans: int


@dataclass(kw_only=True)
class Load:
    """Sends every payload until it is acknowledged or refused for good."""

    address: str
    key: str
    payloads: Sequence[Payload]
    connections: int = 8
    rate: float = 0.0  # spans a second; 0: as fast as they are acknowledged
    longest_wait_s: float = LONGEST_WAIT_S
    acks: list[Ack] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    refusals: list[str] = field(default_factory=list)
    acked_spans: int = 0
    started_s: float = 0.0
    _next: int = 0
    _due_spans: int = 0

    def run(self) -> None:
        """Send all of it."""
        asyncio.run(self.send())

    async def send(self) -> None:
        """Send all of it, inside a loop."""
        self.started_s = time.monotonic()
        await asyncio.gather(*(self._connection() for _ in range(self.connections)))

    @property
    def acked_in_s(self) -> float:
        """From the first byte to the last acknowledgement."""
        return max(ack.answered_s for ack in self.acks) - self.started_s

    def latency_ms(self, percent: float) -> float:
        """Of an acknowledgement, from the first byte of its request, without waits before retries."""
        return percentile([ack.answered_s - ack.sent_s for ack in self.acks], percent) * 1e3

    async def _connection(self) -> None:
        wire = Wire(self.address)
        try:
            while self._next < len(self.payloads):
                payload = self.payloads[self._next]
                due_spans = self._due_spans
                self._next += 1
                self._due_spans += payload.spans
                if self.rate:
                    await asyncio.sleep(max(0.0, self.started_s + due_spans / self.rate - time.monotonic()))
                await self._until_acknowledged(wire, payload)
        finally:
            wire.close()

    async def _until_acknowledged(self, wire: Wire, payload: Payload) -> None:
        wait_s = FIRST_WAIT_S
        while True:
            sent_s = time.monotonic()
            try:
                status, said = await asyncio.wait_for(wire.post(payload.body, self.key), ANSWER_WITHIN_S)
            except (OSError, asyncio.IncompleteReadError, TimeoutError) as failure:
                wire.close()
                self.answers[type(failure).__name__] += 1
            else:
                self.answers[str(status)] += 1
                if status == 200:
                    self.acks.append(Ack(sent_s, time.monotonic(), payload.spans))
                    self.acked_spans += payload.spans
                    return
                if status not in RETRYABLE:
                    self.refusals.append(f"{status} {said[:200]!r}")
                    return
            await asyncio.sleep(wait_s * random.uniform(0.7, 1.3))
            wait_s = min(wait_s * 2, self.longest_wait_s)


class Wire:
    """One keep-alive connection: enough HTTP for our own receiver, at a tenth of a client library's cost."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        assert parts.hostname
        self._host, self._port = parts.hostname, parts.port or 80
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, body: bytes, key: str) -> tuple[int, bytes]:
        """Status and body of the answer."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        head = (
            f"POST /v1/traces HTTP/1.1\r\nHost: {self._host}:{self._port}\r\nAuthorization: Bearer {key}\r\n"
            f"Content-Type: application/x-protobuf\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.writelines([head.encode(), body])
        await writer.drain()
        return await self._answer(reader)

    def close(self) -> None:
        if self._streams:
            self._streams[1].close()
            self._streams = None

    async def _answer(self, reader: asyncio.StreamReader) -> tuple[int, bytes]:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
        body = await reader.readexactly(int(fields[b"content-length"]))
        if fields.get(b"connection") == b"close":
            self.close()
        return int(head[9:12]), body


def percentile(values: Sequence[float], percent: float) -> float:
    """By nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(percent / 100 * len(ordered)))]
