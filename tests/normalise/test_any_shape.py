"""No attribute set of any shape makes normalising or reading messages fail, and nothing that results is absurd."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.normalise.otlp import json_values, raw, texts
from traces import messages
from traces.dialects import DIALECTS
from traces.normalise import normalise, normalise_explained
from traces.settle import decide
from traces.span import Kind

KNOWN = sorted(
    {source.key for one in DIALECTS for sources in one.sources.values() for source in sources}
    | {key.rstrip("*") for one in DIALECTS for key in (*one.content, *one.ignored, *one.keys)}
)
SCOPES = sorted({scope.rstrip("*") for one in DIALECTS for scope in one.scopes})
NAMES = sorted({name.pattern.replace("*", "x") for one in DIALECTS for name in one.names})
TAILS = ("", "0", "0.message.content", "0.message.tool_calls.2.tool_call.function.name", "11.role", "a..b", "0.0.0")
WORDS = (
    "LLM",
    "agent",
    "tool",
    '"CHAT_MODEL"',
    "ai.generateText",
    "chat",
    "5",
    "-1",
    "nan",
    "1e400",
    "true",
    "{}",
    "[[",
)

keys = st.builds(lambda key, tail: key + tail, st.sampled_from(KNOWN), st.sampled_from(TAILS)) | texts
values = (
    json_values
    | st.sampled_from(WORDS)
    | json_values.map(lambda value: orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_DATACLASS).decode())
    | st.integers(-10, 1 << 40)
)
attribute_sets = st.dictionaries(keys, values, max_size=12)


@settings(max_examples=150)
@given(
    attribute_sets,
    st.sampled_from(SCOPES) | texts,
    st.sampled_from(NAMES) | texts,
    st.lists(
        st.tuples(st.sampled_from(("exception", "gen_ai.choice", "gen_ai.user.message")), attribute_sets), max_size=2
    ),
    st.booleans(),
)
def test_no_attributes_break_a_span(
    attributes: dict[str, Any], scope: str, name: str, events: list[Any], root: bool
) -> None:
    """Whatever the scope, the name and the events are."""
    sent = raw(attributes, scope=scope, name=name, events=events, **({"parent": b""} if root else {}))

    span, mapping = normalise_explained(sent)
    conversation = messages.conversation(sent)

    assert span == normalise(sent)
    assert set(mapping.values()) <= {"name", "root", "default", "status.message", "exception.type", *attributes}
    assert isinstance(span.kind, Kind)
    for text in (span.agent, span.model, span.provider, span.tool, span.session, span.user, span.pipeline):
        assert text is None or (isinstance(text, str) and 0 < len(text) <= 200)
    usage = span.usage
    for count in (usage.uncached, usage.cache_read, usage.cache_write, usage.output_text) if usage else ():
        assert count is None or (isinstance(count, int) and count >= 0)
    for message in (*conversation.input, *conversation.output):
        assert isinstance(message["role"], str)
        assert isinstance(message["parts"], list)
        assert all(isinstance(part, dict) and isinstance(part["type"], str) for part in message["parts"])
    orjson.dumps([conversation.system, conversation.input, conversation.output])
    assert len(decide([span]).spans) == 1


@given(attribute_sets)
def test_the_order_of_attributes_changes_nothing(attributes: dict[str, Any]) -> None:
    """Ranks decide, not places."""
    assert normalise(raw(attributes)) == normalise(raw(dict(reversed(attributes.items()))))
