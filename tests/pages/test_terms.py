"""Facets write the filter language: what is put into a text and taken out again says exactly that."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traces.filters import parse
from traces.pages.terms import bounded, bounds, chosen, items, term, toggled

VALUES = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), min_size=1, max_size=40).filter(
    lambda value: value.strip() == value
)


@given(VALUES)
def test_any_value_is_chosen_and_taken_back(value: str) -> None:
    """A value of any signs is put into a text that parses, is read back from it, and leaves no trace."""
    text = toggled("duration>3s", "agent", value)

    assert parse(text) is not None
    assert chosen(text, "agent") == [value]
    assert toggled(text, "agent", value) == "duration>3s"


def test_several_values_of_one_key_are_one_or_another() -> None:
    """Two agents are joined by `or`, in parentheses, and each can be taken out alone."""
    text = toggled(toggled("status:error", "agent", "planner"), "agent", "has space")

    assert text == 'status:error (agent:planner or agent:"has space")'
    assert chosen(text, "agent") == ["planner", "has space"]
    assert toggled(text, "agent", "planner") == 'status:error agent:"has space"'


@pytest.mark.parametrize("text", ["agent:plan*", "not agent:planner", "agent!=planner", "(agent:a kind:tool)"])
def test_what_is_no_plain_choice_is_left_as_typed(text: str) -> None:
    """Wildcards, negations and other groups stay beside what a facet adds."""
    assert chosen(text, "agent") == []
    assert toggled(text, "agent", "b") == f"{text} agent:b"


def test_a_text_with_or_is_kept_together() -> None:
    """A facet narrows the whole of `a or b`, not its second half."""
    text = toggled("status:error or duration>30s", "model", "gpt-4o")

    assert text == "(status:error or duration>30s) model:gpt-4o"
    assert parse(text) is not None
    assert toggled(text, "model", "gpt-4o") == "(status:error or duration>30s)"


def test_one_bound_replaces_another() -> None:
    """A key has one bound from the facet, and none when it is taken away."""
    assert bounded("status:error duration>3s", "duration", ">=30s") == "status:error duration>=30s"
    assert bounds("duration>=30s", "duration") == [">=30s"]
    assert bounded("duration>=30s", "duration", "") == ""


def test_words_in_quotes_and_parentheses_are_one_item() -> None:
    """Spaces inside do not cut."""
    assert items('text:"a or b" and (kind:tool or kind:llm)') == ['text:"a or b"', "(kind:tool or kind:llm)"]
    assert term("agent", "or") == 'agent:"or"'
