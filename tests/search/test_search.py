"""Text search finds what a naive one finds, newest first, indexed or not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import groupby

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoDbBlocker

from tests.store.house import PROJECT, House, arrival_day, days_after
from tests.store.logs import Logged, body, details
from tests.store.spans import EPOCH_NS, MS, Attribute, Sent
from traces.filters import parse
from traces.inbox.batch import Signal
from traces.jobs import expire_before
from traces.queries import search as queries
from traces.queries.search import Searched
from traces.queries.traces import count_over_time, facets, newest_traces
from traces.queries.window import Window
from traces.search.index import make_segment
from traces.search.match import Memory
from traces.store.replay import replay

ALWAYS = Window(start_ns=0, end_ns=2**62)
WORDS = ["refund", "order", "the", "of", "Köln", "ORD-1001", "退款"]


def say(trace: int, text: str, *, id: int | None = None, start: int | None = None, **attributes: str) -> Sent:
    """A span that says something; by default traces start in the order of their numbers."""
    start = trace * 1000 if start is None else start
    return Sent(id=id or trace, trace=trace, start=start, end=start + 100, attributes={"message": text, **attributes})


def found(q: str, *, window: Window = ALWAYS, limit: int = 1000) -> list[int]:
    """The traces that a query finds, in its order."""
    return [int(row.trace_id, 16) for row in newest_traces(PROJECT, window=window, filter=parse(q), limit=limit).rows]


def index(house: House, days: int = 0) -> int:
    return make_segment(house.conn, PROJECT, arrival_day(days))


@pytest.fixture(autouse=True)
def forgetful(monkeypatch: pytest.MonkeyPatch, house: House, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A process that has looked for nothing yet, and reads what the house commits."""
    monkeypatch.setattr(queries, "MEMORY", Memory())
    with django_db_blocker.unblock():
        yield
        connection.close()


# --- against a naive search


def naive_words(text: str) -> list[str]:
    spaced = "".join(f" {sign} " if sign in "退款" else sign for sign in text.lower())
    return ["".join(run) for is_word, run in groupby(spaced, str.isalnum) if is_word]


def naive(phrase: str, text: str) -> bool:
    asked, said = naive_words(phrase), naive_words(text)
    return any(said[at : at + len(asked)] == asked for at in range(len(said)))


phrases = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=8).map(", ".join)
spans_said = st.tuples(st.integers(1, 6), st.integers(0, 50), texts)


@st.composite
def questions(draw: st.DrawFn, depth: int = 2) -> tuple[str, Callable[[list[str], bool], bool]]:
    """A filter and what it says of a trace's texts and whether the trace failed."""
    shape = draw(st.sampled_from(["text", "text", "status", "and", "or", "not"])) if depth else "text"
    if shape == "status":
        return "status:error", lambda said, failed: failed
    if shape == "text":
        phrase = draw(phrases)
        return f'text:"{phrase}"', lambda said, failed: any(naive(phrase, text) for text in said)
    one, holds = draw(questions(depth=depth - 1))
    if shape == "not":
        return f"not ({one})", lambda said, failed: not holds(said, failed)
    other, also = draw(questions(depth=depth - 1))
    if shape == "or":
        return f"({one} or {other})", lambda said, failed: holds(said, failed) or also(said, failed)
    return f"({one} {other})", lambda said, failed: holds(said, failed) and also(said, failed)


@pytest.mark.slow  # batches are stored for every example
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    batches=st.lists(st.lists(spans_said, min_size=1, max_size=5), min_size=1, max_size=5),
    indexed=st.integers(0, 5),
    question=questions(),
    window=st.tuples(st.integers(0, 30), st.integers(20, 60)),
    limit=st.integers(1, 3),
    failing=st.sets(st.integers(1, 6)),
)
def test_what_is_found_is_what_is_there(
    house: House,
    batches: list[list[tuple[int, int, str]]],
    indexed: int,
    question: tuple[str, Callable[[list[str], bool], bool]],
    window: tuple[int, int],
    limit: int,
    failing: set[int],
) -> None:
    """Whatever arrived when, whatever part is indexed, for any filter and window, page by page, newest first."""
    house.conn.execute(f"TRUNCATE {', '.join(TABLES)}")
    queries.MEMORY = Memory()
    traces: dict[int, tuple[int, list[str]]] = {}
    id = 0
    for place, batch in enumerate(batches):
        sent = []
        for trace, start, text in batch:
            id += 1
            attributes = {"message": json.dumps([{"role": "x", "content": text}])}
            span = Sent(
                id=id, trace=trace, start=start, end=start + 1, error=trace in failing, attributes=dict(attributes)
            )
            sent.append(span)
            first, said = traces.get(trace, (start, []))
            traces[trace] = min(first, start), [*said, text]
        house.receive(*sent)
        house.store()
        if place < indexed:
            index(house)
    house.finish()
    text, holds = question
    asked = Window(start_ns=EPOCH_NS + window[0] * MS, end_ns=EPOCH_NS + window[1] * MS)

    pages, cursor = [], None
    while True:
        page = newest_traces(PROJECT, window=asked, filter=parse(text), cursor=cursor, limit=limit)
        pages += [int(row.trace_id, 16) for row in page.rows]
        cursor = page.next
        if cursor is None:
            break

    expected = sorted(
        (-start, trace)
        for trace, (start, said) in traces.items()
        if window[0] <= start < window[1] and holds(said, trace in failing)
    )
    assert pages == [trace for _, trace in expected], text


