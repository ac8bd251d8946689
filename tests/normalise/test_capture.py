"""What a real client's traffic shows: the stock OpenTelemetry SDK over HTTP, an order desk of three agents."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

from traces import decode, messages, wire
from traces.ids import span_hex
from traces.normalise import normalise
from traces.span import MODEL_KINDS, Kind, Span, Status
from traces.tree import Node, analyse

FOLDER = Path(__file__).parent / "captures" / "otel_http"
EXPECTED: dict[str, Any] = json.loads((FOLDER / "expected.json").read_text())


@cache
def sent() -> tuple[decode.RawSpan, ...]:
    bodies = [gzip.decompress(path.read_bytes()) for path in sorted(FOLDER.glob("*.pb.gz"))]
    return tuple(span for body in bodies for span in decode.spans(wire.scan(body).body))


@cache
def stored() -> dict[str, Span]:
    return {span_hex(raw.span_id): normalise(raw) for raw in sent()}


def test_every_span_has_its_kind() -> None:
    """A plain request is no agent run."""
    kinds = {span_id: span.kind.name.lower() for span_id, span in stored().items()}

    assert kinds == {span_id: fact["kind"] for span_id, fact in EXPECTED["span_kinds"].items()}


def test_agents_tools_sessions_and_users_are_found() -> None:
    """And none is invented."""
    spans = stored().values()

    assert {span.agent for span in spans} - {None} == set(EXPECTED["agents"])
    assert {span.tool for span in spans} - {None} == set(EXPECTED["tools"])
    assert {span.provider for span in spans} - {None} == set(EXPECTED["providers"])
    assert {span.session for span in spans} - {None} == set(EXPECTED["sessions"])
    assert {span.user for span in spans} - {None} == set(EXPECTED["users"])
    assert {span.pipeline for span in spans} - {None} == {"order-support"}


def test_tokens_of_each_model_add_up() -> None:
    """Over model calls alone: agents repeat their children's."""
    names = {alias: model for model, aliases in EXPECTED["model_aliases"].items() for alias in aliases}
    found: dict[str, list[int]] = {}
    for span in stored().values():
        if span.kind in MODEL_KINDS and span.usage is not None and span.model is not None:
            usage = span.usage
            read, written, reasoning = usage.cache_read or 0, usage.cache_write or 0, usage.reasoning or 0
            total = found.setdefault(names[span.model], [0, 0, 0, 0])
            total[0] += (usage.uncached or 0) + read + written
            total[1] += (usage.output_text or 0) + reasoning
            total[2] += read
            total[3] += reasoning

    assert found == {
        model: [fact["input"], fact["output"], fact["cached"] or 0, fact["reasoning"] or 0]
        for model, fact in EXPECTED["tokens"].items()
    }


def test_errors_have_type_message_and_origin() -> None:
    """Those and no others."""
    found = {span_id: span for span_id, span in stored().items() if span.status is Status.ERROR}
    nodes = [
        Node(
            span.span_id, span.parent_id, span.start_ns, span.end_ns, span.status is Status.ERROR, span.name, span.kind
        )
        for span in stored().values()
    ]
    placed = analyse(nodes)

    assert found.keys() == {error["span_id"] for error in EXPECTED["errors"]}
    for error in EXPECTED["errors"]:
        span = found[error["span_id"]]
        assert span.error_type == error["type"]
        assert error["message_contains"] in (span.error_message or "")
        assert placed[span.span_id].error_origin is error["origin"]


def test_every_text_is_in_some_message() -> None:
    """Nothing of the conversations is lost, and nothing had to stay raw."""
    conversations = [messages.conversation(raw) for raw in sent()]
    text = json.dumps([[one.system, one.input, one.output] for one in conversations], ensure_ascii=False)

    assert [expected for expected in EXPECTED["texts"] if expected not in text] == []
    assert '"raw"' not in text


def test_agents_without_messages_have_no_previews() -> None:
    """This client puts them on model calls alone."""
    assert {span.input_preview for span in stored().values() if span.kind is Kind.AGENT} == {None}
