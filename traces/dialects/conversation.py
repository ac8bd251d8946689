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
            if not any(is_message(item) for item in found):
                return [{"role": role, "parts": [part(item) for item in found]}]
        elif found and all(isinstance(item, dict) and shape_of(item) for item in found):
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


def is_message(value: Value) -> bool:
    """Whether the value has the shape of a message, be it LangChain's."""
    return isinstance(value, dict) and (
        bool(_MESSAGE_KEYS & value.keys()) or "kwargs" in value or value.get("type") in _ROLE_TYPES
    )


def message(value: Value, role: str) -> Message:
    """One message, whatever its shape."""
    if isinstance(value, str):
        broken = value.lstrip()[:1] in ("{", "[")
        return {"role": role, "parts": [_raw(value) if broken else _text("text", value)]}
    value = _langchain(value)
    if not isinstance(value, dict):
        return {"role": role, "parts": [_raw(value)]}
    if not _MESSAGE_KEYS & value.keys():
        return {"role": _ROLES_OF_ITEMS.get(str(value.get("type")), role), "parts": [part(value)]}
    own_role = value.get("role")
    made: Message = {"role": _ROLES.get(own_role, own_role) if isinstance(own_role, str) and own_role else role}
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
    reader = _PARTS.get(kind if isinstance(kind, str) else shape_of(value) or "text")
    return reader(value) if reader else _raw(value)


def shape_of(value: dict[str, Value]) -> str | None:
    """The type of a part that says it by its only key, as Bedrock's, Gemini's and Genkit's do."""
    if "type" in value or "role" in value:
        return None
    return next((kind for key, kind in _SHAPES.items() if key in value), None)


def tool_call(value: dict[str, Value]) -> Part:
    """A call of a tool, in anyone's shape."""
    inner = _first(value, "function", "toolUse", "functionCall", "function_call", "toolRequest")
    function = inner if isinstance(inner, dict) else value
    arguments = _first(function, "arguments", "args", "input", "parameters")
    name = _first(function, "name", "toolName", "tool_name")
    made: Part = {"type": "tool_call", "name": name, "arguments": structure(arguments)}
    call = _first(value, *_CALL_IDS) or _first(function, *_CALL_IDS)
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
    inner = _first(value, "reasoningContent", "summary")
    if isinstance(inner, dict):
        inner = [_first(inner, "reasoningText", "text")]
    if isinstance(inner, list):
        texts = [item.get("text") if isinstance(item, dict) else item for item in inner]
        return _text("reasoning", "\n".join(text for text in texts if isinstance(text, str)))
    text = _first(value, "content", "text", "thinking", "data", "reasoning")
    return _text("reasoning", text) if isinstance(text, str) else _raw(value)


def _result_part(value: dict[str, Value]) -> Part:
    inner = _first(value, "toolResult", "functionResponse", "function_response", "toolResponse")
    held = inner if isinstance(inner, dict) else value
    result = _first(held, "response", "result", "content", "output", "server_tool_call_response")
    call = _first(held, *_CALL_IDS)
    return tool_result(result, call=call, name=_first(held, "name", "toolName", "tool_name"))


def _item(value: dict[str, Value]) -> Part:
    """A message inside a list of parts, as OpenAI's Responses API has them: its text."""
    texts = [one.get("text") for one in _all_parts(value)]
    return _text("text", "\n".join(text for text in texts if isinstance(text, str)))


def _langchain(value: Value) -> Value:
    """A message that LangChain has serialised, in OpenAI's shape."""
    if not isinstance(value, dict):
        return value
    inner, path = value.get("kwargs"), value.get("id")
    if isinstance(inner, dict) and isinstance(path, list) and path:
        role = str(path[-1]).removesuffix("Chunk").removesuffix("Message").lower()
        return {**inner, "role": _ROLES.get(role, role)}
    kind = value.get("type")
    if "role" not in value and isinstance(kind, str) and kind in _ROLE_TYPES:
        inner = value.get("data")
        return {**(inner if isinstance(inner, dict) else value), "role": _ROLES.get(kind, kind)}
    return value


