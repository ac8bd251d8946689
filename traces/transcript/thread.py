"""One agent's thread: adds what each call says for the first time, and gives every tool its result.

Each model call sends the whole history again. So parts are known by their content: the n-th time that a part stands in
one call's history is new only when no call before had it n times. What a model answers is always new.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from traces.span import Kind, Status
from traces.transcript.entries import Agent, Earlier, Entry, Failure, Said, Speech, Tool
from traces.transcript.parts import SYSTEM, Digest, clipped, content, digest_of, parts_of, word

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from traces.dialects.conversation import Message, Part


@dataclass(slots=True)
class Thread:
    """The entries of an agent, or of what belongs to none (`of` is None)."""

    of: Said | None = None
    entries: list[Entry] = field(default_factory=list)
    shown: dict[str | None, Counter[Digest]] = field(default_factory=dict)  # by the agent that a call names
    tools: list[Tool] = field(default_factory=list)
    asked: set[int] = field(default_factory=set)  # tools (by identity) that a message asked for
    told: set[int] = field(default_factory=set)  # tools (by identity) whose result a message told

    def call(self, said: Said) -> None:
        """Add what a model call says that is new."""
        spoken = said.conversation
        if spoken is not None:
            shown = self.shown.setdefault(said.agent, Counter())
            now: Counter[Digest] = Counter()
            if spoken.system:
                self._say(said, {"role": "system", "parts": list(spoken.system)}, shown, now)
            self._hear(said, spoken.input, shown, now)
            before = len(self.entries)
            for message in spoken.output:
                self._say(said, message, shown, now, answer=True)
            if len(self.entries) > before:
                return
        if said.status == Status.ERROR:
            self.entries.append(_failure(said))

    def step(self, said: Said) -> None:
        """Add a tool's span: to the call that asked for it, or as an entry of its own."""
        asked, answers = _all(said, "input"), _all(said, "output")
        call_id = next((word(part.get("id")) for part in (*asked, *answers) if part.get("id")), None)
        name = said.tool or next((word(part.get("name")) for part in asked if part.get("name")), None) or said.name
        tool = self._open(call_id, name, bound=True)
        if tool is None:
            tool = self._new(Tool(kind=said.kind, name=name, call_id=call_id, arguments=None, at_ns=said.start_ns))
        tool.span_id, tool.status, tool.duration_ns = said.span_id, said.status, said.duration_ns
        tool.error_type, tool.error_message = said.error_type, said.error_message
        if tool.arguments is None:
            tool.arguments = content(asked, "arguments")
        if not tool.answered and answers:
            tool.result, tool.answered = content(answers, "result"), True

    def frame(self, said: Said) -> None:
        """Put in what a span around this thread was asked and what it answered, where nobody within says so."""
        spoken = said.conversation
        if spoken is None:
            return
        if not self.entries:
            shown: Counter[Digest] = Counter()
            now: Counter[Digest] = Counter()
            self._hear(said, spoken.input, shown, now)
            for message in spoken.output:
                self._say(said, message, shown, now, heard=said.end_ns)
            return
        asked, answered = Thread(), Thread()
        if not any(isinstance(entry, Speech) and entry.role == "user" for entry in self.entries):
            asked._only(said, spoken.input, "user", set(texts_of(self.entries, "user")))
        if not any(isinstance(entry, Speech) and entry.role == "assistant" for entry in self.entries):
            answered._only(said, spoken.output, "assistant", set(texts_of(self.entries, "assistant")))
        self.entries = [*asked.entries, *self.entries, *answered.entries]

    def _only(self, said: Said, messages: Sequence[Message], role: str, within: set[str]) -> None:
        """Add the last message of a role, unless its text was said already."""
        message = next((one for one in reversed(messages) if one.get("role") == role), None)
        parts = [part for part in parts_of(message or {}) if part.get("type") == "text"]
        text = " ".join(" ".join(str(part.get("text")) for part in parts).split())
        if text and not any(text in other for other in within):
            self._say(said, {"role": role, "parts": [*parts]}, Counter(), Counter(), heard=_heard_at(said, role))

    def _hear(self, said: Said, messages: Sequence[Message], shown: Counter[Digest], now: Counter[Digest]) -> None:
        """Add what was sent to a call. The first of a thread may hold an older conversation: that is put together."""
        first = not any(isinstance(entry, Speech) and entry.role not in SYSTEM for entry in self.entries)
        old = _old(messages) if first else 0
        place = len(self.entries)
        for message in messages[:old]:
            self._say(said, message, shown, now)
        if old:
            later = [
                entry for entry in self.entries[place:] if not (isinstance(entry, Speech) and entry.role in SYSTEM)
            ]
            self.entries[place:] = [entry for entry in self.entries[place:] if entry not in later]
            if later:
                self.entries.append(Earlier(entries=later))
        for message in messages[old:]:
            self._say(said, message, shown, now)

    def _say(
        self,
        said: Said,
        message: Message,
        shown: Counter[Digest],
        now: Counter[Digest],
        *,
        answer: bool = False,
        heard: int | None = None,
    ) -> None:
        role = word(message.get("role")) or ("assistant" if answer else "user")
        at_ns = heard if heard is not None else said.end_ns if answer else said.start_ns
        new: list[Part] = []
        for part in parts_of(message):
            digest = digest_of(role, part)
            now[digest] += 1
            if (answer or now[digest] > shown[digest]) and not (new and part == new[-1]):
                new.append(part)
            shown[digest] = max(shown[digest], now[digest])
        speech = Speech(
            role=role,
            name=word(message.get("name")),
            agent=said.agent,
            model=said.model if answer else None,
            parts=[clipped(part) for part in new if part.get("type") not in ("tool_call", "tool_result")],
            finish_reason=word(message.get("finish_reason")) if answer else None,
            span_id=said.span_id,
            at_ns=at_ns,
        )
        if speech.parts:
            self.entries.append(speech)
        for part in new:
            if part.get("type") == "tool_call":
                self._asks(part, at_ns)
            elif part.get("type") == "tool_result":
                self._answered(part, at_ns)

    def _asks(self, part: Part, at_ns: int) -> None:
        """Add a call, unless its span came before the message that tells of it."""
        call_id, name = word(part.get("id")), word(part.get("name"))
        arguments = clipped(part).get("arguments")
        ran = [one for one in self.tools if one.span_id is not None and id(one) not in self.asked and one.name == name]
        tool = next((one for one in ran if one.call_id == call_id), None)
        if tool is None:
            tool = self._new(Tool(kind=Kind.TOOL, name=name, call_id=call_id, arguments=arguments, at_ns=at_ns))
        elif arguments is not None:
            tool.arguments = arguments
        self.asked.add(id(tool))

    def _answered(self, part: Part, at_ns: int) -> None:
        call_id, name = word(part.get("id")), word(part.get("name"))
        tool = self._open(call_id, name, bound=False)
        if tool is None:
            tool = self._new(Tool(kind=Kind.TOOL, name=name, call_id=call_id, arguments=None, at_ns=at_ns))
        self.told.add(id(tool))
        if not tool.answered:
            tool.result, tool.answered = clipped(part).get("result"), True

    def _new(self, tool: Tool) -> Tool:
        self.tools.append(tool)
        self.entries.append(tool)
        return tool

    def _open(self, call_id: str | None, name: str | None, *, bound: bool) -> Tool | None:
        """The tool that waits for its span (`bound`) or for its result: by id, else the first of that name, else of a
        result without a name the first."""
        waiting = [one for one in self.tools if (one.span_id is None if bound else id(one) not in self.told)]
        if call_id is not None:
            found = next((one for one in waiting if one.call_id == call_id), None)
            if found is not None:
                return found
            waiting = [one for one in waiting if one.call_id is None or (bound and one.name == name)]
        if name is None:
            return waiting[0] if waiting and not bound else None
        return next((one for one in waiting if one.name == name), None)


