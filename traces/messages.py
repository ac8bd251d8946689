"""The messages of a span, for its panel and for previews. traces.dialects.conversation describes their form."""

from __future__ import annotations

from traces.decode import RawSpan
from traces.dialects import DIALECTS, TABLES
from traces.dialects.conversation import Conversation, Message
from traces.dialects.engine import Dialect
from traces.values import Value

PREVIEW_LENGTH = 200


def conversation(span: RawSpan) -> Conversation:
    """What went into a span and what came out, by the dialect it speaks, then by the others; empty when unknown."""
    spoken = TABLES.collect(span)[0]
    found = Conversation()
    for dialect in _in_order(spoken):
        if dialect.messages is not None:
            more = dialect.messages(span)
            found.system = found.system or more.system
            found.input = found.input or more.input
            found.output = found.output or more.output
    return found


def input_preview(found: Conversation) -> str | None:
    """The beginning of what was asked: the last message of the user, else of anyone."""
    return _preview(found.input, "user")


def output_preview(found: Conversation) -> str | None:
    """The beginning of what was answered."""
    return _preview(found.output, "assistant")


def _in_order(spoken: Dialect | None) -> list[Dialect]:
    return sorted(DIALECTS, key=lambda dialect: dialect is not spoken)


def _preview(messages: list[Message], role: str) -> str | None:
    by_role = [message for message in messages if message.get("role") == role]
    for message in (*reversed(by_role), *reversed(messages)):
        text = " ".join(" ".join(_texts(message)).split())
        if text:
            text = text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
            return text if len(text) <= PREVIEW_LENGTH else text[: PREVIEW_LENGTH - 1] + "…"
    return None


def _texts(message: Message) -> list[str]:
    parts = message.get("parts")
    if not isinstance(parts, list):
        return []
    return [part["text"] for part in parts if isinstance(part, dict) and _is_text(part)]  # type: ignore[misc]


def _is_text(part: dict[str, Value]) -> bool:
    return part.get("type") == "text" and isinstance(part.get("text"), str)
