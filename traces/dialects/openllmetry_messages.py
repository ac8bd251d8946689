"""Messages of OpenLLMetry spans: indexed gen_ai.prompt.N and gen_ai.completion.N, else an entity's input and output."""

from __future__ import annotations

from traces.decode import RawSpan
from traces.dialects.blobs import in_and_out
from traces.dialects.conversation import Conversation, Message, message, part, structure
from traces.dialects.indexed import gathered
from traces.values import Value

_entity = in_and_out(("traceloop.entity.input",), ("traceloop.entity.output",))


def messages(span: RawSpan) -> Conversation:
    """What went in and came out; each side from the first form that has any."""
    found = indexed(span)
    if not (found.input and found.output):
        whole = _entity(span)
        found.input = found.input or whole.input
        found.output = found.output or whole.output
    return found


def indexed(span: RawSpan) -> Conversation:
    """What stands under indexed keys."""
    return Conversation(
        input=_messages(gathered(span.attributes, "gen_ai.prompt."), "user"),
        output=_messages(gathered(span.attributes, "gen_ai.completion."), "assistant"),
    )


def _messages(listed: Value, role: str) -> list[Message]:
    return [_message(one, role) for one in listed] if isinstance(listed, list) else []


def _message(value: Value, role: str) -> Message:
    if not isinstance(value, dict):
        return message(value, role)
    made = message({**value, "content": structure(value.get("content"))}, role)
    reasoning = value.get("reasoning")
    parts = made["parts"]
    if isinstance(reasoning, dict) and isinstance(parts, list):
        parts.append(part({"type": "reasoning", **reasoning}))
    return made
