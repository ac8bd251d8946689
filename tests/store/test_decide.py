"""What a trace says about its spans: pure rules, the same for any order."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from traces.settle import AGENT_INHERITED, PENDING, REPEATED, UNPRICED, UNSETTLED, USAGE_COUNTED, Decision, decide
from traces.span import Kind, Span, Status, TraceStatus, Usage
from traces.store.critical import mark_critical
from traces.store.summary import Summary, summarise
from traces.tree import Node, analyse


def span(id: int, parent: int | None = None, **rest: object) -> Span:
    """A span of 100 ns; what a test is about is given."""
    fields: dict[str, object] = {
        "name": "step", "kind": Kind.CHAIN, "status": Status.UNSET, "start_ns": id, "end_ns": id + 100,
    }  # fmt: skip
    return Span(trace_id="a" * 32, span_id=id, parent_id=parent, ordinal=0, **(fields | rest))  # type: ignore[arg-type]


def call(id: int, parent: int | None = None, **rest: object) -> Span:
    """A model call with usage."""
    return span(id, parent, kind=Kind.LLM, usage=Usage(uncached=10, output_text=5), **rest)


def agents(decision: Decision) -> dict[int, str | None]:
    return {one.span.span_id: one.agent for one in decision.spans}


def counted(spans: Sequence[Span]) -> set[int]:
    return {one.span.span_id for one in decide(spans).spans if one.flags & USAGE_COUNTED}


def summary(*spans: Span) -> Summary:
    return summarise(decide(spans).spans)


def test_a_span_has_the_nearest_agent_above_it() -> None:
    """Through steps of any depth, and its own name first."""
    decision = decide([
        span(1, agent="outer", kind=Kind.AGENT), span(2, 1),
        span(3, 2, agent="inner", kind=Kind.AGENT), span(4, 3), call(5, 4),
    ])  # fmt: skip

    assert agents(decision) == {1: "outer", 2: "outer", 3: "inner", 4: "inner", 5: "inner"}
    assert [one.flags & AGENT_INHERITED for one in decision.spans] == [0, 1, 0, 1, 1]
    assert decision.complete


def test_an_agent_without_a_name_does_not_take_the_name_above_it() -> None:
    """Its calls are not calls of that agent; what is below it still inherits."""
    decision = decide([span(1, agent="outer", kind=Kind.AGENT), span(2, 1, kind=Kind.AGENT), call(3, 2)])

    assert agents(decision) == {1: "outer", 2: None, 3: "outer"}


def test_a_missing_ancestor_leaves_the_agent_open() -> None:
    """Unless an agent is known below what is missing."""
    decision = decide([span(2, 1), call(3, 2), span(4, 9, agent="known", kind=Kind.AGENT), call(5, 4)])

    assert {one.span.span_id for one in decision.spans if one.flags & UNSETTLED} == {2, 3}
    assert agents(decision)[5] == "known"
    assert not decision.complete


def test_a_trace_without_agents_is_decided() -> None:
    """No agent up to the root is an answer."""
    decision = decide([span(1), call(2, 1)])

    assert [one.flags & UNSETTLED for one in decision.spans] == [0, 0]
    assert decision.complete


def test_only_the_lowest_of_nested_calls_counts() -> None:
    """Whatever lies between them."""
    assert counted([call(1), span(2, 1), call(3, 2), call(4, 3)]) == {4}


def test_a_call_that_asked_for_an_agent_counts_beside_the_agents_calls() -> None:
    """Google's ADK puts tools and sub-agents under the model call that asked for them."""
    delegated = [call(1), span(2, 1, kind=Kind.AGENT), call(3, 2), span(4, 1, kind=Kind.TOOL), call(5, 4), call(6, 5)]

    assert counted(delegated) == {1, 3, 6}


def test_a_call_that_two_instrumentations_report_side_by_side_counts_once() -> None:
    """An SDK's own span within the instrumentor's, of the same model, that says the same or nothing."""
    outer = call(2, 1, model="m", scope_key=1, start_ns=0, end_ns=100)
    inner = call(3, 1, model="m-2024", request_model="m", scope_key=2, start_ns=10, end_ns=90)
    silent = span(4, 1, kind=Kind.LLM, model="m", scope_key=3, start_ns=20, end_ns=80)
    others = [
        call(5, 1, model="m", scope_key=1, start_ns=10, end_ns=90),  # a second call of the same instrumentation
        call(6, 1, model="n", scope_key=2, start_ns=10, end_ns=90),  # another model
        call(7, 1, model="m", scope_key=2, start_ns=50, end_ns=100_000_000),  # another time
        call(8, 9, model="m", scope_key=2, start_ns=10, end_ns=90),  # elsewhere
    ]

    decision = decide([span(1), outer, inner, silent, *others, span(9, 1)])

    repeated = {one.span.span_id for one in decision.spans if one.flags & REPEATED}
    assert counted([span(1), outer, inner, silent, *others, span(9, 1)]) == {2, 5, 6, 7, 8}
    assert repeated == {3, 4}


def test_a_call_below_one_that_tells_its_usage_is_part_of_it() -> None:
    """A raw request below its call is no second one; one that failed below a mere wrapper is a call of its own."""
    raw = span(3, 2, kind=Kind.LLM)
    retried = [call(4, 1), call(5, 4), span(6, 4, kind=Kind.LLM, status=Status.ERROR)]

    decision = decide([span(1), call(2, 1), raw, *retried])

    assert {one.span.span_id: one.flags & (REPEATED | USAGE_COUNTED) for one in decision.spans} == {
        1: 0, 2: USAGE_COUNTED, 3: REPEATED, 4: REPEATED, 5: USAGE_COUNTED, 6: 0,
    }  # fmt: skip


