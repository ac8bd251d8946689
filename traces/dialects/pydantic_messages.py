"""Messages of pydantic-ai spans: events as a JSON attribute (format 1), all messages of a run, tools, Logfire's own."""

from __future__ import annotations

from traces.decode import RawSpan
from traces.dialects.blobs import anything
from traces.dialects.conversation import Conversation, Message, Part, message, messages_of, structure, tool_result
from traces.values import Value

_ANSWERS = ("gen_ai.choice", "gen_ai.assistant.message")


def messages(span: RawSpan) -> Conversation:
    """What went in and came out; each side from the first form that has any."""
    attributes = span.attributes
    found = _of_events(structure(attributes.get("events")))
    if not found.input and "pydantic_ai.all_messages" in attributes:
        found.input = messages_of(attributes["pydantic_ai.all_messages"], "user")
    if not found.input and "all_messages_events" in attributes:
        run = _of_events(structure(attributes["all_messages_events"]))
        found.input, found.output = run.input, found.output or run.output
    result = attributes.get("final_result")
    if not found.output and result is not None:
        found.output = anything(result, "assistant")
    _tool(found, attributes)
    if not found.input:
        found.input = anything(attributes.get("request_data"), "user")
    if not found.output:
        found.output = anything(attributes.get("response_data"), "assistant")
    return found


def _of_events(events: Value) -> Conversation:
    found = Conversation()
    for event in events if isinstance(events, list) else []:
        if not isinstance(event, dict):
            found.input.append(message(event, "user"))
            continue
        name = str(event.get("event.name"))
        role = "assistant" if name in _ANSWERS else name.removeprefix("gen_ai.").removesuffix(".message")
        inner = event.get("message") if name == "gen_ai.choice" else event
        made = _message(inner if isinstance(inner, dict) else {"content": inner}, role)
        (found.output if name == "gen_ai.choice" else found.input).append(made)
    return found


def _message(event: dict[str, Value], role: str) -> Message:
    kept = {key: value for key, value in event.items() if key not in ("event.name", "gen_ai.system")}
    kept["content"] = structure(kept.get("content"))
    return message({"role": role, **kept}, role)


def _tool(found: Conversation, attributes: dict[str, Value]) -> None:
    name, call = attributes.get("gen_ai.tool.name"), attributes.get("gen_ai.tool.call.id")
    arguments, result = attributes.get("tool_arguments"), attributes.get("tool_response")
    if arguments is not None:
        made: Part = {"type": "tool_call", "name": name, "arguments": structure(arguments)}
        found.input = found.input or [{"role": "assistant", "parts": [made if call is None else {**made, "id": call}]}]
    if result is not None:
        found.output = found.output or [{"role": "tool", "parts": [tool_result(result, call=call, name=name)]}]
