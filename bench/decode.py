"""What a span costs on its way from bytes to its normalised form, in microseconds of CPU, in one process.

    python bench/decode.py DIR [--requests 200] [--runs 5]

DIR holds payloads.bin as bench/corpus.py writes it. Each figure is the least of the runs: other work on the machine
only adds.
"""

from __future__ import annotations

import argparse
import base64
import struct
import sys
import time
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

import orjson
from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

sys.path.insert(0, str(Path(__file__).parent.parent))

from traces import decode, otlp_json, wire
from traces.normalise import normalise
from traces.tree import Node, analyse, critical_times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    bodies = payloads(args.folder, args.requests)
    json_bodies = [as_json(body) for body in bodies]
    spans = [span for body in bodies for span in decode.spans(body)]
    nodes = [Node(span.span_id, span.parent_id, span.start_ns, span.end_ns) for span in spans]
    grouped = groupby(zip(spans, nodes, strict=True), key=lambda pair: pair[0].trace_id)
    traces = [[node for _, node in pairs] for _, pairs in grouped]
    steps: dict[str, Callable[[], object]] = {
        "check (receiver, protobuf)": lambda: [wire.scan(body) for body in bodies],
        "convert (receiver, JSON)": lambda: [otlp_json.to_protobuf(body) for body in json_bodies],
        "the same by json_format.Parse": lambda: [parse_json(body) for body in json_bodies],
        "decode": lambda: [len(list(decode.spans(body))) for body in bodies],
        "decode and normalise": lambda: [len(list(map(normalise, decode.spans(body)))) for body in bodies],
        "critical path": lambda: [critical_times(trace) for trace in traces],
        "place in the tree": lambda: [analyse(trace) for trace in traces],
    }
    print(f"{len(spans)} spans, {sum(map(len, bodies)) / len(spans):.0f} bytes each, {len(traces)} traces")
    for name, step in steps.items():
        print(f"{name:32} {least(step, args.runs) / len(spans) * 1e6:7.2f} us a span")


def payloads(folder: Path, limit: int) -> list[bytes]:
    """The first request bodies of a corpus."""
    found: list[bytes] = []
    with (folder / "payloads.bin").open("rb") as file:
        while len(found) < limit and (head := file.read(8)):
            found.append(file.read(struct.unpack("<II", head)[0]))
    return found


def least(step: Callable[[], object], runs: int) -> float:
    """CPU seconds of the fastest run."""
    times = []
    for _ in range(runs):
        begun = time.process_time()
        step()
        times.append(time.process_time() - begun)
    return min(times)


def as_json(body: bytes) -> bytes:
    """A request in OTLP's JSON. Its ids are hex."""
    message = ExportTraceServiceRequest.FromString(body)
    return orjson.dumps(hexed(json_format.MessageToDict(message, use_integers_for_enums=True)))


def hexed(value: Any) -> Any:
    if isinstance(value, list):
        return [hexed(item) for item in value]
    if isinstance(value, dict):
        ids = ("traceId", "spanId", "parentSpanId")
        return {k: base64.b64decode(v).hex() if k in ids else hexed(v) for k, v in value.items()}
    return value


def parse_json(body: bytes) -> object:
    """What protobuf's own parser takes for it; it reads the ids as base64, which costs the same."""
    return json_format.Parse(body, ExportTraceServiceRequest())


if __name__ == "__main__":
    main()