def test_calls_with_one_response_id_count_once_the_deepest() -> None:
    """Then the earliest, then the smallest id."""
    deepest = [call(2, 1, response_key=7), span(3, 1), call(4, 3, response_key=7), span(1)]
    earliest = [span(1), call(2, 1, response_key=7, start_ns=50), call(3, 1, response_key=7, start_ns=40)]
    smallest = [span(1), call(3, 1, response_key=7, start_ns=50), call(2, 1, response_key=7, start_ns=50)]

    assert [counted(spans) for spans in (deepest, earliest, smallest)] == [{4}, {3}, {2}]


def test_a_counted_call_without_a_price_is_unpriced() -> None:
    """Never free."""
    decision = decide([call(1), call(2, cost=0.1)])

    assert [one.flags for one in decision.spans] == [USAGE_COUNTED | UNPRICED, USAGE_COUNTED]


def test_rings_of_parents_are_decided_too() -> None:
    """A span that is above itself has no top, and its usage no call."""
    decision = decide([span(1, 2), call(2, 1), call(3, 3)])

    assert agents(decision) == {1: None, 2: None, 3: None}
    assert counted([span(1, 2), call(2, 1), call(3, 3)]) == {3}


@st.composite
def forests(draw: st.DrawFn) -> list[Span]:
    """Any set of spans: orphans, rings, several roots."""
    size = draw(st.integers(1, 9))
    spans = []
    for id in range(1, size + 1):
        start, length = draw(st.integers(0, 50)), draw(st.integers(0, 50))
        make = draw(st.sampled_from([span, call]))
        spans.append(make(
            id,
            draw(st.none() | st.integers(1, size + 1)),
            agent=draw(st.none() | st.sampled_from(["a", "b"])),
            response_key=draw(st.none() | st.integers(1, 2)),
            start_ns=start,
            end_ns=start + length,
        ))  # fmt: skip
    return spans


@given(forests(), st.randoms())
def test_decisions_and_summaries_do_not_depend_on_order(spans: list[Span], random: object) -> None:
    """Any shuffle gives the same decision for each span and the same summary."""
    shuffled = list(spans)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    one, other = decide(spans), decide(shuffled)

    key = lambda decided: decided.span.span_id  # noqa: E731
    assert sorted(one.spans, key=key) == sorted(other.spans, key=key)
    assert one.complete == other.complete
    assert summarise(one.spans) == summarise(other.spans)


@given(forests())
def test_critical_time_is_that_of_the_tree_module(spans: list[Span]) -> None:
    """The short way for ordinary traces finds what the long way finds."""
    decision = decide(spans)
    if not decision.complete:
        return

    mark_critical(decision.spans)

    placed = analyse([Node(span.span_id, span.parent_id, span.start_ns, span.end_ns) for span in spans])
    assert {one.span.span_id: one.critical_ns or 0 for one in decision.spans} == {
        span_id: place.critical_ns for span_id, place in placed.items()
    }


def test_a_handled_error_does_not_fail_the_trace() -> None:
    """Only its root does; errors below it are counted."""
    handled = summary(span(1), span(2, 1, status=Status.ERROR))
    failed = summary(span(1, status=Status.ERROR), span(2, 1))

    assert (handled.status, handled.error_count) == (TraceStatus.OK, 1)
    assert (failed.status, failed.error_count) == (TraceStatus.ERROR, 1)


def test_a_trace_waits_until_something_starts_after_the_interruption() -> None:
    """An interrupted run waits for a person; once it goes on it does not."""
    interrupted = [span(1, end_ns=210), span(2, 1, status=Status.WAITING, start_ns=10, end_ns=200)]
    resumed = [*interrupted, span(3, 1, start_ns=300, end_ns=400)]

    assert summary(*interrupted).status is TraceStatus.WAITING
    assert summary(*resumed).status is TraceStatus.OK


def test_a_trace_is_open_without_a_root_and_while_spans_run() -> None:
    """A pending span, or a root that has not come."""
    running = summary(span(1, end_ns=None, pending=True), span(2, 1))

    assert summary(span(2, 1)).status is TraceStatus.OPEN
    assert (running.status, running.open_count) == (TraceStatus.OPEN, 1)
    assert decide([span(1, end_ns=None, pending=True)]).spans[0].flags == PENDING


def test_names_of_a_trace_are_bounded_and_ordered_by_first_appearance() -> None:
    """Fifty of each at most."""
    spans = [span(1, start_ns=0), *(span(id, 1, tool=f"tool-{id}", start_ns=1000 - id) for id in range(2, 90))]

    assert summary(*spans).tools == [f"tool-{id}" for id in range(89, 39, -1)]


def test_one_call_seen_many_times_deep_down_is_found_in_one_climb() -> None:
    """50,000 spans above 25,000 copies of a call: each span above is looked at once, not once for each copy."""
    deep = 50_000
    chain = [span(id, id - 1 if id else None) for id in range(deep)]
    copies = [call(deep + id, deep - 1, response_key=7) for id in range(deep // 2)]

    assert counted([*chain, *copies]) == {deep}


def test_below_a_cycle_calls_are_equally_deep() -> None:
    """A cycle has no top to count from: the earliest of one call's copies counts."""
    ring = [span(1, 3), span(2, 1), span(3, 2)]

    assert counted([*ring, call(5, 4, response_key=7), span(4, 3), call(6, 1, response_key=7)]) == {5}
