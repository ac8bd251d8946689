"""Dialects are data: who speaks decides what is believed first."""

from __future__ import annotations

from typing import Any

import pytest

from tests.normalise.otlp import raw
from traces.dialects.engine import Dialect, Source, Tables
from traces.dialects.vocabulary import count, label

FIRST = Dialect(
    name="first",
    scopes=("first", "first.*"),
    sources={
        "agent": (Source("first.agent", label), Source("shared.agent", label)),
        "input_tokens": (Source("in", count),),
    },
    content=("first.messages", "first.blob.*"),
    ignored=("first.id",),
)
SECOND = Dialect(
    name="second",
    scopes=("second",),
    keys=("second.mark",),
    sources={"agent": (Source("second.agent", label),), "note": (Source("note", label, keep=True),)},
    resource={"service": (Source("host.name", label),)},
    input_excludes_cache=True,
)
TABLES = Tables((FIRST, SECOND))


def won(attributes: dict[str, Any], scope: str = "unknown") -> dict[str, object]:
    return {name: claim[2] for name, claim in TABLES.collect(raw(attributes, scope=scope))[1].items()}


def spoken(attributes: dict[str, Any], scope: str) -> str | None:
    dialect = TABLES.collect(raw(attributes, scope=scope))[0]
    return dialect.name if dialect else None


BOTH = {"second.agent": "two", "shared.agent": "shared", "first.agent": "one"}


@pytest.mark.parametrize(
    ("attributes", "scope", "agent"),
    [
        (BOTH, "unknown", "one"),
        (BOTH, "first", "one"),
        (BOTH, "second", "two"),
        ({"second.agent": "two", "shared.agent": "shared"}, "first.sub.scope", "shared"),
        ({**BOTH, "second.mark": 1}, "unknown", "two"),
        ({**BOTH, "second.mark": 1}, "first", "one"),
        ({"second.agent": "two"}, "first", "two"),
        ({**BOTH, "first.agent": " "}, "first", "shared"),
    ],
)
def test_the_dialect_that_is_spoken_is_believed_first(attributes: dict[str, Any], scope: str, agent: str) -> None:
    """Told by its scope, else by its keys; the others' names still count when it says nothing usable."""
    assert won(attributes, scope)["agent"] == agent


def test_the_order_of_attributes_does_not_matter() -> None:
    """The rank decides."""
    assert won(dict(reversed(BOTH.items()))) == won(BOTH)


def test_a_scope_tells_the_dialect() -> None:
    """A trailing star matches any rest."""
    assert spoken({}, "first") == spoken({}, "first.deep") == "first"
    assert spoken({"second.mark": 1}, "unknown") == "second"
    assert spoken({}, "firstborn") is None


def test_small_attributes_are_what_no_field_took() -> None:
    """A name that lost is kept; content and ignored keys are not; a source may ask to be kept."""
    attributes = {**BOTH, "in": 5, "first.messages": "m", "first.blob.x": "m", "first.id": "i", "note": "n", "free": 1}

    _, _, small = TABLES.collect(raw(attributes))

    assert small == {"second.agent": "two", "shared.agent": "shared", "note": "n", "free": 1}


def test_keys_of_any_length_are_told_apart() -> None:
    """Longer than one byte of length can say."""
    keys = {"k" * size: size for size in (1, 127, 128)}

    assert TABLES.collect(raw({**keys, "k" * 300: 300}))[2] == keys


def test_reading_twice_gives_the_same() -> None:
    """What is cached is what was read."""
    attributes = {**BOTH, "in": "7", "text": "t", "list": ["a"]}

    assert TABLES.collect(raw(attributes))[1:] == TABLES.collect(raw(attributes))[1:]
