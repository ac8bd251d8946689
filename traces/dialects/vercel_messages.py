"""Messages of Vercel AI SDK spans, 3 to 6."""

from __future__ import annotations

from traces.decode import RawSpan
from traces.dialects.conversation import Conversation, Message, Part, messages_of, part, parts_of, structure, tool_call
from traces.dialects.conversation import tool_result as result_of
from traces.values import Value


def messages(span: RawSpan) -> Conversation:
    """What went in and came out."""
    attributes = span.attributes
    found = Conversation()
    prompt = structure(attributes.get("ai.prompt"))
    if isinstance(prompt, dict):
        found.system = parts_of(prompt.get("system"))
        given = prompt.get("messages") or prompt.get("prompt")
        found.input = messages_of(given, "user")
    elif prompt is not None:
        found.input = messages_of(prompt, "user")
    listed = attributes.get("ai.prompt.messages")
    if listed is not None:
        found.input = messages_of(listed, "user")
    found.output = _answer(attributes)
    _tool(found, attributes)
    _embedding(found, attributes)
    return found


def _answer(attributes: dict[str, Value]) -> list[Message]:
    parts: list[Part] = []
    for before in ("ai.response.", "ai.result."):
        reasoning = structure(attributes.get(before + "reasoning"))
        if isinstance(reasoning, str) and reasoning:
            parts.append({"type": "reasoning", "text": reasoning})
        elif isinstance(reasoning, list):
            parts += [part({"type": "reasoning", **one}) if isinstance(one, dict) else part(one) for one in reasoning]
        text = attributes.get(before + "text")
        if isinstance(text, str) and text:
            parts.append({"type": "text", "text": text})
        made = attributes.get(before + "object")
        if made is not None:
            parts.append(part(made) if isinstance(made, str) else part({"type": "object", "object": made}))
        calls = structure(attributes.get(before + "toolCalls"))
        if isinstance(calls, list):
            parts += [tool_call(one) if isinstance(one, dict) else part(one) for one in calls]
        files = structure(attributes.get(before + "files"))
        if isinstance(files, list):
            parts += [part({"type": "file", **one}) if isinstance(one, dict) else part(one) for one in files]
    if not parts:
        return []
    message: Message = {"role": "assistant", "parts": list(parts)}
    reason = attributes.get("ai.response.finishReason")
    if isinstance(reason, str):
        message["finish_reason"] = reason
    return [message]


def _tool(found: Conversation, attributes: dict[str, Value]) -> None:
    name, call = attributes.get("ai.toolCall.name"), attributes.get("ai.toolCall.id")
    arguments, result = attributes.get("ai.toolCall.args"), attributes.get("ai.toolCall.result")
    if arguments is not None:
        made = tool_call({"name": name, "arguments": arguments, "id": call})
        found.input = found.input or [{"role": "assistant", "parts": [made]}]
    if result is not None:
        found.output = found.output or [{"role": "tool", "parts": [result_of(result, call=call, name=name)]}]


def _embedding(found: Conversation, attributes: dict[str, Value]) -> None:
    values = attributes.get("ai.values")
    listed = values if isinstance(values, list) else [attributes.get("ai.value")]
    texts = [one.strip('"') for one in listed if isinstance(one, str)]
    if texts and not found.input:
        found.input = [{"role": "user", "parts": [{"type": "text", "text": text} for text in texts]}]
