"""Log records complete the model calls that they belong to, whichever comes first, and add nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.store.house import TABLES, House
from tests.store.logs import Logged, body, details
from tests.store.spans import Attribute, Sent, agent, chat
from traces.inbox.batch import Signal
from traces.settle import USAGE_COUNTED
from traces.span import Flag, Outcome
from traces.store.replay import replay

SILENT = (agent(1, "planner"), chat(2, parent=1, tokens=None))
CLAUDE = "com.anthropic.claude_code.events"
SESSION: dict[str, Attribute] = {"session.id": "s-1"}


def receive(house: House, *records: Logged, scope: str = "shop.logs") -> None:
    """Log records arrive."""
    house.receive_body(body(list(records), scope=scope), len(records), signal=Signal.LOGS)


def tokens(house: House) -> list[tuple[int | None, int | None]]:
    """Of the trace, and of all counted calls."""
    in_trace = house.one("SELECT tokens_in, tokens_out FROM traces_trace")
    return [
        in_trace,
        house.one("SELECT sum(tokens_in)::int, sum(tokens_out)::int FROM traces_span WHERE flags & 2 = 2"),
    ]


@pytest.mark.parametrize("logs_first", [True, False])
def test_a_record_completes_its_call_in_either_order(house: House, logs_first: bool) -> None:
    """The tokens that a span leaves unsaid are those of its record, in the row, the sums and the rollups."""
    steps: list[Callable[[], object]] = [lambda: receive(house, details(2)), lambda: house.receive(*SILENT)]
    for step in steps if logs_first else reversed(steps):
        step()
        house.finish()

    assert tokens(house) == [(30, 9), (30, 9)]
    assert house.flags()[2] & (USAGE_COUNTED | Flag.USAGE_LOGGED) == USAGE_COUNTED | Flag.USAGE_LOGGED
    assert [(row[4], row[13], row[14]) for row in house.rollups() if row[11]] == [("planner", 30, 9)]


def test_what_the_span_says_stands_and_nothing_counts_twice(house: House) -> None:
    """A record that repeats its span's usage adds nothing; nor does the same record again, nor a second one."""
    house.receive(agent(1, "planner"), chat(2, parent=1, tokens=(10, 5)), chat(3, parent=1, tokens=None))
    receive(house, details(2, tokens=(11, 6)), details(3))
    house.finish()
    receive(house, details(3))
    receive(house, details(3, tokens=(99, 99), at=70))
    house.finish()

    assert tokens(house) == [(40, 14), (40, 14)]


def test_settling_again_and_replay_change_nothing(house: House) -> None:
    """What a record told is not taken for what the span said."""
    receive(house, details(2))
    house.receive(*SILENT)
    house.finish()
    before = house.spans(), house.traces(), house.rollups(), house.ledger()

    house.conn.execute("INSERT INTO traces_settle SELECT trace_id, project_id, now() FROM traces_trace")
    house.settle()
    again = house.spans(), house.traces(), house.rollups(), house.ledger()
    replay(house.conn)
    house.finish()

    assert again == before
    assert (house.spans(), house.traces(), house.rollups(), house.ledger()) == before


@pytest.mark.parametrize("logs_first", [True, False])
def test_a_record_without_ids_is_joined_by_session_and_time(house: House, logs_first: bool) -> None:
    """Claude Code's cost is in its logs alone: that of the call which was just ending."""
    said: dict[str, Attribute] = {
        **SESSION,
        "model": "claude-sonnet-4-5",
        "cost_usd": 0.25,
        "input_tokens": 7,
        "output_tokens": 3,
    }
    record = Logged(event="api_request", trace=None, at=55, attributes=said)
    other = Logged(event="api_request", trace=None, at=50_000, attributes=said)  # of a later turn
    root = Sent(id=1, name="claude_code.interaction", attributes=dict(SESSION), end=100)
    call = chat(2, parent=1, tokens=None, model="claude-sonnet-4-5", start=10, end=50)
    steps: list[Callable[[], object]] = [
        lambda: receive(house, record, other, scope=CLAUDE),
        lambda: house.receive(root, call),
    ]
    for step in steps if logs_first else reversed(steps):
        step()
        house.finish()

    assert tokens(house) == [(7, 3), (7, 3)]
    assert house.one("SELECT reported_cost FROM traces_span WHERE span_id = 2") == 0.25


def test_a_record_whose_span_never_comes_is_kept(house: House) -> None:
    """It invents no trace and stops nothing; its place is found when its trace is asked for."""
    receive(house, details(2))
    house.finish()

    assert house.one("SELECT count(*) FROM traces_trace") == 0
    assert house.rows("SELECT span_id, event FROM traces_log") == [(2, "gen_ai.client.inference.operation.details")]
    assert house.rows("SELECT 1 FROM traces_settle UNION SELECT 1 FROM traces_log_queue") == []
    assert house.ledger() == {Outcome.LOGS_RECEIVED: 1, Outcome.LOGS_STORED: 1}


SPANS = (
    Sent(id=1, name="claude_code.interaction", attributes=dict(SESSION), end=1000),
    agent(2, "planner", parent=1, start=10, end=500),
    chat(3, parent=2, tokens=None, model="m-1", start=20, end=40),
    chat(4, parent=2, tokens=None, model="m-1", start=60, end=90),
    chat(5, parent=4, tokens=None, model="m-1", start=61, end=89),
)
RECORDS = (
    details(3, at=41),
    details(3, tokens=(1, 1), at=42),
    details(5, tokens=(8, 2), at=43),
    Logged(event="claude_code.api_request", trace=None, at=91, attributes={**SESSION, "model": "m-1", "cost_usd": 0.5}),
)


@pytest.mark.slow  # stores some twenty small worlds
def test_any_order_of_spans_and_records_ends_alike(house: House) -> None:
    """One by one, in any order, with any settling in between: the same rows and the same sums."""
    pieces: list[Sent | Logged] = [*SPANS, *RECORDS]

    def arrive(order: Sequence[Sent | Logged], between: Sequence[int]) -> tuple[object, ...]:
        house.conn.execute(f"TRUNCATE {TABLES}")
        house.keys.__init__()  # type: ignore[misc]  # ids of truncated keys
        for piece, then in zip(order, between, strict=True):
            house.receive(piece) if isinstance(piece, Sent) else receive(house, piece)
            if then:
                house.store()
                house.settle(later_ms=0 if then == 1 else 60_000)
        house.finish()
        return house.state()

    first = arrive(pieces, [0] * len(pieces))

    @settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.permutations(pieces), st.lists(st.integers(0, 2), min_size=len(pieces), max_size=len(pieces)))
    def check(order: Sequence[Sent | Logged], between: list[int]) -> None:
        assert arrive(order, between) == first

    check()
    assert tokens(house) == [(38, 11), (38, 11)]
