"""What is worked out for pages without a database: drawings, trees, words, likeness."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.pages.graph import Box, draw, place_in, places_of
from pipelines.pages.policies import policies_in_words
from pipelines.pages.steps import steps_of, way_and_name, within
from pipelines.pages.value_field import blank
from pipelines.pages.values import facts, likeness
from pipelines.queries.run import Node
from tests.pipelines_pages.building import STEPS

NAMES = st.text(min_size=1, max_size=12)
LEAVES = st.builds(lambda name: {"name": name, "kind": "step"}, NAMES)


def _containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lines = st.lists(inner, min_size=1, max_size=3)
    branch = st.builds(lambda name, children: {"name": name, "kind": "branch", "children": children}, NAMES, lines)
    held = st.builds(
        lambda name, kind, children: {"name": name, "kind": kind, "children": children},
        NAMES,
        st.sampled_from(["each", "loop", "pipeline"]),
        lines,
    )
    fork = st.builds(
        lambda name, kind, children: {"name": name, "kind": kind, "children": children},
        NAMES,
        st.sampled_from(["parallel", "when", "review"]),
        st.lists(branch, min_size=1, max_size=3),
    )
    return held | fork


DEFINITIONS = st.lists(st.recursive(LEAVES, _containers, max_leaves=12), min_size=1, max_size=6)


def _apart(one: Box, other: Box) -> bool:
    across = one.x + one.width <= other.x or other.x + other.width <= one.x
    return across or one.y + one.height <= other.y or other.y + other.height <= one.y


@given(DEFINITIONS)
def test_no_node_covers_another_and_all_are_inside_the_drawing(steps: list[Any]) -> None:
    """Whatever is in whatever."""
    drawing = draw(steps)

    for n, box in enumerate(drawing.boxes):
        assert 0 <= box.x <= drawing.width - box.width + 1e-6
        assert 0 <= box.y <= drawing.height - box.height + 1e-6
        assert all(_apart(box, other) for other in drawing.boxes[n + 1 :])
    for frame in drawing.frames:
        assert frame.x >= 0
        assert frame.y + frame.height <= drawing.height + 1e-6


def test_a_place_is_a_path_without_keys_and_rounds() -> None:
    """So that live counts find their node."""
    found = [place for place, _ in places_of(STEPS)]

    assert {"checks.stock.stock", "parcels.weigh", "big.yes.review"} <= set(found)
    paths = ["checks[stock].stock", "parcels[customer-17].weigh", "big[yes].review", "loop@3.draft", "sub/check"]
    told = ["checks.stock.stock", "parcels.weigh", "big.yes.review", "loop.draft", "sub.check"]
    assert [place_in(path, STEPS) for path in paths] == told


def test_five_hundred_steps_wrap_into_rows() -> None:
    """The drawing stays as wide as a page."""
    drawing = draw([{"name": f"s{n}", "kind": "step"} for n in range(500)])

    assert len(drawing.boxes) == 500
    assert drawing.width < 1250


def test_policies_read_as_sentences() -> None:
    """In the order in which a call meets them."""
    told = {
        "timeout": 2,
        "total_timeout": 90,
        "retry": {"max_attempts": 5, "backoff_factor": 2, "initial": 1, "max_delay": 60, "jitter": "full"},
        "breaker": {"failure_threshold": 3, "recovery_timeout": 60},
        "limiter": {"name": "openai", "requests": 600},
        "concurrency": 8,
        "fallback": "small-model",
    }

    said = policies_in_words(told, effect="guarded")

    assert [sentence.replace("\N{NO-BREAK SPACE}", " ") for sentence in said] == [
        "Limiter openai: 600 requests a minute",
        "At most 8 at once",
        "5 attempts, full jitter, waits 1, 2, 4, 8 s",
        "Breaker opens after 3 failures in 60 s, tries again after 60 s",
        "At most 2 s an attempt and 90 s in all, waits included",
        "When all that fails, small-model answers instead",
        "Its effect is tried at most once; in doubt a person is asked",
    ]


def test_a_steps_tree_follows_its_paths_whatever_its_keys_hold() -> None:
    """Keys of items may hold dots and brackets of their own kind; rounds and sub-pipelines are inside too."""
    paths = ["fan", "after", "fan[a.b].extract", "loop", "loop@3.draft", "sub", "sub/check", "sub/check.deep"]
    now = datetime.now(UTC)

    steps = steps_of([_node(path, n, now) for n, path in enumerate(paths)], start=now, end=now)

    assert [(step.node.path, step.depth) for step in steps] == [
        ("fan", 0),
        ("fan[a.b].extract", 1),
        ("after", 0),
        ("loop", 0),
        ("loop@3.draft", 1),
        ("sub", 0),
        ("sub/check", 1),
        ("sub/check.deep", 2),
    ]


@given(st.lists(NAMES, max_size=20, unique=True))
def test_every_node_is_in_the_tree_once(paths: list[str]) -> None:
    """Whatever they are called."""
    now = datetime.now(UTC)

    steps = steps_of([_node(path, n, now) for n, path in enumerate(paths)], start=now, end=now + timedelta(seconds=1))

    assert sorted(step.node.path for step in steps) == sorted(paths)


def test_values_are_told_as_people_say_them() -> None:
    """Small things in words, the rest as JSON."""
    told = {
        fact.label: fact.text for fact in facts({"net_income": 3180.0, "ok": True, "to": {"city": "Ghent"}, "no": None})
    }

    assert told == {"Net income": "3,180", "Ok": "yes", "To": "city Ghent", "No": "none"}


def test_likeness_is_of_values() -> None:
    """The same is 1, nothing in common is 0, near numbers are near."""
    assert likeness({"a": 1, "b": "x"}, {"a": 1, "b": "x"}) == 1
    assert likeness({"a": "x"}, {"b": "y"}) == 0
    assert likeness({"amount": 90}, {"amount": 100}) == 0.9


def test_an_empty_form_begins_with_its_default() -> None:
    """Or with what its type is when empty."""
    assert [blank(schema) for schema in (None, {"type": "string"}, {"default": 7})] == ["null", '""', "7"]


def _node(path: str, seq: int, at: datetime) -> Node:
    return Node(
        path=path,
        seq=seq,
        kind="step",
        status="done",
        attempt=1,
        takeovers=0,
        fence=1,
        worker=None,
        lease_until=None,
        wake_at=None,
        queue="default",
        opens=0,
        signal=None,
        error=None,
        created_at=at,
        started_at=at,
        finished_at=at,
        input_length=None,
        output_length=None,
        decision=None,
    )


@pytest.mark.parametrize(
    ("path", "way", "name"),
    [
        ("stock", "", "stock"),
        ("[yes].stock", "yes", "stock"),
        ("[no].is-order[yes].stock", "[no].is-order[yes]", "stock"),
        ("@3.draft", "round 3", "draft"),
        (".join", "", "join"),
        ("/lookup", "", "lookup"),
        ("[a.b]", "", "[a.b]"),
        ("[a.b].extract", "a.b", "extract"),
    ],
)
def test_a_step_is_called_by_its_name_and_the_way_it_stands_in(path: str, way: str, name: str) -> None:
    """A branch, an item or a round is told beside the name, not in it."""
    assert way_and_name(path) == (way, name)


def test_the_last_name_of_a_path_is_what_it_ends_in() -> None:
    """Dots in the keys of items divide nothing."""
    assert within("is-order[yes].carrier") == ("is-order[yes]", "carrier")
    assert within("fan[a.b]") == ("", "fan[a.b]")
