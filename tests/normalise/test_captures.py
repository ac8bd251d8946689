"""What real clients' traffic shows: every fact that their captures state, and nothing invented."""

from __future__ import annotations

from typing import Any

import pytest

from tests.normalise.traffic import NAMES, Capture, capture
from traces import messages
from traces.settle import USAGE_COUNTED, Decided
from traces.span import Kind, Span, Status

FIELDS = ("input", "output", "cached", "reasoning")


@pytest.fixture(params=NAMES)
def client(request: pytest.FixtureRequest) -> Capture:
    return capture(request.param)


def test_every_span_has_its_kind(client: Capture) -> None:
    """A step and another span are interchangeable."""
    wrong = []
    for span_id, fact in client.expected["span_kinds"].items():
        kind = client.spans[span_id].span.kind.name.lower()
        right = {fact["kind"], *fact["also_ok"]}
        if kind not in right and not ({"chain", "other"} & right and kind in ("chain", "other")):
            wrong.append((fact["name"], kind, sorted(right)))

    assert wrong == []


def test_agents_are_found_and_none_is_invented(client: Capture) -> None:
    """Their own names and those inherited."""
    agents = {one.agent for one in client.spans.values()} - {None}

    assert set(client.expected["agents"]) <= agents
    assert agents <= {*client.expected["agents"], *client.expected["agents_tolerated"]}


def test_tools_providers_sessions_and_users_are_found(client: Capture) -> None:
    """In each trace those that it has."""
    spans = [one.span for one in client.spans.values()]

    assert set(client.expected["tools"]) <= {span.tool for span in spans}
    assert {name.lower() for name in client.expected["providers"]} <= {span.provider for span in spans}
    for trace in client.expected["traces_detail"]:
        mine = [span for span in spans if span.trace_id == trace["trace_id"]]
        assert len(mine) == trace["spans"]
        assert set(trace["sessions"]) <= {span.session for span in mine}
        assert set(trace["users"]) <= {span.user for span in mine}
        roots = [span.name for span in mine if span.parent_id is None]
        assert roots == ([] if trace["root_missing"] else [trace["root"]])


def test_errors_have_their_type_and_message(client: Capture) -> None:
    """Those and no others."""
    found = {span_id: one.span for span_id, one in client.spans.items() if one.span.status is Status.ERROR}

    assert found.keys() == {error["span_id"] for error in client.expected["errors"]}
    for error in client.expected["errors"]:
        span = found[error["span_id"]]
        assert error["type"] is None or span.error_type == error["type"]
        assert _normal(error["message_contains"])[:60] in _normal(f"{span.error_type}: {span.error_message}")


def test_tokens_of_each_model_are_counted_once(client: Capture) -> None:
    """Over the calls that count; what no span says is no number."""
    found: dict[str, dict[str, int]] = {}
    for one in client.spans.values():
        if one.flags & USAGE_COUNTED:
            total = found.setdefault(
                _model(client, one.span), dict.fromkeys(("input", "output", "cached", "reasoning"), 0)
            )
            for field, count in _tokens(one.span).items():
                total[field] += count

    for model, fact in client.expected["tokens"].items():
        for field in FIELDS:
            if fact[field] is not None:
                assert (model, field, found.get(model, {}).get(field, 0)) == (model, field, fact[field])
    for field in ("input", "output"):
        assert sum(total[field] for total in found.values()) == client.expected["tokens_total"][field]


def test_second_spans_of_a_call_do_not_count(client: Capture) -> None:
    """Whether they stand below the first or beside it."""
    for twin in client.expected["duplicate_llm_spans"]:
        counted = [bool(client.spans[twin[key]].flags & USAGE_COUNTED) for key in ("span_id", "of")]
        assert sorted(counted) == [False, True]


def test_every_text_is_in_some_message(client: Capture) -> None:
    """Or in a name or an error."""
    held = [_searchable(client, span_id, one) for span_id, one in client.spans.items()]
    lost = [text for text in client.expected["texts"] if not any(text in whole for whole in held)]

    assert lost == []


def test_messages_of_model_calls_are_understood(client: Capture) -> None:
    """None of them had to stay raw."""
    raw = []
    for span_id, one in client.spans.items():
        if one.span.kind is Kind.LLM:
            found = messages.conversation(client.raw[span_id])
            parts = [*found.system, *_parts(found.input), *_parts(found.output)]
            raw += [part for part in parts if part["type"] == "raw"]

    assert raw == []


def _searchable(client: Capture, span_id: str, one: Decided) -> str:
    found = messages.conversation(client.raw[span_id])
    texts = [text for part in [*found.system, *_parts(found.input), *_parts(found.output)] for text in _texts(part)]
    return "\n".join([one.span.name, one.span.error_message or "", *texts])


def _parts(listed: list[Any]) -> list[Any]:
    return [part for message in listed for part in message["parts"]]


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in inner for text in _texts(one)]


def _model(client: Capture, span: Span) -> str:
    aliases = {alias: name for name, more in client.expected["model_aliases"].items() for alias in (name, *more)}
    return aliases.get(span.model or "") or aliases.get(span.request_model or "") or str(span.model)


def _tokens(span: Span) -> dict[str, int]:
    usage = span.usage
    if usage is None:
        return {}
    return {
        "input": (usage.uncached or 0) + (usage.cache_read or 0) + (usage.cache_write or 0),
        "output": (usage.output_text or 0) + (usage.reasoning or 0),
        "cached": usage.cache_read or 0,
        "reasoning": usage.reasoning or 0,
    }


def _normal(text: str) -> str:
    return " ".join(text.split())
