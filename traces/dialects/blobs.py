"""Messages inside whole requests and answers, which frameworks put into one attribute each: OpenAI's, Anthropic's,
Gemini's, Bedrock's and LangChain's. What has no such shape is one message of the role given."""

from __future__ import annotations

from collections.abc import Callable

from traces.decode import RawSpan
from traces.dialects.conversation import (
    Conversation,
    Message,
    is_message,
    message,
    messages_of,
    parts_of,
    structure,
)
from traces.values import Value

_MAX_DEPTH = 6
_SYSTEM = ("system", "instructions", "systemInstruction", "system_instruction", "system_prompt")
# Where requests keep their messages and answers theirs; the first that is there counts.
_INSIDE = (
    *("messages", "contents", "choices", "candidates", "generations", "new_messages", "message", "output", "outputs"),
    *("input", "inputs", "prompt", "prompts", "request", "response", "kwargs", "content", "generation", "update"),
)


def in_and_out(
    inputs: tuple[str, ...], outputs: tuple[str, ...], *, quoted: bool = False
) -> Callable[[RawSpan], Conversation]:
    """A reader of what stands under those keys, the first of each that is there; quoted: plain text is JSON too."""

    def read(span: RawSpan) -> Conversation:
        found = Conversation()
        attributes = span.attributes
        given = next((attributes[key] for key in inputs if attributes.get(key) is not None), None)
        answer = next((attributes[key] for key in outputs if attributes.get(key) is not None), None)
        whole = unquote(given) if quoted else structure(given)
        system = None
        if isinstance(whole, dict):
            config = whole.get("config")
            holders = (whole, config) if isinstance(config, dict) else (whole,)
            system = next((one[key] for one in holders for key in _SYSTEM if one.get(key)), None)
        found.system = _system(system)
        found.input = anything(whole, "user")
        found.output = anything(unquote(answer) if quoted else structure(answer), "assistant")
        return found

    return read


def anything(value: Value, role: str, depth: int = 0) -> list[Message]:
    """The messages in a value of any shape."""
    value = structure(value)
    if value is None or value in ("", [], {}):
        return []
    if isinstance(value, list):
        return _listed(value, role, depth)
    if not isinstance(value, dict) or depth > _MAX_DEPTH:
        return messages_of(value, role)
    if is_message(value) and ("role" in value or "kwargs" in value or value.get("type") in ("human", "ai", "tool")):
        return [message(value, role)]
    for key in _INSIDE:
        inner = structure(value.get(key))
        if inner is None or inner in ("", [], {}):
            continue
        found = anything(inner, role, depth + 1)
        if _understood(found) or len(value) == 1:
            return _finished(found, value)
    return messages_of(value, role)


def _listed(value: list[Value], role: str, depth: int) -> list[Message]:
    if depth < _MAX_DEPTH and all(isinstance(item, list) for item in value):  # LangChain's batches
        return [one for item in value for one in anything(item, role, depth + 1)]
    if depth < _MAX_DEPTH and any(isinstance(item, dict) and _wraps(item) for item in value):
        return [one for item in value for one in anything(item, role, depth + 1)]
    return messages_of(value, role)


def _wraps(item: dict[str, Value]) -> bool:
    """Whether it is one of several answers, with its message inside."""
    return "role" not in item and ("message" in item or "delta" in item or isinstance(item.get("content"), dict))


def _understood(found: list[Message]) -> bool:
    """Whether some message was read, be it an empty one."""
    parts_of_each = (one["parts"] for one in found)
    return any(isinstance(parts, list) and not any(map(_is_raw, parts)) for parts in parts_of_each)


def _is_raw(value: Value) -> bool:
    return isinstance(value, dict) and value.get("type") == "raw"


def _finished(found: list[Message], around: dict[str, Value]) -> list[Message]:
    reason = around.get("finish_reason") or around.get("finishReason") or around.get("stop_reason")
    if isinstance(reason, str) and found:
        found[-1].setdefault("finish_reason", reason)
    return found


def _system(value: Value) -> list[Message]:
    value = structure(value)
    if isinstance(value, dict) and isinstance(value.get("parts"), list):
        value = value["parts"]
    return parts_of(value)


def unquote(value: Value) -> Value:
    """The value of which a text is the JSON, plain words too; the text when it is none."""
    if isinstance(value, str) and value[:1] == '"' and value[-1:] == '"':
        loaded = structure("[" + value + "]")
        return structure(loaded[0]) if isinstance(loaded, list) and len(loaded) == 1 else value
    return structure(value)
