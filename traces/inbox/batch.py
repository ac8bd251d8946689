"""A request body that is ready to be stored, and how the inbox keeps it."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum

import zstandard

ZSTD_LEVEL = 2  # 373 bytes a span; level 1 takes 390, level 3 takes 361 for a fifth more CPU
DIGEST_BYTES = 16

_thread = threading.local()


class Signal(IntEnum):
    """What a body carries, as the inbox numbers it."""

    TRACES = 1
    LOGS = 2
    METRICS = 3  # answered, never stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One checked body: only valid spans, compressed, with the count of what was left out by reason."""

    project_id: int
    key_id: int
    signal: Signal
    digest: bytes
    body: bytes
    spans: int
    rejected: Mapping[str, int] = field(default_factory=dict)
    repeat: bool = False  # known to be stored already; comes without its body, for the ledger

    def repeated(self, key_id: int) -> Batch:
        """The same body sent again, perhaps with another key."""
        return replace(self, key_id=key_id, body=b"", repeat=True)


def body_digest(project_id: int, signal: Signal, body: bytes | bytearray) -> bytes:
    """By what a re-sent body is recognised: 128 bits of SHA-256, which costs half of BLAKE2b where the CPU has it."""
    digest = hashlib.sha256(b"%d %d " % (project_id, signal))
    digest.update(body)
    return digest.digest()[:DIGEST_BYTES]


def compressed(body: bytes | bytearray) -> bytes:
    """The body as the inbox stores it."""
    compressor = getattr(_thread, "compressor", None)  # one a thread: it must not be shared
    if compressor is None:
        compressor = _thread.compressor = zstandard.ZstdCompressor(level=ZSTD_LEVEL)
    stored: bytes = compressor.compress(body)
    return stored


def inflated(stored: bytes) -> bytes:
    """The body of a stored batch."""
    decompressor = getattr(_thread, "decompressor", None)
    if decompressor is None:
        decompressor = _thread.decompressor = zstandard.ZstdDecompressor()
    body: bytes = decompressor.decompress(stored)
    return body