def _all(said: Said, side: Literal["input", "output"]) -> list[Part]:
    """Every part of what a span was asked or answered."""
    messages: list[Message] = getattr(said.conversation, side, [])
    return [part for message in messages for part in parts_of(message)]


def _old(messages: Sequence[Message]) -> int:
    """How many messages stand before the last question, where an answer is among them."""
    roles = [message.get("role") for message in messages]
    last = max((place for place, role in enumerate(roles) if role == "user"), default=0)
    return last if any(role in ("assistant", "model", "ai") for role in roles[:last]) else 0


def texts_of(entries: Iterable[Entry], role: str) -> Iterable[str]:
    """What a role says in each message of these entries, in sub-agents' too, on one line."""
    for entry in entries:
        if isinstance(entry, (Agent, Earlier)):
            yield from texts_of(entry.entries, role)
        elif isinstance(entry, Speech) and entry.role == role:
            yield " ".join(" ".join(str(part.get("text")) for part in entry.parts if part.get("text")).split())


def _heard_at(said: Said, role: str) -> int:
    return said.end_ns if role == "assistant" else said.start_ns


def _failure(said: Said) -> Failure:
    return Failure(
        agent=said.agent,
        model=said.model,
        error_type=said.error_type,
        error_message=said.error_message,
        span_id=said.span_id,
        at_ns=said.end_ns,
    )
