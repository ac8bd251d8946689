"""Puts the threads of a trace together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter

from traces.span import Kind
from traces.transcript.entries import Agent, Entry, Said
from traces.transcript.thread import Thread

STEPS = frozenset({Kind.TOOL, Kind.RETRIEVER, Kind.HUMAN})
BORDERS = frozenset({Kind.AGENT, *STEPS})  # below them a model call is another one, not the same again
DEEPEST = 20  # agents inside agents; those further down stand beside their own agent
by_start = attrgetter("start_ns", "span_id")


def transcript(spans: Iterable[Said]) -> list[Entry]:
    """The entries of a trace's spans in order; empty when nobody said anything."""
    ordered = sorted(spans, key=by_start)
    by_id = {said.span_id: said for said in ordered}
    owners = _owners(ordered, by_id)
    again = _again(ordered, by_id)
    threads = {None: Thread()} | {said.span_id: Thread(said) for said in ordered if said.kind == Kind.AGENT}
    sections = {said.span_id: _section(said) for said in ordered if said.kind == Kind.AGENT}
    for said in ordered:
        owner = owners[said.span_id]
        thread = threads[owner]
        if said.kind == Kind.AGENT:
            thread.entries.append(sections[said.span_id])
        elif said.kind == Kind.LLM and said.span_id not in again:
            thread.call(said)
            if owner is not None:
                _count(sections[owner], said)
        elif said.kind in STEPS and said.span_id not in again:
            thread.step(said)
    for said in reversed(ordered):
        if said.kind == Kind.AGENT:
            thread = threads[said.span_id]
            thread.frame(said)
            sections[said.span_id].entries = thread.entries
    top = next((said for said in ordered if _is_frame(said, by_id, owners)), None)
    if top is not None:
        threads[None].frame(top)
    entries = _unwrapped(threads[None].entries)
    return entries if _any_speech(entries) else []


def _section(said: Said) -> Agent:
    return Agent(
        agent=said.agent or said.name,
        status=said.status,
        duration_ns=said.duration_ns,
        error_type=said.error_type,
        error_message=said.error_message,
        span_id=said.span_id,
        at_ns=said.start_ns,
    )


def _count(section: Agent, said: Said) -> None:
    section.calls += 1
    if said.counted:
        section.input_tokens = _sum(section.input_tokens, said.input_tokens)
        section.output_tokens = _sum(section.output_tokens, said.output_tokens)
        section.cost = _sum(section.cost, said.cost)


def _sum[Number: (int, float)](one: Number | None, other: Number | None) -> Number | None:
    return other if one is None else one if other is None else one + other


def _owners(ordered: Sequence[Said], by_id: Mapping[int, Said]) -> dict[int, int | None]:
    """For each span the nearest agent's span above it; None where there is none, or where parents form a loop."""
    owners: dict[int, int | None] = {}
    for said in ordered:
        path: list[int] = []
        seen: set[int] = set()
        at: Said | None = said
        owner: int | None = None
        while at is not None and at.span_id not in owners and at.span_id not in seen:
            seen.add(at.span_id)
            path.append(at.span_id)
            at = None if at.parent_id is None else by_id.get(at.parent_id)
        looped = at is not None and at.span_id in seen
        if at is not None and not looped:
            owner = at.span_id if at.kind == Kind.AGENT else owners[at.span_id]
        for span_id in reversed(path):
            owners[span_id] = None if looped else owner
            if by_id[span_id].kind == Kind.AGENT and not looped:
                owner = span_id
    return owners | _raised(owners, [said.span_id for said in ordered if said.kind == Kind.AGENT])


def _raised(owners: Mapping[int, int | None], agents: Sequence[int]) -> dict[int, int | None]:
    """The owners of agents that stand too deep: those of the agents above them."""
    depths: dict[int | None, int] = {None: 0}
    raised: dict[int, int | None] = {}
    for agent in agents:
        path: list[int] = []
        at: int | None = agent
        while at is not None and at not in depths:
            path.append(at)
            at = owners[at]
        for inner in reversed(path):
            above = owners[inner]
            if above is not None and depths[above] >= DEEPEST:
                raised[inner] = raised.get(above, owners[above])
                depths[inner] = DEEPEST
            else:
                depths[inner] = depths[above] + 1
    return raised


def _again(ordered: Sequence[Said], by_id: Mapping[int, Said]) -> set[int]:
    """Spans that say what another one says: a model call around one, a tool in itself, a call's uncounted twin."""
    again: set[int] = set()
    for said in ordered:
        if said.kind not in (Kind.LLM, Kind.TOOL) or (said.kind == Kind.LLM and said.conversation is None):
            continue
        seen = {said.span_id}
        above = None if said.parent_id is None else by_id.get(said.parent_id)
        while above is not None and above.span_id not in seen:
            seen.add(above.span_id)
            if said.kind == Kind.LLM and above.kind == Kind.LLM:
                again.add(above.span_id)
            if said.kind == Kind.TOOL and above.kind == Kind.TOOL and above.tool == said.tool:
                again.add(said.span_id)
            if above.kind in BORDERS:
                break
            above = None if above.parent_id is None else by_id.get(above.parent_id)
    return again | _twins([said for said in ordered if said.kind == Kind.LLM and said.span_id not in again])


def _twins(calls: Sequence[Said]) -> set[int]:
    """Calls that are not counted and say what a counted one says at the same time."""
    twins: set[int] = set()
    counted = [one for one in calls if one.counted and one.conversation and one.conversation.output]
    for said in calls:
        if not said.counted and said.conversation and said.conversation.output:
            for other in counted:
                overlap = other.start_ns <= said.end_ns and said.start_ns <= other.end_ns
                if overlap and _texts(other) == _texts(said):
                    twins.add(said.span_id)
    return twins


def _texts(said: Said) -> list[object]:
    output = said.conversation.output if said.conversation else []
    parts = [part for message in output for part in message.get("parts") or [] if isinstance(part, dict)]  # type: ignore[union-attr]
    return [part.get("text") or part.get("name") for part in parts if part.get("type") in ("text", "tool_call")]


def _is_frame(said: Said, by_id: Mapping[int, Said], owners: Mapping[int, int | None]) -> bool:
    """A span at the top of the trace that says what the whole was about."""
    top = said.parent_id is None or said.parent_id not in by_id
    spoke = said.conversation is not None and bool(said.conversation.input or said.conversation.output)
    return top and spoke and said.kind not in BORDERS and said.kind != Kind.LLM and owners[said.span_id] is None


def _unwrapped(entries: list[Entry]) -> list[Entry]:
    """Entries in which no agent holds nothing but itself."""
    for place, entry in enumerate(entries):
        within = entry
        while isinstance(within, Agent) and (inner := _only_itself(within)):
            within = inner
        entries[place] = within
        if isinstance(within, Agent):
            _unwrapped(within.entries)
    return entries


def _only_itself(section: Agent) -> Agent | None:
    """The one section in a section, where both are of the same agent."""
    inner = section.entries[0] if len(section.entries) == 1 else None
    return inner if isinstance(inner, Agent) and inner.agent == section.agent else None


def _any_speech(entries: Iterable[Entry]) -> bool:
    return any(not isinstance(entry, Agent) or _any_speech(entry.entries) for entry in entries)