TABLES = (
    "traces_span", "traces_inbox_batch", "traces_trace", "traces_settle", "traces_inbox_queue",
    "traces_search_segment", "traces_search_queue",
)  # fmt: skip


# --- promises


def test_the_newest_part_is_searched_before_it_is_indexed(house: House) -> None:
    """What was stored a moment ago is found with the rest, and the answer says how much was read without the index."""
    house.receive(say(1, "a refund, please"))
    house.store()
    index(house)
    house.receive(say(2, "another refund"))
    house.store()

    page = newest_traces(PROJECT, window=ALWAYS, filter=parse("text:refund"))

    assert [int(row.trace_id, 16) for row in page.rows] == [2, 1]
    assert page.searched == Searched(back_to_ns=None, unindexed=1)


def test_names_and_errors_are_searched(house: House) -> None:
    """Names of spans and services, status messages, attributes of any name."""
    house.receive(Sent(id=1, trace=1, name="charge_card", error=True, attributes={"x.y": "deep inside"}))
    house.store()

    for q in ("text:charge", 'text:"charge card"', 'text:"it failed"', "text:SHOP", 'text:"deep inside"'):
        assert found(q) == [1], q
    assert found("text:charg") == []


@pytest.mark.parametrize("indexed", [False, True])
def test_what_log_records_say_is_found_in_their_traces(house: House, indexed: bool) -> None:
    """By their trace's id, or by their session and time where they know no trace."""
    attributes: dict[str, Attribute] = {"session.id": "s-1", "prompt": "where is my parcel"}
    of_session = Logged(event="user_prompt", trace=None, at=2050, attributes=attributes)
    too_late = Logged(event="user_prompt", trace=None, at=90_000, attributes={**attributes, "prompt": "later parcel"})
    house.receive(say(1, "nothing"), Sent(id=2, trace=2, start=2000, end=2100, attributes={"session.id": "s-1"}))
    house.receive_body(body([details(1, trace=1, at=1050)]), 1, signal=Signal.LOGS)
    scope = "com.anthropic.claude_code.events"
    house.receive_body(body([of_session, too_late], scope=scope), 2, signal=Signal.LOGS)
    house.finish()
    if indexed:
        index(house)

    assert found('text:"where is my order"') == [1]
    assert found('text:"my parcel"') == [2]
    assert found('text:"later parcel"') == []
    assert found("text:parcel trace:" + "0" * 31 + "2") == [2]


def test_a_late_span_of_an_old_trace_does_not_go_first(house: House) -> None:
    """The order is by the traces' starts, whenever the batch with the words arrived."""
    house.receive(say(1, "nothing", start=1))
    house.receive(say(2, "the word", start=5))
    house.receive(say(1, "the word", id=9, start=9))
    house.finish()
    index(house)

    assert found("text:word") == [2, 1]
    assert found("text:word", limit=1) == [2]


def test_a_span_after_the_window_counts_for_a_trace_in_it(house: House) -> None:
    """The window is about when traces start."""
    house.receive(say(1, "nothing", start=1))
    house.receive(say(1, "the word", id=9, start=900_000))
    house.receive(say(2, "the word", start=900_000))
    house.finish()
    index(house)

    assert found("text:word", window=Window(start_ns=EPOCH_NS, end_ns=EPOCH_NS + 5000 * MS)) == [1]


def test_a_replay_rebuilds_the_index(house: House) -> None:
    """Segments go with what else is derived, batches wait to be indexed once they are stored again."""
    house.receive(say(1, "a refund"))
    house.finish()
    assert index(house) == 1

    replay(house.conn)
    assert house.one("SELECT count(*) FROM traces_search_segment") == 0
    assert found("text:refund") == []
    house.finish()
    assert found("text:refund") == [1]

    assert index(house) == 1
    assert found("text:refund") == [1]


