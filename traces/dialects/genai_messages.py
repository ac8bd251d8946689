"""Messages of OpenTelemetry GenAI spans, in the five forms that its versions have given them."""

from __future__ import annotations

from collections.abc import Iterable

from traces.decode import Event, RawSpan
from traces.dialects.conversation import Conversation, Message, message, messages_of, parts_of, structure, tool_result
from traces.values import Value

DETAILS = "gen_ai.client.inference.operation.details"
_ROLES = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
    "gen_ai.choice": "assistant",
}


def messages(span: RawSpan) -> Conversation:
    """What went in and came out; each side from the first form that has any.

    1. gen_ai.input.messages, .output.messages, .system_instructions (1.37), JSON text or structures
    2. the same on operation.details events, all of them together
    3. message events, one a message (1.27 to 1.36), and gen_ai.content.* events (1.26)
    4. gen_ai.prompt and gen_ai.completion
    5. arguments and result of a tool, query and documents of a retrieval
    """
    found = Conversation()
    attributes = span.attributes
    _fill(found, _of_attributes(attributes))
    if span.raw_events and not (found.input and found.output):
        details = _merged(_of_attributes(event.attributes) for event in span.events if _name(event) == DETAILS)
        _fill(found, details)
        _fill(found, _of_events(span.events))
    _fill(found, _of_prompt(attributes))
    _fill(found, _of_tool(attributes))
    _fill(found, _of_retrieval(attributes))
    return found


def _fill(into: Conversation, more: Conversation) -> None:
    into.system = into.system or more.system
    into.input = into.input or more.input
    into.output = into.output or more.output


def _merged(some: Iterable[Conversation]) -> Conversation:
    merged = Conversation()
    for one in some:
        merged.system += one.system
        merged.input += one.input
        merged.output += one.output
    return merged


def _of_attributes(attributes: dict[str, Value]) -> Conversation:
    return Conversation(
        system=parts_of(attributes.get("gen_ai.system_instructions")),
        input=messages_of(attributes.get("gen_ai.input.messages"), "user"),
        output=messages_of(attributes.get("gen_ai.output.messages"), "assistant"),
    )


def _of_events(events: Iterable[Event]) -> Conversation:
    found = Conversation()
    for event in events:
        name = _name(event)
        role = _ROLES.get(name)
        if name == "gen_ai.content.prompt":
            found.input += messages_of(event.attributes.get("gen_ai.prompt"), "user")
        elif name == "gen_ai.content.completion":
            found.output += messages_of(event.attributes.get("gen_ai.completion"), "assistant")
        elif role is not None:
            (found.output if name == "gen_ai.choice" else found.input).append(_of_event(event.attributes, role))
    return found


def _of_event(attributes: dict[str, Value], role: str) -> Message:
    body = structure(attributes.get("message"))  # a choice holds its message
    fields = {**attributes, **body} if isinstance(body, dict) else dict(attributes)
    if isinstance(body, str) and "content" not in fields:
        fields["content"] = body
    fields["content"] = structure(fields.get("content"))
    return message({**fields, "role": fields.get("role") or role}, role)


def _of_prompt(attributes: dict[str, Value]) -> Conversation:
    return Conversation(
        input=messages_of(attributes.get("gen_ai.prompt"), "user"),
        output=messages_of(attributes.get("gen_ai.completion"), "assistant"),
    )


def _of_tool(attributes: dict[str, Value]) -> Conversation:
    found = Conversation()
    arguments, result = attributes.get("gen_ai.tool.call.arguments"), attributes.get("gen_ai.tool.call.result")
    name = attributes.get("gen_ai.tool.name")
    if arguments is not None:
        call: Message = {"type": "tool_call", "name": name, "arguments": structure(arguments)}
        found.input = [{"role": "assistant", "parts": [call]}]
    if result is not None:
        found.output = [{"role": "tool", "parts": [tool_result(result, name=name)]}]
    return found


def _of_retrieval(attributes: dict[str, Value]) -> Conversation:
    found = Conversation(input=messages_of(attributes.get("gen_ai.retrieval.query.text"), "user"))
    documents = attributes.get("gen_ai.retrieval.documents")
    if documents is not None:
        found.output = [{"role": "tool", "parts": [tool_result(documents)]}]
    return found


def _name(event: Event) -> str:
    """An event's name, which some exporters put in an attribute."""
    for key in ("event.name", "event_name"):
        named = event.attributes.get(key)
        if isinstance(named, str):
            return named
    return event.name
