"""From an inflated body to a batch: count, check, leave out what is invalid, compress. Blocking, and CPU only."""

from __future__ import annotations

from dataclasses import dataclass

from ecoa_web.accounts.key_cache import KeyInfo
from traces.inbox.batch import Batch, Signal, body_digest, compressed
from traces.inbox.commit import Recent
from traces.logs.scan import logs_of_json, scan_logs
from traces.otlp_json import to_protobuf
from traces.receiver.answers import Encoding
from traces.receiver.budget import Share
from traces.receiver.inflate import inflate
from traces.receiver.refusal import bad_request, too_large
from traces.receiver.unstored import NOT_STORED, data_points
from traces.wire import Checked, Malformed, Rejection, TooMany, scan

JSON_NODE_BYTES = 120  # what an object or list costs once parsed, and each thing a comma parts from the next
JSON_ITEM_BYTES = 60
CHECKS = {Signal.TRACES: (scan, to_protobuf), Signal.LOGS: (scan_logs, logs_of_json)}  # of protobuf and of JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A body as sent, and what its headers say of it."""

    signal: Signal
    encoding: Encoding
    content_encoding: str
    body: bytes


def checked_batch(arrived: Arrived, key: KeyInfo, *, recent: Recent, limit: int, share: Share) -> Batch:
    """The batch of a request; raises the refusal that its sender gets."""
    body = inflate(arrived.body, arrived.content_encoding, limit=limit, share=share)
    digest = body_digest(key.project_id, arrived.signal, body)
    known = recent.get(digest)
    if known is not None:
        return known.repeated(key.id)
    try:
        checked = _checked(arrived, body, share)
    except Malformed as error:
        raise bad_request(str(error)) from None
    except TooMany as error:
        raise too_large(str(error)) from None
    return Batch(
        project_id=key.project_id,
        key_id=key.id,
        signal=arrived.signal,
        digest=digest,
        body=compressed(checked.body) if checked.spans else b"",
        spans=checked.spans,
        rejected={rejection.reason: rejection.count for rejection in checked.rejected},
    )


def _checked(arrived: Arrived, body: bytes, share: Share) -> Checked:
    if arrived.encoding is Encoding.JSON:
        nodes = body.count(b"{") + body.count(b"[")
        share.grow(nodes * JSON_NODE_BYTES + body.count(b",") * JSON_ITEM_BYTES + len(body))
    if arrived.signal is Signal.METRICS:
        items = data_points(arrived.encoding, body)
        return Checked(b"", 0, (Rejection(NOT_STORED, items),) if items else ())
    protobuf, json = CHECKS[arrived.signal]
    return protobuf(body) if arrived.encoding is Encoding.PROTOBUF else json(body)