def test_a_replay_of_one_project_leaves_the_index_of_others(house: House) -> None:
    """Only its own segments are forgotten."""
    house.receive(say(1, "a refund"))
    house.receive(say(2, "a refund"), project=PROJECT + 1)
    house.finish()
    index(house)
    make_segment(house.conn, PROJECT + 1, arrival_day())

    replay(house.conn, project_id=PROJECT + 1)

    assert house.rows("SELECT project_id FROM traces_search_segment") == [(PROJECT,)]


def test_segments_go_with_their_day(house: House) -> None:
    """Retention drops them as it drops the batches, and forgets what was still to be indexed."""
    house.receive(say(1, "old refund"))
    house.receive(say(2, "old refund"))
    house.store()
    house.conn.execute(
        "DELETE FROM traces_search_queue WHERE batch_id = (SELECT max(batch_id) FROM traces_search_queue)"
    )
    index(house)
    house.receive(say(3, "old refund"))
    house.receive(say(4, "new refund"), at_ms=days_after(3))
    house.store()
    index(house, 3)

    expire_before(house.conn, arrival_day(2))

    assert house.rows("SELECT day FROM traces_search_segment") == [(arrival_day(3),)]
    assert house.rows("SELECT day FROM traces_search_queue") == []
    assert found("text:refund") == [4]


def test_another_project_is_never_searched(house: House) -> None:
    """Indexed or not."""
    house.receive(say(1, "a refund"), project=PROJECT + 1)
    house.store()
    assert found("text:refund") == []

    make_segment(house.conn, PROJECT + 1, arrival_day())
    assert found("text:refund") == []


def test_a_large_batch_is_several_columns_and_small_ones_share_one(house: House) -> None:
    """Columns hold about as much as each other, and every batch is found by its own words."""
    long = " ".join(f"word{number}" for number in range(6000))
    house.receive(*(say(1, f"{long} part{part}", id=part + 1) for part in range(10)))
    for trace in range(2, 12):
        house.receive(say(trace, f"small{trace} one"))
    house.store()

    index(house)

    columns, batches = house.one("SELECT cardinality(firsts), cardinality(batches) FROM traces_search_segment")
    assert (1 < columns < 10, batches) == (True, 11)
    assert found('text:"word5999 part9"') == [1]
    assert found("text:small7") == [7]


def test_what_cannot_be_read_costs_the_others_nothing(house: House) -> None:
    """A batch that was damaged at rest has no text."""
    damaged = house.receive(say(1, "a refund"))
    house.receive(say(2, "a refund"))
    house.store()
    house.conn.execute("UPDATE traces_inbox_batch SET body = 'x' WHERE id = %s", [damaged])

    assert found("text:refund") == [2]
    assert index(house) == 2
    assert found("text:refund") == [2]


def test_a_search_ends_when_its_time_is_up_and_goes_on_from_there(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer says how far back it went; the next page goes on, and in the end everything was found."""
    for trace in range(1, 30):
        house.receive(say(trace, "a refund" if trace % 10 == 0 else "nothing of the kind", start=trace * 1000))
    house.store()
    monkeypatch.setattr("traces.queries.traces.BUDGET_S", 0.0)
    monkeypatch.setattr("traces.queries.search.FIRST_BATCHES", 1)

    seen: list[int] = []
    cursor, pages = None, 0
    while True:
        page = newest_traces(PROJECT, window=ALWAYS, filter=parse("text:refund"), cursor=cursor)
        seen += [int(row.trace_id, 16) for row in page.rows]
        pages += 1
        if page.next is None:
            break
        assert page.searched is not None and page.searched.back_to_ns is not None
        cursor = page.next

    assert seen == [20, 10]
    assert pages > 5


def test_counts_and_facets_are_about_what_was_found(house: House) -> None:
    """The same traces as the list's."""
    house.receive(say(1, "a refund"), say(2, "a refund"), say(3, "nothing"))
    house.finish()
    index(house)
    window = Window(start_ns=EPOCH_NS, end_ns=EPOCH_NS + 10_000 * MS)

    [bar] = count_over_time(PROJECT, window=window, filter=parse("text:refund"), bars=1)

    assert bar.ok + bar.error + bar.running + bar.waiting == 2
    assert facets(PROJECT, window=window, filter=parse("text:refund")).service == [("shop", 2)]
