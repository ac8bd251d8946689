"""A trace as a transcript: what is said once is shown once, and every tool stands with its result."""

from __future__ import annotations

from itertools import count
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.normalise.traffic import NAMES, capture
from traces.dialects.conversation import Conversation
from traces.messages import conversation
from traces.settle import Decided
from traces.span import Flag, Kind, Status
from traces.transcript import Agent, Earlier, Entry, Failure, Said, Speech, Tool, transcript

ids = count(1)


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "parts": [{"type": "text", "text": text}]}


def assistant(text: str = "", *, call: str = "", id: str | None = None) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"type": "text", "text": text}] if text else []
    if call:
        parts.append({"type": "tool_call", "name": call, "arguments": {"order": 7}} | ({"id": id} if id else {}))
    return {"role": "assistant", "parts": parts}


def result(value: object, *, id: str | None = None, name: str | None = None) -> dict[str, Any]:
    told = {key: text for key, text in (("id", id), ("name", name)) if text}
    return {"role": "tool", "parts": [{"type": "tool_result", "result": value, **told}]}


def said(kind: Kind, start: int, *, parent: int | None = None, system: str = "", **more: Any) -> Said:
    spoken = Conversation(
        system=[{"type": "text", "text": system}] if system else [],
        input=more.pop("input", []),
        output=more.pop("output", []),
    )
    known: dict[str, Any] = {"span_id": next(ids), "name": kind.name.lower(), "status": Status.OK, "counted": True}
    known.update({"duration_ns": 5}, **more)
    return Said(kind=kind, start_ns=start, parent_id=parent, conversation=spoken, **known)


def told(entries: list[Entry], depth: int = 0) -> list[str]:
    """The entries as lines."""
    lines = []
    for entry in entries:
        if isinstance(entry, Speech):
            lines.append(f"{entry.role}: {' '.join(str(part.get('text', part['type'])) for part in entry.parts)}")
        elif isinstance(entry, Tool):
            lines.append(f"{entry.name}({entry.arguments}) = {entry.result if entry.answered else '?'}")
        elif isinstance(entry, Failure):
            lines.append(f"failed: {entry.error_type}")
        else:
            lines.append(entry.agent if isinstance(entry, Agent) else "earlier")
            lines += [f"  {line}" for line in told(entry.entries)]
    return lines


def test_a_history_that_is_sent_again_is_shown_once() -> None:
    """Each call sends everything before it; only what is new of it is shown."""
    first = [user("Where is it?")]
    second = [*first, assistant(call="look_up", id="c1"), result("at home", id="c1")]
    spans = [
        said(Kind.LLM, 0, system="Be kind.", input=first, output=[assistant(call="look_up", id="c1")]),
        said(Kind.LLM, 10, system="Be kind.", input=second, output=[assistant("It is at home.")]),
    ]

    assert told(transcript(spans)) == [
        "system: Be kind.",
        "user: Where is it?",
        "look_up({'order': 7}) = at home",
        "assistant: It is at home.",
    ]


def test_the_same_words_said_twice_are_shown_twice() -> None:
    """A message counts as shown only as often as the history holds it."""
    once = [user("yes")]
    spans = [
        said(Kind.LLM, 0, input=once, output=[assistant("Sure?")]),
        said(Kind.LLM, 10, input=[*once, assistant("Sure?"), user("yes")], output=[assistant("Sure?")]),
    ]

    assert told(transcript(spans)) == ["user: yes", "assistant: Sure?", "user: yes", "assistant: Sure?"]


def test_an_older_conversation_is_put_together() -> None:
    """What a first call sends along from before its question stands apart."""
    history = [user("Hello"), assistant("Hi!"), user("My order?")]

    assert told(transcript([said(Kind.LLM, 0, system="Be kind.", input=history, output=[assistant("Gone.")])])) == [
        "system: Be kind.",
        "earlier",
        "  user: Hello",
        "  assistant: Hi!",
        "user: My order?",
        "assistant: Gone.",
    ]


def test_results_find_their_calls_by_id_and_else_by_order() -> None:
    """Two calls of one tool at once, answered the other way round; without ids the first answer is the first call's."""
    calls = [assistant(call="price", id="a"), assistant(call="price", id="b")]
    by_id = [*calls, result(2, id="b"), result(1, id="a")]
    nameless = [assistant(call="price"), result(1), assistant(call="weight"), result(2)]

    for history in (by_id, nameless):
        entries = transcript([said(Kind.LLM, 0, input=[user("?"), *history], output=[assistant("So.")])])
        assert [entry.result for entry in entries if isinstance(entry, Tool)] == [1, 2]


