"""What is stored does not depend on the order in which spans arrive."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.store.house import TABLES, House, arrival_day, days_after
from tests.store.spans import Sent, agent, chat, pending, tool
from traces.settle import PENDING, USAGE_COUNTED

ROOT = Sent(id=1, name="handle order", start=0, end=1000, attributes={"session.id": "s-1"})
TREE = (
    ROOT,
    agent(2, "planner", parent=1, start=10, end=500),
    chat(3, parent=2, tokens=(30, 9), start=20, end=480),  # repeats what the next one says
    chat(4, parent=3, tokens=(30, 9), start=30, end=470),
    tool(5, parent=2, start=481, end=499, error=True),
    Sent(id=6, parent=1, name="hand over", start=510, end=990),
    agent(7, "writer", parent=6, start=520, end=980),
    chat(8, parent=7, response="r-1", tokens=(7, 3), start=530, end=700),
    chat(9, parent=7, response="r-1", tokens=(7, 3), start=531, end=699, model="m-2"),
)
WITHOUT_ROOT = TREE[1:]


def split(spans: Sequence[Sent], cuts: Sequence[int]) -> list[list[Sent]]:
    """The spans in batches that end at these places."""
    edges = sorted({0, len(spans), *(cut % (len(spans) + 1) for cut in cuts)})
    return [list(spans[start:end]) for start, end in pairwise(edges)]


def final_state(house: House, batches: list[list[Sent]], between: Sequence[int]) -> tuple[object, ...]:
    """The state after these batches; after some of them the worker stores (1) or stores and settles (2, 3)."""
    house.conn.execute(f"TRUNCATE {TABLES}")
    house.keys.__init__()  # type: ignore[misc]  # ids of truncated keys
    for batch, then in zip(batches, between, strict=False):
        house.receive(*batch)
        if then >= 1:
            house.store()
        if then >= 2:
            house.settle(later_ms=0 if then == 2 else 60_000)
    house.finish()
    return house.state()


@pytest.mark.slow  # stores some sixty small worlds
@pytest.mark.parametrize("spans", [TREE, WITHOUT_ROOT], ids=["rooted", "never rooted"])
def test_shuffled_and_split_spans_end_as_ordered_ones(house: House, spans: Sequence[Sent]) -> None:
    """Any order and any split of a trace, with any settling in between, end in the same rows and the same sums."""
    ordered = final_state(house, [list(spans)], [0])

    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        shuffled=st.permutations(spans),
        cuts=st.lists(st.integers(0, len(spans)), max_size=6),
        between=st.lists(st.integers(0, 3), min_size=8, max_size=8),
    )
    def check(shuffled: Sequence[Sent], cuts: list[int], between: list[int]) -> None:
        assert final_state(house, split(shuffled, cuts), between) == ordered

    check()


def test_a_trace_that_arrives_whole_is_decided_at_once(house: House) -> None:
    """No settling is needed when the root and every parent are there."""
    house.receive(*TREE)

    house.store()

    assert house.one("SELECT count(*) FROM traces_settle") == 0
    assert house.agents() == {
        1: None, 2: "planner", 3: "planner", 4: "planner", 5: "planner", 6: None, 7: "writer", 8: "writer", 9: "writer",
    }  # fmt: skip
    assert {span for span, flags in house.flags().items() if flags & USAGE_COUNTED} == {4, 8}
    assert house.rows("SELECT tokens_in, tokens_out, status, error_count, root_id FROM traces_trace") == [
        (37, 12, 1, 1, 1)
    ]


def test_a_pending_span_shows_at_once_and_is_replaced(house: House) -> None:
    """An announced span keeps its trace open until the real one comes, which takes its place."""
    house.receive(pending(ROOT))
    house.finish()
    opened = house.one("SELECT status, open_count, span_count, root_id FROM traces_trace"), house.flags()
    before = house.rollups()

    house.receive(ROOT)
    house.finish()

    assert opened == ((0, 1, 1, 1), {1: PENDING})
    assert before == []
    assert house.one("SELECT status, open_count, span_count, root_id FROM traces_trace") == (1, 0, 1, 1)
    assert house.flags() == {1: 0}
    assert [columns[8] for columns in house.rollups()] == [1]


@pytest.mark.parametrize("days", [0, 1])
def test_an_announcement_that_comes_late_changes_nothing(house: House, days: int) -> None:
    """A pending marker never takes the place of its span."""
    house.receive(ROOT)
    house.finish()
    before = house.spans(), house.traces(), house.rollups()

    house.receive(pending(ROOT), at_ms=days_after(days) + 1)
    house.finish()

    assert (house.spans(), house.traces(), house.rollups()) == before


def test_an_announcement_of_yesterday_is_replaced_today(house: House) -> None:
    """The real span takes the place of its pending one in another day's partition."""
    house.receive(pending(ROOT))
    house.finish()

    house.receive(ROOT, at_ms=days_after(1))
    house.finish()

    assert house.rows("SELECT span_id, day, flags FROM traces_span") == [(1, arrival_day(1), 0)]
    assert house.one("SELECT first_day, last_day, span_count FROM traces_trace") == (arrival_day(), arrival_day(1), 1)