def _all_parts(value: dict[str, Value]) -> list[Part]:
    content = value.get("content")
    answers = value.get("tool_call_id") or (value.get("role") == "tool" and value.get("id"))
    listed = value.get("parts")
    if isinstance(listed, list):
        parts = [part(item) for item in listed]
    elif listed is not None:
        parts = parts_of(listed)
    elif answers:
        parts = [tool_result(content, call=answers, name=value.get("name"))]
    else:
        parts = [part(item) for item in content] if isinstance(content, list) else _of_content(content)
    reasoning = _first(value, "reasoning_content", "reasoning")
    if isinstance(reasoning, str) and reasoning:
        parts.insert(0, _text("reasoning", reasoning))
    calls = structure(_first(value, "tool_calls", "toolCalls"))  # LiteLLM has them beside parts, OpenAI beside content
    if isinstance(calls, list):
        had = {one.get("id") for one in parts if one.get("type") == "tool_call"} - {None}
        made = [tool_call(item) if isinstance(item, dict) else _raw(item) for item in calls]
        parts += [one for one in made if one.get("id") not in had or one["type"] == "raw"]
    called = structure(value.get("function_call"))
    if isinstance(called, dict):
        parts.append(tool_call(called))
    return parts


def _of_content(content: Value) -> list[Part]:
    if content is None or content == "":
        return []
    return [part(content)]


def _media(value: dict[str, Value]) -> Part:
    source = value.get("source")
    inner = _first(value, "image_url", "file", "image", "input_audio", *_MEDIA_SHAPES)
    held: dict[str, Value] = {**value}
    for nested in (source, inner):
        if isinstance(nested, dict):
            held |= nested
    if isinstance(inner, str):
        held["url"] = inner
    mime = _first(held, *_MEDIA_KEYS["mime_type"])
    kind = str(value.get("type") or shape_of(value))
    is_image = value.get("modality") == "image" or "image" in kind or str(mime).startswith("image/")
    made: Part = {"type": "image" if is_image else "file"}
    for key, names in _MEDIA_KEYS.items():
        found = _first(held, *names)
        if isinstance(found, str):
            made[key] = found
    return made if len(made) > 1 else _raw(value)


_CALL_IDS = ("tool_call_id", "tool_use_id", "call_id", "toolCallId", "toolUseId", "ref", "id")
_MEDIA_SHAPES = ("inlineData", "inline_data", "fileData", "file_data", "document", "video", "media")
_MEDIA_KEYS = {
    "url": ("uri", "url", "fileUri", "file_uri"),
    "data": ("content", "data"),
    "file_id": ("file_id",),
    "mime_type": ("mime_type", "media_type", "mimeType", "mediaType", "contentType"),
    "name": ("filename", "name", "displayName"),
}
_MESSAGE_KEYS = frozenset({"role", "parts", "content", "tool_calls", "toolCalls"})
_ROLES = {"human": "user", "ai": "assistant", "model": "assistant", "humanmessage": "user", "aimessage": "assistant"}
_ROLE_TYPES = frozenset({"human", "ai", "system", "tool", "AIMessageChunk", "HumanMessageChunk"})
_ROLES_OF_ITEMS = {
    **dict.fromkeys(("function_call", "reasoning", "tool_call", "tool_use", "tool-call"), "assistant"),
    **dict.fromkeys(("function_call_output", "tool_call_response", "tool_result", "tool-result"), "tool"),
}
_SHAPES = {
    **dict.fromkeys(("toolUse", "functionCall", "function_call", "toolRequest"), "tool_call"),
    **dict.fromkeys(("toolResult", "functionResponse", "function_response", "toolResponse"), "tool_result"),
    "reasoningContent": "reasoning",
    **dict.fromkeys(_MEDIA_SHAPES, "media"),
    "image": "image",
    "text": "text",
    "reasoning": "reasoning",
}
_PARTS: dict[str, Callable[[dict[str, Value]], Part]] = {
    **dict.fromkeys(("text", "input_text", "output_text", "refusal"), _text_part),
    **dict.fromkeys(("reasoning", "thinking"), _reasoning_part),
    **dict.fromkeys(("tool_call", "tool-call", "tool_use", "function_call", "function", "server_tool_call"), tool_call),
    **dict.fromkeys(("tool_call_response", "tool_result", "tool-result", "tool_response"), _result_part),
    **dict.fromkeys(("function_call_output", "server_tool_call_response"), _result_part),
    **dict.fromkeys(("blob", "uri", "file", "image", "image_url", "input_image", "audio", "document", "media"), _media),
    **dict.fromkeys(("input_file", "input_audio", "image-url"), _media),
    "message": _item,
}


def _first(value: dict[str, Value], *keys: str) -> Value:
    return next((value[key] for key in keys if value.get(key) is not None), None)


def _text(kind: str, text: str) -> Part:
    return {"type": kind, "text": text}


def _raw(value: Value) -> Part:
    return {"type": "raw", "value": value}
