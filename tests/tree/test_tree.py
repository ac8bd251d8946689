"""Where every span stands in its trace, whatever arrived."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traces.span import Kind
from traces.tree import Node, Placed, analyse, critical_times


def node(
    span_id: int,
    parent_id: int | None,
    start_ns: int,
    end_ns: int | None,
    *,
    error: bool = False,
    name: str = "",
    attempt: int | None = None,
) -> Node:
    return Node(span_id, parent_id, start_ns, end_ns, error, name, Kind.TOOL, attempt)


def critical(*nodes: Node) -> dict[int, int]:
    """Time of the critical path in each span on it."""
    return {span_id: place.critical_ns for span_id, place in analyse(nodes).items() if place.critical}


def test_the_path_goes_back_from_what_finished_last() -> None:
    """Sequential children with gaps between them: the gaps are the parent's own."""
    assert critical(node(1, None, 0, 100), node(2, 1, 10, 40), node(3, 1, 50, 90)) == {1: 30, 2: 30, 3: 40}


def test_of_parallel_children_the_last_to_finish_is_on_the_path() -> None:
    """Nothing waited for the others."""
    assert critical(node(1, None, 0, 100), node(2, 1, 0, 60), node(3, 1, 0, 95), node(4, 1, 20, 80)) == {1: 5, 3: 95}


def test_a_child_still_running_when_the_next_began_was_not_waited_for() -> None:
    """The walk goes on before the start of the one that was."""
    assert critical(node(1, None, 0, 100), node(2, 1, 0, 50), node(3, 1, 40, 100), node(4, 1, 5, 39)) == {
        1: 6,
        3: 60,
        4: 34,
    }


def test_the_path_goes_down() -> None:
    """Within a child the same holds."""
    assert critical(node(1, None, 0, 100), node(2, 1, 10, 90), node(3, 2, 20, 50), node(4, 2, 30, 80)) == {
        1: 20,
        2: 30,
        4: 50,
    }


def test_children_are_cut_to_the_time_of_their_parents() -> None:
    """Skewed clocks and work that was left running."""
    assert critical(node(1, None, 0, 100), node(2, 1, 50, 500), node(3, 2, 400, 450)) == {1: 50, 2: 50}
    assert critical(node(1, None, 0, 100), node(2, 1, 1_000, 2_000)) == {1: 100}


def test_orphans_hang_from_the_one_root() -> None:
    """For the path alone; a trace without a root is walked over its topmost spans."""
    assert critical(node(1, None, 0, 100), node(2, 99, 20, 70)) == {1: 50, 2: 50}
    assert critical(node(2, 99, 0, 40), node(3, 98, 50, 90), node(4, 97, 10, 60)) == {2: 40, 3: 40}


def test_self_time_is_what_no_child_covers() -> None:
    """Overlapping children count once; time outside the span not at all."""
    placed = analyse(
        [node(1, None, 0, 100), node(2, 1, 10, 50), node(3, 1, 30, 60), node(4, 1, 90, 300), node(5, 1, -9, 5)]
    )

    assert placed[1].self_ns == 5 + 30
    assert placed[2].self_ns == 40


def test_an_open_span_lasts_as_long_as_what_is_below_it() -> None:
    """It is still running."""
    placed = analyse([node(1, None, 0, None), node(2, 1, 10, None), node(3, 2, 20, 70)])

    assert (placed[1].self_ns, placed[2].self_ns, placed[3].self_ns) == (10, 10, 50)
    assert critical(node(1, None, 5, None)) == {1: 0}


def test_the_deepest_failure_is_the_origin() -> None:
    """Also through a span that reports none; two branches have an origin each."""
    placed = analyse(
        [
            node(1, None, 0, 9, error=True),
            node(2, 1, 0, 9, error=True),
            node(3, 2, 0, 9),
            node(4, 3, 0, 9, error=True),
            node(5, 1, 0, 9, error=True),
        ]
    )

    assert [span_id for span_id, place in placed.items() if place.error_origin] == [4, 5]


def attempts(*nodes: Node) -> list[int | None]:
    placed = analyse([node(1, None, 0, 1_000), *nodes])
    return [placed[one.span_id].attempt for one in nodes]


