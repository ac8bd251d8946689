"""What is stored comes back as it was, or is refused by name."""

from __future__ import annotations

import enum
import json
import math
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from ecoa.codec import MAX_DEPTH, canonical, dumps, loads
from ecoa.errors import ResultNotSerializable


class Colour(enum.Enum):
    """An enum."""

    RED = "red"


class Money(BaseModel):
    """A model."""

    amount: Decimal
    at: datetime


@dataclass(frozen=True)
class Order:
    """A dataclass."""

    id: int
    lines: tuple[str, ...] = ()
    total: float = field(init=False, default=0.0)


class Point(NamedTuple):
    """A named tuple."""

    x: int
    y: int


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec=None))
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.datetimes(timezones=st.just(UTC))
    | st.dates()
    | st.times()
    | st.timedeltas()
    | st.uuids()
    | st.binary()
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(), inner, max_size=4)
        | st.dictionaries(st.integers() | st.just("$ecoa"), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(values)
def test_values_come_back_as_they_were(value: Any) -> None:
    """With their types; the text is JSON that PostgreSQL takes."""
    text = dumps(value)

    assert loads(text) == value
    assert type(loads(text)) is type(value)
    assert (
        "\\u0000" not in text and text.encode() and json.loads(text, parse_constant=pytest.fail) is not NotImplemented
    )


@pytest.mark.parametrize(
    "value",
    [
        Colour.RED,
        Money(amount=Decimal("9.90"), at=datetime(2026, 1, 2, tzinfo=UTC)),
        Order(id=7, lines=("a", "b")),
        Point(1, 2),
        {1, 2},
        frozenset({"a"}),
        {"at": date(2026, 1, 2), "t": time(3, 4), "d": timedelta(days=1), "u": UUID(int=5)},
        float("inf"),
        "a\0b\ud800",
    ],
)
def test_objects_come_back_as_what_they_are(value: Any) -> None:
    """Enums, models, dataclasses, named tuples, sets, and what JSON forbids."""
    again = loads(dumps([value]))[0]

    assert again == value and type(again) is type(value)


def test_not_a_number_comes_back() -> None:
    """JSON has none."""
    assert math.isnan(loads(dumps(float("nan"))))


def test_a_class_that_is_not_there_comes_back_as_its_fields() -> None:
    """Nothing is imported to read a value."""
    text = dumps(Order(id=7)).replace("Order", "Gone").replace(__name__, "never.imported")

    assert loads(text) == {"id": 7, "lines": (), "total": 0.0}


def test_what_has_no_form_is_named() -> None:
    """The error says where it is."""
    with pytest.raises(ResultNotSerializable, match=r"\['order'\]\[1\]"):
        dumps({"order": [1, object()]})

    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(ResultNotSerializable, match=str(MAX_DEPTH)):
        dumps(endless)
    with pytest.raises(ResultNotSerializable, match="bytes of JSON"):
        dumps("x" * 100, limit=50)


def test_equal_values_have_equal_canonical_bytes() -> None:
    """Whatever order their keys were written in."""
    key = uuid4()

    assert canonical({"b": 1, "a": {3, 1, 2}, "k": key}) == canonical({"k": key, "a": {2, 3, 1}, "b": 1})
