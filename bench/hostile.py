"""
How much memory the receiver takes while it is treated badly, and whether others are served meanwhile:

    python -m bench.hostile

The malformed set, bodies of 1 GB with and without a length, a gzip bomb of 500 MB, 64 bombs at once; on the OTLP port
and on the web port. Exits 1 when a process took 512 MB or a well-behaved request failed.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import psutil

from bench.load import percentile
from bench.stack import Stack, fresh_stack
from tests.browser.sending import Trace
from tests.platform.running import PROJECT

MB = 1024 * 1024
LIMIT_MB = 512
MALFORMED = PROJECT / "tests" / "receiver" / "malformed"
PIECE = b"\x00" * MB


def main() -> None:
    worst = failed = 0
    with fresh_stack() as stack:
        for part, address in (("receiver", stack.otlp), ("web", stack.web)):
            process = stack.parts()[part][0]
            for what, attack in ATTACKS.items():
                with Probe(stack, address) as probe:
                    said = attack(address, stack.key)
                peak = _peak_mb(process)
                worst, failed = max(worst, peak), failed + probe.failed
                times = f"p95 {percentile(probe.times_ms, 95):.0f} ms, most {max(probe.times_ms):.0f} ms"
                beside = f"beside it {len(probe.times_ms)} requests, {probe.failed} failed, {times}"
                print(f"{part:9} {what:24} answered {said:26} peak {peak:4} MB; {beside}", flush=True)
            assert process.is_running()
    sys.exit(worst >= LIMIT_MB or failed > 0)


class Probe:
    """A well-behaved exporter, for the length of a block."""

    def __init__(self, stack: Stack, address: str) -> None:
        self._trace = Trace(stack=Stack(web=stack.web, otlp=address, grpc="", key=stack.key))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._send, daemon=True)
        self.times_ms: list[float] = []
        self.failed = 0

    def __enter__(self) -> Probe:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        time.sleep(0.5)
        self._stop.set()
        self._thread.join()

    def _send(self) -> None:
        while not self._stop.wait(0.02):
            begun = time.monotonic()
            try:
                self._trace.send("probe")
            except OSError:
                self.failed += 1
            self.times_ms.append((time.monotonic() - begun) * 1e3)


def malformed(address: str, key: str) -> str:
    """The set of malformed requests, three times over."""
    answers: set[int] = set()
    for meta in sorted(MALFORMED.glob("*.meta.json")) * 3:
        told = json.loads(meta.read_text(encoding="utf-8"))
        headers = {**dict(told["headers"]), "Authorization": f"Bearer {key}"}
        body = Path(str(meta).removesuffix(".meta.json")).read_bytes()
        answers.add(_status(Request(address + told["path"], body, headers)))
    return ", ".join(map(str, sorted(answers)))


def with_length(address: str, key: str) -> str:
    """1 GB that says so."""
    return _stream(address, key, b"Content-Length: 1073741824\r\n", (PIECE for _ in range(1024)))


def chunked(address: str, key: str) -> str:
    """1 GB that does not."""
    pieces = (b"%x\r\n%s\r\n" % (len(PIECE), PIECE) for _ in range(1024))
    return _stream(address, key, b"Transfer-Encoding: chunked\r\n", pieces)


def bomb(address: str, key: str) -> str:
    """500 MB in half a megabyte."""
    return str(_status(_gzipped(address, key, _zeros(500))))


def bombs(address: str, key: str) -> str:
    """64 at once, each just under the limit of one body."""
    body = _zeros(60)
    with ThreadPoolExecutor(64) as pool:
        answers = set(pool.map(lambda _: _status(_gzipped(address, key, body)), range(64)))
    return ", ".join(map(str, sorted(answers)))


ATTACKS: dict[str, Callable[[str, str], str]] = {
    "malformed set": malformed,
    "1 GB with a length": with_length,
    "1 GB in chunks": chunked,
    "gzip bomb of 500 MB": bomb,
    "64 gzip bombs of 60 MB": bombs,
}


def _stream(address: str, key: str, framing: bytes, pieces: Iterator[bytes]) -> str:
    """Send pieces until it is answered; status and how much was taken."""
    parts = urlsplit(address)
    sent = 0
    with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=60) as wire:
        head = b"POST /v1/traces HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n" % (
            parts.netloc.encode(),
            key.encode(),
        )
        wire.sendall(head + b"Content-Type: application/x-protobuf\r\n" + framing + b"\r\n")
        with suppress(ConnectionError):
            for piece in pieces:
                wire.sendall(piece)
                sent += len(piece)
        answer = b""
        with suppress(ConnectionError):
            answer = wire.recv(65536)
    return f"{answer[9:12].decode() or 'reset'} after {sent // MB} MB"


def _zeros(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join([*(packer.compress(PIECE) for _ in range(megabytes)), packer.flush()])


def _gzipped(address: str, key: str, body: bytes) -> Request:
    headers = {
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/x-protobuf",
        "Content-Encoding": "gzip",
    }
    return Request(f"{address}/v1/traces", body, headers)


def _status(request: Request) -> int:
    try:
        with urlopen(request, timeout=60) as answer:
            return int(answer.status)
    except HTTPError as refusal:
        return refusal.code


def _peak_mb(process: psutil.Process) -> int:
    """The most that was ever resident; sampled values where the system does not keep it."""
    with suppress(OSError):
        for line in Path(f"/proc/{process.pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) // 1024
    return int(process.memory_info().rss) // MB


if __name__ == "__main__":
    main()
