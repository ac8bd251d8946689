"""Captured traffic of real clients, decoded, normalised and settled without a database, beside what is right."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from traces import decode, otlp_json, wire
from traces.decode import RawSpan
from traces.ids import span_hex
from traces.normalise import normalise
from traces.settle import Decided, decide

FOLDER = Path(__file__).parent / "captures"
NAMES = sorted(path.name for path in FOLDER.iterdir())


@dataclass(frozen=True, kw_only=True)
class Capture:
    """One client's traffic."""

    name: str
    expected: dict[str, Any]
    raw: dict[str, RawSpan]
    spans: dict[str, Decided]


@cache
def capture(name: str) -> Capture:
    """The capture of that name, each of its traces decided from all of its spans."""
    return of_folder(FOLDER / name)


def of_folder(folder: Path) -> Capture:
    """The capture in that folder."""
    raw = {span_hex(span.span_id): span for body in bodies(folder) for span in decode.spans(body)}
    traces: dict[str, list[Any]] = {}
    for span in map(normalise, raw.values()):
        traces.setdefault(span.trace_id, []).append(span)
    return Capture(
        name=folder.name,
        expected=json.loads((folder / "expected.json").read_text()),
        raw=raw,
        spans={span_hex(one.span.span_id): one for spans in traces.values() for one in decide(spans).spans},
    )


def bodies(folder: Path) -> list[bytes]:
    """The trace requests of a capture in canonical protobuf, in the order in which they came."""
    found = []
    for meta_file in sorted(folder.glob("*.meta.json")):
        meta = json.loads(meta_file.read_text())
        if meta["signal"] != "traces":
            continue
        body = meta_file.with_name(meta_file.name.removesuffix(".meta.json")).read_bytes()
        if meta["gzip"]:
            body = gzip.decompress(body)
        if meta["encoding"] == "json":
            body = otlp_json.to_protobuf(body).body
        found.append(wire.scan(body).body)
    return found
