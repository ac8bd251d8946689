"""What one trace was asked and what it answered in the end, from the few spans that can tell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from traces.dialects.conversation import Conversation, Message
from traces.span import Kind
from traces.transcript.parts import parts_of

MOST_TEXT = 20_000  # characters of a side


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A span that may tell: a trace's root, or of its agents' spans or model calls the one that began first or ended
    last."""

    kind: int  # traces.span.Kind
    rooted: bool
    began: bool
    ended: bool
    start_ns: int
    end_ns: int  # its start while it runs
    conversation: Conversation


def question_of(spans: Sequence[Heard]) -> str | None:
    """What the user asked: as the root says it, else the agent that began first, else the first model call."""
    return _first(_user(one.conversation.input) for one in _in_order([one for one in spans if one.began or one.rooted]))


def answer_of(spans: Sequence[Heard]) -> str | None:
    """What was answered in the end: as the root says it, else the agent that ended last, else the last model call. A
    model call from before that agent began does not tell: the agent said nothing."""
    began = max((one.start_ns for one in spans if one.ended and one.kind == Kind.AGENT), default=0)
    ended = [one for one in spans if one.rooted or (one.ended and one.end_ns >= began)]
    return _first(_assistant(one.conversation.output) for one in _in_order(ended))


def _in_order(spans: Iterable[Heard]) -> list[Heard]:
    return sorted(spans, key=lambda one: (not one.rooted, one.kind != Kind.AGENT))


def _user(messages: Sequence[Message]) -> str | None:
    return _first(_text(message) for message in reversed(messages) if message.get("role") == "user")


def _assistant(messages: Sequence[Message]) -> str | None:
    return _first(_text(message) for message in reversed(messages) if message.get("role") not in ("user", "tool"))


def _text(message: Message) -> str | None:
    """The text of a message; of one without text the images and files in it."""
    parts = parts_of(message)
    texts = [str(part["text"]) for part in parts if part.get("type") == "text" and part.get("text")]
    texts = texts or [f"({part['type']})" for part in parts if part.get("type") in ("image", "file")]
    text = "\n\n".join(texts).strip()
    return (text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 1] + "…") or None


def _first(texts: Iterable[str | None]) -> str | None:
    return next((text for text in texts if text), None)
