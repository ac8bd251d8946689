"""The one form of messages that every dialect's are read into, and the readers of single messages and parts.

A message is {"role", "parts": [...]} and may have "name" and "finish_reason". A part has a "type":

    text         text
    reasoning    text
    tool_call    id, name, arguments (a structure where it was JSON)
    tool_result  id, name, result
    image        url or data (base64), mime_type
    file         url or data or file_id, mime_type, name
    raw          value: what no reader understood, as it came

Keys other than "type" are present when they are known. Each message is read on its own: one that makes no sense stays
raw beside the others. Nothing here raises.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import orjson

from traces.values import Value

type Part = dict[str, Value]
type Message = dict[str, Value]


@dataclass(slots=True, kw_only=True)
class Conversation:
    """What went into a span and what came out of it."""

    system: list[Part] = field(default_factory=list)
    input: list[Message] = field(default_factory=list)
    output: list[Message] = field(default_factory=list)


def structure(value: Value) -> Value:
    """The value; what is the text of a JSON object or list, as that."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            parsed: Value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
        return parsed
    return value


def messages_of(value: Value, role: str) -> list[Message]:
    """Messages from a list of them, from one, from JSON text or from plain text, whose role is then the given one."""
    found = structure(value)
    if isinstance(found, dict) and isinstance(found.get("messages"), list):
        found = found["messages"]
    if isinstance(found, list):
        if found and all(isinstance(item, dict) and "type" in item and "role" not in item for item in found):
            return [{"role": role, "parts": [part(item) for item in found]}]
        return [message(item, role) for item in found]
    if found is None or found == "":
        return []
    return [message(found, role)]


def parts_of(value: Value) -> list[Part]:
    """Parts from a list of them, from one, from JSON text or from plain text."""
    found = structure(value)
    if isinstance(found, list):
        return [part(item) for item in found]
    if found is None or found == "":
        return []
    return [part(found)]


def message(value: Value, role: str) -> Message:
    """One message, whatever its shape."""
    if isinstance(value, str):
        broken = value.lstrip()[:1] in ("{", "[")
        return {"role": role, "parts": [_raw(value) if broken else _text("text", value)]}
    if not isinstance(value, dict) or not {"role", "parts", "content", "tool_calls"} & value.keys():
        return {"role": role, "parts": [_raw(value)]}
    own_role = value.get("role")
    made: Message = {"role": own_role if isinstance(own_role, str) and own_role else role}
    made["parts"] = list(_all_parts(value))
    for key in ("name", "finish_reason"):
        if isinstance(value.get(key), str):
            made[key] = value[key]
    return made


def part(value: Value) -> Part:
    """One part of a message, whatever its shape."""
    if isinstance(value, str):
        return _text("text", value)
    if not isinstance(value, dict):
        return _raw(value)
    kind = value.get("type")
    reader = _PARTS.get(kind if isinstance(kind, str) else "text")
    return reader(value) if reader else _raw(value)


def tool_call(value: dict[str, Value]) -> Part:
    """A call of a tool, in OpenTelemetry's, OpenAI's or Anthropic's shape."""
    inner = value.get("function")
    function = inner if isinstance(inner, dict) else value
    arguments = _first(function, "arguments", "args", "input", "parameters")
    made: Part = {"type": "tool_call", "name": function.get("name"), "arguments": structure(arguments)}
    call = _first(value, "id", "tool_call_id", "call_id")
    if call is not None:
        made["id"] = call
    return made


def tool_result(result: Value, *, call: Value = None, name: Value = None) -> Part:
    """What a tool answered."""
    made: Part = {"type": "tool_result", "result": structure(result)}
    if call is not None:
        made["id"] = call
    if name is not None:
        made["name"] = name
    return made


def _text_part(value: dict[str, Value]) -> Part:
    text = _first(value, "content", "text", "data", "refusal")
    return _text("text", text) if isinstance(text, str) else _raw(value)


def _reasoning_part(value: dict[str, Value]) -> Part:
    text = _first(value, "content", "text", "thinking", "data")
    return _text("reasoning", text) if isinstance(text, str) else _raw(value)


def _result_part(value: dict[str, Value]) -> Part:
    result = _first(value, "response", "result", "content", "output", "server_tool_call_response")
    call = _first(value, "id", "tool_call_id", "tool_use_id", "call_id")
    return tool_result(result, call=call, name=value.get("name"))


def _all_parts(value: dict[str, Value]) -> list[Part]:
    content, answers = (
        value.get("content"),
        value.get("tool_call_id") or (value.get("role") == "tool" and value.get("id")),
    )
    listed = value.get("parts")
    if isinstance(listed, list):
        parts = [part(item) for item in listed]
    elif listed is not None:
        parts = parts_of(listed)
    elif answers:
        parts = [tool_result(content, call=answers, name=value.get("name"))]
    else:
        parts = [part(item) for item in content] if isinstance(content, list) else _of_content(content)
    calls = structure(value.get("tool_calls"))  # LiteLLM puts them beside parts, OpenAI beside content
    if isinstance(calls, list):
        parts += [tool_call(item) if isinstance(item, dict) else _raw(item) for item in calls]
    return parts


def _of_content(content: Value) -> list[Part]:
    if content is None or content == "":
        return []
    return [part(content)]


def _media(value: dict[str, Value]) -> Part:
    source = value.get("source")
    inner = _first(value, "image_url", "file", "image", "input_audio")
    held: dict[str, Value] = {**value}
    for nested in (source, inner):
        if isinstance(nested, dict):
            held |= nested
    if isinstance(inner, str):
        held["url"] = inner
    mime = _first(held, "mime_type", "media_type", "mimeType")
    is_image = value.get("modality") == "image" or "image" in str(value.get("type")) or str(mime).startswith("image/")
    made: Part = {"type": "image" if is_image else "file"}
    for key, names in _MEDIA_KEYS.items():
        found = _first(held, *names)
        if isinstance(found, str):
            made[key] = found
    return made if len(made) > 1 else _raw(value)


_MEDIA_KEYS = {
    "url": ("uri", "url"),
    "data": ("content", "data"),
    "file_id": ("file_id",),
    "mime_type": ("mime_type", "media_type", "mimeType"),
    "name": ("filename", "name"),
}


_PARTS: dict[str, Callable[[dict[str, Value]], Part]] = {
    **dict.fromkeys(("text", "input_text", "output_text", "refusal"), _text_part),
    **dict.fromkeys(("reasoning", "thinking"), _reasoning_part),
    **dict.fromkeys(("tool_call", "tool_use", "function_call", "function", "server_tool_call"), tool_call),
    **dict.fromkeys(("tool_call_response", "tool_result", "tool_response", "function_call_output"), _result_part),
    "server_tool_call_response": _result_part,
    **dict.fromkeys(("blob", "uri", "file", "image", "image_url", "input_image", "audio", "document", "media"), _media),
}


def _first(value: dict[str, Value], *keys: str) -> Value:
    return next((value[key] for key in keys if value.get(key) is not None), None)


def _text(kind: str, text: str) -> Part:
    return {"type": kind, "text": text}


def _raw(value: Value) -> Part:
    return {"type": "raw", "value": value}
