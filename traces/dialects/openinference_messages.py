"""Messages of OpenInference spans: indexed keys, else the whole input and output, documents, prompts, arguments."""

from __future__ import annotations

from traces.decode import RawSpan
from traces.dialects.blobs import in_and_out
from traces.dialects.conversation import Conversation, Message, Part, message, part, structure, tool_call, tool_result
from traces.dialects.indexed import gathered
from traces.values import Value

_whole = in_and_out(("input.value",), ("output.value",))


def messages(span: RawSpan) -> Conversation:
    """What went in and came out; each side from the first form that has any."""
    attributes = span.attributes
    found = Conversation(
        input=_messages(gathered(attributes, "llm.input_messages."), "user"),
        output=_messages(gathered(attributes, "llm.output_messages."), "assistant"),
    )
    found.input = found.input or _texts(gathered(attributes, "llm.prompts."), "prompt.text", "user")
    found.output = found.output or _texts(gathered(attributes, "llm.choices."), "completion.text", "assistant")
    documents = _documents(attributes)
    if documents:
        found.output = found.output or [{"role": "tool", "parts": [tool_result(documents)]}]
    if "tool.name" in attributes or attributes.get("openinference.span.kind") == "TOOL":
        _tool(found, attributes)
    if not (found.input and found.output):
        whole = _whole(span)
        found.system = found.system or whole.system
        found.input = found.input or whole.input
        found.output = found.output or whole.output
    query = attributes.get("reranker.query") or attributes.get("embedding.text")
    if not found.input and isinstance(query, str):
        found.input = [message(query, "user")]
    embedded = _texts(gathered(attributes, "embedding.embeddings."), "embedding.text", "user")
    found.input = found.input or embedded
    return found


def _messages(listed: Value, role: str) -> list[Message]:
    if not isinstance(listed, list):
        return []
    return [_message(_inner(one, "message"), role) for one in listed]


def _message(value: Value, role: str) -> Message:
    if not isinstance(value, dict):
        return message(value, role)
    flat = dict(value)
    contents, calls = flat.pop("contents", None), flat.pop("tool_calls", None)
    name = flat.pop("function_call_name", None)
    if name is not None:
        flat["function_call"] = {"name": name, "arguments": flat.pop("function_call_arguments_json", None)}
    made = message({"content": None, **flat}, role)
    parts: list[Value] = made["parts"] if isinstance(made["parts"], list) else []
    if isinstance(contents, list):
        parts = [*(_content(_inner(one, "message_content")) for one in contents), *parts]
    if isinstance(calls, list):
        parts = [*parts, *(_call(_inner(one, "tool_call")) for one in calls)]
    made["parts"] = parts
    return made


def _content(value: Value) -> Part:
    if isinstance(value, dict):
        image = value.get("image")
        if isinstance(image, dict):  # image.image.url
            return part({**value, "type": "image", "image": image.get("image", image)})
    return part(value)


def _call(value: Value) -> Part:
    return tool_call(value) if isinstance(value, dict) else part(value)


def _inner(value: Value, key: str) -> Value:
    return value[key] if isinstance(value, dict) and key in value else value


def _texts(listed: Value, path: str, role: str) -> list[Message]:
    made = []
    for one in listed if isinstance(listed, list) else []:
        found = one
        for step in path.split("."):
            found = _inner(found, step)
        made.append(message(found, role))
    return made


def _documents(attributes: dict[str, Value]) -> list[Value]:
    for prefix in ("retrieval.documents.", "reranker.output_documents."):
        listed = gathered(attributes, prefix)
        if isinstance(listed, list):
            return [_inner(one, "document") for one in listed]
    return []


def _tool(found: Conversation, attributes: dict[str, Value]) -> None:
    """Its input is the arguments of a call, its output the result of one."""
    name = attributes.get("tool.name")
    arguments, result = attributes.get("input.value"), attributes.get("output.value")
    if arguments is not None:
        made: Part = {"type": "tool_call", "name": name, "arguments": structure(arguments)}
        found.input = found.input or [{"role": "assistant", "parts": [made]}]
    if result is not None:
        found.output = found.output or [{"role": "tool", "parts": [tool_result(result, name=name)]}]
