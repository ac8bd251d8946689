"""Captured traffic of real clients on its way to the inbox, whole or in pieces."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from traces import otlp_json, wire
from traces.inbox.batch import Signal
from traces.logs.scan import logs_of_json, scan_logs

FOLDER = Path(__file__).parents[1] / "normalise" / "captures"
NAMES = sorted(path.name for path in FOLDER.iterdir())
CHECKS = {"traces": (wire.scan, otlp_json.to_protobuf), "logs": (scan_logs, logs_of_json)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A request, as the receiver stores it."""

    signal: Signal
    body: bytes
    items: int  # spans or log records


def expected(name: str) -> dict[str, Any]:
    """What is right of a capture."""
    facts: dict[str, Any] = json.loads((FOLDER / name / "expected.json").read_text())
    return facts


def requests(name: str) -> list[Piece]:
    """The stored requests of a capture in the order in which they came."""
    found = []
    for meta_file in sorted((FOLDER / name).glob("*.meta.json")):
        meta = json.loads(meta_file.read_text())
        if meta["signal"] not in CHECKS:
            continue
        body = meta_file.with_name(meta_file.name.removesuffix(".meta.json")).read_bytes()
        if meta["gzip"]:
            body = gzip.decompress(body)
        checked = CHECKS[meta["signal"]][meta["encoding"] == "json"](body)
        found.append(Piece(signal=Signal[meta["signal"].upper()], body=checked.body, items=checked.spans))
    return found


def singles(pieces: list[Piece]) -> list[Piece]:
    """Each span and each log record in a request of its own."""
    return [single for piece in pieces for single in _split(piece)]


def _split(piece: Piece) -> list[Piece]:
    found = []
    if piece.signal is Signal.LOGS:
        for resource in ExportLogsServiceRequest.FromString(piece.body).resource_logs:
            for scope in resource.scope_logs:
                for record in scope.log_records:
                    logs = ExportLogsServiceRequest()
                    envelope = logs.resource_logs.add(resource=resource.resource)
                    envelope.scope_logs.add(scope=scope.scope, log_records=[record])
                    found.append(logs.SerializeToString())
    else:
        for sender in ExportTraceServiceRequest.FromString(piece.body).resource_spans:
            for instrumentation in sender.scope_spans:
                for span in instrumentation.spans:
                    traces = ExportTraceServiceRequest()
                    of_sender = traces.resource_spans.add(resource=sender.resource)
                    of_sender.scope_spans.add(scope=instrumentation.scope, spans=[span])
                    found.append(traces.SerializeToString())
    return [Piece(signal=piece.signal, body=body, items=1) for body in found]
