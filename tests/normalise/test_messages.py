"""Messages of every form end in one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from tests.normalise.otlp import json_values, normalised, raw
from traces.dialects.conversation import message, messages_of, part
from traces.messages import conversation
from traces.values import Value

ASK: list[Value] = [{"role": "user", "parts": [{"type": "text", "content": "Where is my order?"}]}]
ANSWER: list[Value] = [
    {"role": "assistant", "parts": [{"type": "text", "content": "On its way."}], "finish_reason": "stop"}
]
ASKED = [{"role": "user", "parts": [{"type": "text", "text": "Where is my order?"}]}]
ANSWERED = [{"role": "assistant", "parts": [{"type": "text", "text": "On its way."}], "finish_reason": "stop"}]
DETAILS = "gen_ai.client.inference.operation.details"


@pytest.mark.parametrize(
    ("attributes", "events"),
    [
        ({"gen_ai.input.messages": json.dumps(ASK), "gen_ai.output.messages": json.dumps(ANSWER)}, []),
        ({"gen_ai.input.messages": ASK, "gen_ai.output.messages": ANSWER}, []),
        (
            {},
            [(DETAILS, {"gen_ai.input.messages": ASK}), (DETAILS, {"gen_ai.output.messages": json.dumps(ANSWER)})],
        ),
        (
            {},
            [
                ("gen_ai.user.message", {"content": "Where is my order?"}),
                ("gen_ai.choice", {"message": '{"role":"assistant","content":"On its way."}', "finish_reason": "stop"}),
            ],
        ),
        (
            {},
            [
                ("event", {"event.name": "gen_ai.user.message", "content": "Where is my order?"}),
                ("event", {"event_name": "gen_ai.choice", "content": "On its way.", "finish_reason": "stop"}),
            ],
        ),
        (
            {},
            [
                (
                    "gen_ai.content.prompt",
                    {"gen_ai.prompt": json.dumps([{"role": "user", "content": "Where is my order?"}])},
                ),
                ("gen_ai.content.completion", {"gen_ai.completion": json.dumps(ANSWER)}),
            ],
        ),
        (
            {
                "gen_ai.prompt": "Where is my order?",
                "gen_ai.completion": json.dumps(
                    {"role": "assistant", "content": "On its way.", "finish_reason": "stop"}
                ),
            },
            [],
        ),
    ],
    ids=["json", "structures", "details events", "message events", "named in attributes", "content events", "old"],
)
def test_every_version_of_the_conventions_reads_alike(attributes: dict[str, Any], events: list[Any]) -> None:
    """Attributes as JSON or structures, one event or several, one event a message."""
    found = conversation(raw(attributes, events=events))

    assert (found.input, found.output) == (ASKED, ANSWERED)


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ({"type": "text", "content": "a"}, {"type": "text", "text": "a"}),
        ({"type": "text", "text": "a"}, {"type": "text", "text": "a"}),
        ({"content": "a"}, {"type": "text", "text": "a"}),
        ("a", {"type": "text", "text": "a"}),
        ({"type": "reasoning", "content": "hm"}, {"type": "reasoning", "text": "hm"}),
        ({"type": "thinking", "thinking": "hm"}, {"type": "reasoning", "text": "hm"}),
        (
            {"type": "tool_call", "id": "1", "name": "f", "arguments": {"a": 1}},
            {"type": "tool_call", "id": "1", "name": "f", "arguments": {"a": 1}},
        ),
        (
            {"type": "function", "id": "1", "function": {"name": "f", "arguments": '{"a": 1}'}},
            {"type": "tool_call", "id": "1", "name": "f", "arguments": {"a": 1}},
        ),
        (
            {"type": "tool_use", "id": "1", "name": "f", "input": {"a": 1}},
            {"type": "tool_call", "id": "1", "name": "f", "arguments": {"a": 1}},
        ),
        (
            {"type": "tool_call_response", "id": "1", "response": "[1]"},
            {"type": "tool_result", "id": "1", "result": [1]},
        ),
        ({"type": "tool_call_response", "id": "1", "result": 0}, {"type": "tool_result", "id": "1", "result": 0}),
        (
            {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "AA=="},
            {"type": "image", "data": "AA==", "mime_type": "image/png"},
        ),
        (
            {"type": "blob", "mime_type": "image/png", "data": "AA=="},
            {"type": "image", "data": "AA==", "mime_type": "image/png"},
        ),
        ({"type": "uri", "modality": "video", "uri": "https://v"}, {"type": "file", "url": "https://v"}),
        ({"type": "image_url", "image_url": {"url": "https://i"}}, {"type": "image", "url": "https://i"}),
        ({"type": "file", "file_id": "f1"}, {"type": "file", "file_id": "f1"}),
        ({"type": "interrupt_response", "x": 1}, {"type": "raw", "value": {"type": "interrupt_response", "x": 1}}),
        (5, {"type": "raw", "value": 5}),
    ],
)
def test_parts_of_every_shape_are_read(sent: Any, read: dict[str, Any]) -> None:
    """OpenTelemetry's, OpenAI's and Anthropic's; the unknown stays as it came."""
    assert part(sent) == read