def test_siblings_that_repeat_a_failed_one_are_its_further_attempts() -> None:
    """One after the other, of the same name; a success ends the count."""
    first, second = node(2, 1, 0, 10, error=True, name="a"), node(3, 1, 20, 30, error=True, name="a")
    third, fourth = node(4, 1, 30, 50, name="a"), node(5, 1, 60, 70, name="a")

    assert attempts(fourth, second, first, third) == [None, 2, 1, 3]


@pytest.mark.parametrize(
    "other",
    [
        node(3, 1, 5, 30, name="a"),
        node(3, 1, 20, 30, name="b"),
        node(3, 2, 20, 30, name="a"),
        node(3, 1, 20, 30, name="a")._replace(kind=Kind.LLM),
    ],
    ids=["parallel", "another name", "another parent", "another kind"],
)
def test_what_is_no_repetition_has_no_attempt(other: Node) -> None:
    """Nor has a single failure."""
    assert attempts(node(2, 1, 0, 10, error=True, name="a"), other) == [None, None]


def test_an_attempt_that_the_span_gives_is_believed() -> None:
    """The next ones count on from it."""
    given_one = node(2, 1, 0, 10, error=True, name="a", attempt=4)

    assert attempts(given_one, node(3, 1, 20, 30, name="a")) == [4, 5]


def test_a_span_whose_parent_is_missing_is_an_orphan() -> None:
    """Its own children are not."""
    placed = analyse([node(2, 99, 0, 10), node(3, 2, 0, 5)])

    assert (placed[2].orphan, placed[2].depth, placed[3].orphan, placed[3].depth) == (True, 0, False, 1)


def test_a_span_that_is_its_own_parent_is_topmost() -> None:
    """And said to be cyclic."""
    assert analyse([node(1, 1, 0, 10)]) == {1: Placed(self_ns=10, critical=True, critical_ns=10, cyclic=True)}


def test_a_ring_is_cut_above_its_earliest_span() -> None:
    """What hangs from it keeps its place."""
    placed = analyse([node(1, 3, 5, 10), node(2, 1, 6, 10), node(3, 2, 7, 10), node(4, 2, 8, 10)])

    assert [(place.depth, place.cyclic) for place in placed.values()] == [(0, True), (1, True), (2, True), (2, False)]


@pytest.mark.slow  # 200,000 spans
def test_a_chain_of_any_length_is_placed() -> None:
    """Without recursion: 100,000 deep, and a ring as long."""
    size = 100_000
    chain = analyse(node(n, n - 1 if n else None, n, 2 * size - n) for n in range(size))
    ring = analyse(node(n, (n + 1) % size, n, 2 * size) for n in range(size))

    assert chain[size - 1].depth == size - 1
    assert all(place.critical for place in chain.values())
    assert all(place.cyclic for place in ring.values())


def test_nothing_is_a_trace_too() -> None:
    """An empty set of spans."""
    assert analyse([]) == {}
    assert critical_times([]) == {}


nodes = st.lists(
    st.builds(
        node,
        st.integers(0, 12),
        st.none() | st.integers(0, 15),
        st.integers(0, 60),
        st.none() | st.integers(0, 60),
        error=st.booleans(),
        name=st.sampled_from("ab"),
    ),
    unique_by=lambda one: one.span_id,
)


@given(nodes, st.randoms())
def test_any_spans_in_any_order_are_placed_alike(some: list[Node], shuffle: random.Random) -> None:
    """Rings, orphans, several roots, equal times."""
    again = list(some)
    shuffle.shuffle(again)

    placed = analyse(some)

    assert placed.keys() == {one.span_id for one in some}
    assert analyse(again) == placed
    assert all(place.self_ns >= 0 and place.critical_ns >= 0 for place in placed.values())
    assert critical_times(some) == {span_id: place.critical_ns for span_id, place in placed.items() if place.critical}


@given(nodes)
def test_the_parts_of_the_path_add_up_to_the_root(some: list[Node]) -> None:
    """Exactly, when there is one root; orphans and rings hang from it."""
    tree = [node(100, None, 0, 70), *(one._replace(parent_id=one.parent_id or 100) for one in some)]

    assert sum(critical_times(tree).values()) == 70