def test_a_tools_span_joins_the_call_that_asked_for_it() -> None:
    """With its state and its time; its own words fill in what the messages leave out."""
    [_, tool, _] = transcript(
        [
            said(Kind.LLM, 0, input=[user("?")], output=[assistant(call="charge", id="c1")]),
            said(Kind.TOOL, 10, tool="charge", duration_ns=99, status=Status.ERROR, error_type="Declined"),
            said(Kind.LLM, 20, input=[user("?"), assistant(call="charge", id="c1")], output=[assistant("No.")]),
        ]
    )

    assert isinstance(tool, Tool)
    assert (tool.call_id, tool.duration_ns, tool.error_type, tool.answered) == ("c1", 99, "Declined", False)


def test_a_tools_span_before_the_message_that_asks_for_it_is_one_with_it() -> None:
    """Some clients tell a call only with the next request."""
    history = [user("?"), assistant(call="charge", id="c1"), result("done", id="c1")]
    spans = [
        said(Kind.LLM, 0, input=[user("?")]),
        said(Kind.TOOL, 10, tool="charge", input=[{"role": "tool", "parts": [{"type": "tool_call", "id": "c1"}]}]),
        said(Kind.LLM, 20, input=history, output=[assistant("Done.")]),
    ]

    assert told(transcript(spans)) == ["user: ?", "charge({'order': 7}) = done", "assistant: Done."]


def test_sub_agents_have_threads_of_their_own() -> None:
    """What one agent was told is told to the other as well, and shown there; usage is each agent's own."""
    boss = said(Kind.AGENT, 0, agent="boss")
    helper = said(Kind.AGENT, 20, parent=boss.span_id, agent="helper")
    entries = transcript(
        [
            boss,
            said(Kind.LLM, 10, parent=boss.span_id, input=[user("Go")], output=[assistant("Ask.")], input_tokens=7),
            helper,
            said(Kind.LLM, 30, parent=helper.span_id, input=[user("Go")], output=[assistant("Gone.")], input_tokens=9),
        ]
    )

    assert told(entries) == [
        "boss",
        "  user: Go",
        "  assistant: Ask.",
        "  helper",
        "    user: Go",
        "    assistant: Gone.",
    ]
    [top] = entries
    assert isinstance(top, Agent)
    assert (top.calls, top.input_tokens) == (1, 7)


def test_a_call_told_by_two_spans_is_shown_once() -> None:
    """A model call around another one, and a twin beside it that is not counted, repeat what it says."""
    spoken: dict[str, Any] = {"input": [user("Hi")], "output": [assistant("Ho")]}
    outer = said(Kind.LLM, 0, counted=False, **spoken)
    spans = [outer, said(Kind.LLM, 1, parent=outer.span_id, **spoken), said(Kind.LLM, 1, counted=False, **spoken)]

    assert told(transcript(spans)) == ["user: Hi", "assistant: Ho"]


def test_a_failed_call_says_so() -> None:
    """A model call that ended in an error without an answer is an entry."""
    spans = [said(Kind.LLM, 0, input=[user("Hi")], status=Status.ERROR, error_type="RateLimitError")]

    assert told(transcript(spans)) == ["user: Hi", "failed: RateLimitError"]


def test_spans_around_speak_where_nobody_within_does() -> None:
    """An agent whose calls carry no words is told by its own span, a trace by its root."""
    root = said(Kind.PIPELINE, 0, input=[user("Order 7?")], output=[assistant("Gone.")])
    agent = said(Kind.AGENT, 1, parent=root.span_id, agent="desk", input=[user("Find 7")], output=[assistant("Found.")])

    assert told(transcript([root, agent, said(Kind.LLM, 2, parent=agent.span_id)])) == [
        "user: Order 7?",
        "desk",
        "  user: Find 7",
        "  assistant: Found.",
        "assistant: Gone.",
    ]


def test_a_trace_without_words_has_no_transcript() -> None:
    """Agents alone are no conversation."""
    assert transcript([said(Kind.AGENT, 0, agent="desk"), said(Kind.LLM, 1)]) == []


def test_what_is_too_long_is_cut_and_says_so() -> None:
    """Texts, arguments and embedded data are bounded, however deep a structure goes."""
    deep: Any = []
    for _ in range(2000):
        deep = [deep]
    message = {"role": "user", "parts": [{"type": "text", "text": "x" * 200_000}, {"type": "raw", "value": deep}]}

    [speech] = transcript([said(Kind.LLM, 0, input=[message])])

    assert isinstance(speech, Speech)
    assert speech.parts[0]["cut"] == 200_000
    assert len(orjson.dumps(speech.parts)) < 210_000


