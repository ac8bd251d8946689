"""Corpora on disk: payloads.bin holds (u32 length, u32 spans, bytes) again and again; expected.json their figures."""

from __future__ import annotations

import json
import struct
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.corpus.expected import Expected
from bench.corpus.requests import HOUR_NS, Payload, fleet

HEAD = struct.Struct("<II")
HOURS = 6.0
MAX_AGE_NS = 20 * HOUR_NS


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """Payloads of some hours, which begin at `base_ns`."""

    payloads: list[Payload]
    expected: dict[str, Any]
    base_ns: int

    @property
    def window_ns(self) -> tuple[int, int]:
        """All of its spans, with room: a trace of its last minutes may go on for an hour."""
        return self.base_ns - HOUR_NS, self.base_ns + int((HOURS + 1) * HOUR_NS)


def corpus(*, spans: int, seed: int = 1, per_request: int = 200) -> Corpus:
    """A corpus of the last hours, from the temporary folder when a fresh one is there."""
    root = Path(tempfile.gettempdir()) / "ecoa-bench"
    folder = root / f"{spans}-{seed}-{per_request}"
    if not _is_fresh(folder):
        write(folder, spans=spans, seed=seed, per_request=per_request, base_ns=recent_base_ns())
    return read(folder)


def recent_base_ns() -> int:
    """The full hour from which a corpus ends about an hour ago."""
    return (time.time_ns() // HOUR_NS - int(HOURS) - 1) * HOUR_NS


def write(folder: Path, *, spans: int, seed: int, per_request: int, base_ns: int) -> None:
    """Generate into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    expected = Expected()
    (folder / "expected.json").unlink(missing_ok=True)
    with (folder / "payloads.bin").open("wb") as file:
        for payload in fleet(
            spans, seed=seed, base_ns=base_ns, expected=expected, hours=HOURS, per_request=per_request
        ):
            file.write(HEAD.pack(len(payload.body), payload.spans) + payload.body)
    figures = {"base_ns": base_ns, **expected.as_dict()}
    (folder / "expected.json").write_text(json.dumps(figures, indent=1), encoding="utf-8")


def read(folder: Path) -> Corpus:
    """What `write` wrote."""
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    return Corpus(payloads=list(_payloads(folder)), expected=expected, base_ns=expected.pop("base_ns"))


def _payloads(folder: Path) -> Iterable[Payload]:
    with (folder / "payloads.bin").open("rb") as file:
        while head := file.read(HEAD.size):
            length, spans = HEAD.unpack(head)
            yield Payload(file.read(length), spans)


def _is_fresh(folder: Path) -> bool:
    try:
        base_ns = int(json.loads((folder / "expected.json").read_text(encoding="utf-8"))["base_ns"])
    except (OSError, ValueError, KeyError):
        return False
    return time.time_ns() - base_ns < MAX_AGE_NS