def test_one_message_that_makes_no_sense_stays_raw_beside_the_others() -> None:
    """The payload is never dropped."""
    found = messages_of([*ASK, 5, {"odd": True}], "user")

    assert found[0] == ASKED[0]
    assert [one["parts"] for one in found[1:]] == [
        [{"type": "raw", "value": 5}],
        [{"type": "raw", "value": {"odd": True}}],
    ]
    assert messages_of("[{oops", "user") == [{"role": "user", "parts": [{"type": "raw", "value": "[{oops"}]}]


def test_tool_calls_beside_content_or_parts_are_joined() -> None:
    """OpenAI's shape and LiteLLM's."""
    call: Value = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}

    beside_content = message({"role": "assistant", "content": None, "tool_calls": [call]}, "user")
    beside_parts = message(
        {"role": "assistant", "parts": [{"type": "text", "content": "a"}], "tool_calls": [call]}, "user"
    )
    answer = message({"role": "tool", "tool_call_id": "1", "content": "done"}, "user")

    assert beside_content["parts"] == [{"type": "tool_call", "id": "1", "name": "f", "arguments": {}}]
    assert beside_parts["parts"] == [{"type": "text", "text": "a"}, *beside_content["parts"]]
    assert answer == {"role": "tool", "parts": [{"type": "tool_result", "id": "1", "result": "done"}]}


def test_system_instructions_stand_apart() -> None:
    """As parts."""
    found = conversation(raw({"gen_ai.system_instructions": '[{"type": "text", "content": "Be kind."}]'}))

    assert found.system == [{"type": "text", "text": "Be kind."}]


def test_tools_and_retrievals_have_messages_too() -> None:
    """Arguments and query go in, result and documents come out."""
    tool = conversation(
        raw({"gen_ai.tool.name": "f", "gen_ai.tool.call.arguments": '{"a": 1}', "gen_ai.tool.call.result": "done"})
    )
    retrieval = conversation(raw({"gen_ai.retrieval.query.text": "q", "gen_ai.retrieval.documents": '[{"id": "d"}]'}))

    assert tool.input[0]["parts"] == [{"type": "tool_call", "name": "f", "arguments": {"a": 1}}]
    assert tool.output[0]["parts"] == [{"type": "tool_result", "name": "f", "result": "done"}]
    assert retrieval.input == [{"role": "user", "parts": [{"type": "text", "text": "q"}]}]
    assert retrieval.output[0]["parts"] == [{"type": "tool_result", "result": [{"id": "d"}]}]


def test_roots_and_agents_have_previews() -> None:
    """Of the last question and the last answer, on one line; other spans have none."""
    content = {
        "gen_ai.input.messages": json.dumps([*ASK, *ANSWER, {"role": "user", "content": "And\n now?\0" + "x" * 300}]),
        "gen_ai.output.messages": json.dumps(ANSWER),
    }

    root = normalised(content, parent=b"")
    agent = normalised({"gen_ai.operation.name": "invoke_agent", **content})

    assert root.input_preview == agent.input_preview
    assert root.input_preview is not None
    assert root.input_preview.startswith("And now?\ufffdxxx")
    assert len(root.input_preview) == 200
    assert root.output_preview == "On its way."
    assert normalised({"gen_ai.operation.name": "chat", **content}).input_preview is None
    own = normalised({"ecoa.input": "a question", "ecoa.output": {"answer": 1}}, parent=b"")
    assert own.input_preview == "a question"


@given(json_values)
def test_no_value_breaks_the_readers(value: Any) -> None:
    """Whatever stands where messages should."""
    around: Value = [{"role": "user", "parts": value, "content": value, "tool_calls": value}]
    for shape in (value, json.dumps(value), around):
        for one in messages_of(shape, "user"):
            assert isinstance(one["parts"], list)
    assert part({"type": "tool_call", "function": value, "arguments": value})["type"] == "tool_call"
    assert part({"type": "image", "image_url": value, "source": value})["type"] in ("image", "raw")