def test_agents_in_agents_are_shown_however_deep_and_looped_they_are() -> None:
    """Nesting is bounded; parents that form a loop hide nobody."""
    chain = [said(Kind.AGENT, n, span_id=9000 + n, parent=8999 + n, output=[assistant(f"t{n}")]) for n in range(3000)]
    loop = [said(Kind.AGENT, n, span_id=n + 1, parent=(n + 1) % 5 + 1, output=[assistant("x")]) for n in range(5)]

    assert len(orjson.dumps(transcript(chain))) > 3000
    assert len(transcript(loop)) == 5


texts = st.sampled_from(["", "a", "b", "{", "😀"])
parts = st.recursive(
    st.one_of(st.none(), st.integers(-(2**63), 2**64 - 1), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=6,
)
part = st.one_of(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["text", "tool_call", "tool_result", "raw", "image", "odd"])},
        optional=dict.fromkeys(("text", "id", "name", "arguments", "result", "value", "data"), parts),
    ),
    parts,
)
message = st.fixed_dictionaries(
    {"role": st.one_of(st.sampled_from(["user", "assistant", "tool", "system", "odd"]), parts)},
    optional={"parts": st.one_of(st.lists(part, max_size=4), parts), "name": parts, "finish_reason": parts},
)
spans = st.lists(
    st.builds(
        Said,
        span_id=st.integers(0, 6),
        parent_id=st.one_of(st.none(), st.integers(0, 7)),
        kind=st.sampled_from(list(Kind)),
        status=st.sampled_from(list(Status)),
        start_ns=st.integers(0, 9),
        duration_ns=st.one_of(st.none(), st.integers(0, 9)),
        name=texts,
        counted=st.booleans(),
        conversation=st.one_of(
            st.none(),
            st.builds(
                Conversation,
                system=st.lists(part.filter(lambda one: isinstance(one, dict)), max_size=2),
                input=st.lists(message, max_size=4),
                output=st.lists(message, max_size=3),
            ),
        ),
    ),
    max_size=7,
    unique_by=lambda one: one.span_id,
)


@settings(deadline=None, max_examples=60)
@given(spans, st.randoms())
def test_anything_may_be_said_in_any_order(found: list[Said], random: Any) -> None:
    """No message of any shape, and no order of the spans, makes a transcript fail or differ."""
    shuffled = random.sample(found, len(found))

    assert orjson.dumps(transcript(found)) == orjson.dumps(transcript(shuffled))


def heard(decided: Decided, spoken: Conversation) -> Said:
    span = decided.span
    return Said(
        span_id=span.span_id,
        parent_id=span.parent_id,
        kind=span.kind,
        status=span.status,
        start_ns=span.start_ns,
        duration_ns=None if span.end_ns is None else span.end_ns - span.start_ns,
        name=span.name,
        agent=decided.agent,
        model=span.model,
        tool=span.tool,
        error_type=span.error_type,
        counted=bool(decided.flags & Flag.USAGE_COUNTED),
        conversation=spoken,
    )


@pytest.mark.parametrize("name", NAMES)
def test_real_traffic_repeats_nothing(name: str) -> None:
    """In no thread of any capture does somebody say the same long text twice, nor a tool's call come without a name."""
    found = capture(name)
    traces: dict[str, list[Said]] = {}
    for span_id, decided in found.spans.items():
        if span_id in found.raw:
            one = heard(decided, conversation(found.raw[span_id]))
            traces.setdefault(decided.span.trace_id, []).append(one)

    for spoken in traces.values():
        threads = [transcript(spoken)]
        for thread in threads:
            threads += [entry.entries for entry in thread if isinstance(entry, (Agent, Earlier))]
            lines = [line for line in told(thread) if line.startswith(("user: ", "assistant: ", "system: "))]
            assert len(lines) == len(set(lines))
            assert all(entry.name for entry in thread if isinstance(entry, Tool))


def test_a_real_conversation_reads_like_one() -> None:
    """The order desk's capture: two agents, a tool each, one of which fails."""
    found = capture("otel_http")
    trace = next(one.span.trace_id for one in found.spans.values() if one.span.agent == "refund")
    spoken = [
        heard(one, conversation(found.raw[span_id]))
        for span_id, one in found.spans.items()
        if one.span.trace_id == trace
    ]

    lines = told(transcript(spoken))

    assert lines[0] == "triage"
    assert "  assistant: The order was delivered; I hand over to refunds." in lines
    assert "  issue_refund({'order_id': 'ORD-1001', 'amount': 49.9}) = error: gateway timeout" in lines
    assert lines[-1] == "  assistant: I could not refund ORD-1001 now; a colleague will do it by hand."
