"""Inputs and outputs that have a type fit it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from ecoa.agent import Agent, agent
from ecoa.resilience import RetryPolicy
from ecoa.testing.clock import virtual_time


class Order(BaseModel):
    """What is ordered."""

    sku: str
    amount: int


@dataclass
class Label:
    """What it is about."""

    name: str


def answering(*answers: Any) -> Any:
    """An async function that answers so, call by call."""
    left = list(answers)

    async def answer(x: Any) -> Any:
        return left.pop(0)

    return answer


@pytest.mark.parametrize(
    ("wanted", "told", "got"),
    [
        (Order, '{"sku": "a", "amount": 3}', Order(sku="a", amount=3)),
        (Order, {"sku": "a", "amount": "3"}, Order(sku="a", amount=3)),
        (Label, '{"name": "refund"}', Label("refund")),
        (Literal["yes", "no"], "yes", "yes"),
        (list[int], "[1, 2]", [1, 2]),
        (str, '{"a": 1}', '{"a": 1}'),
    ],
)
async def test_an_output_becomes_its_type(wanted: Any, told: object, got: object) -> None:
    """Objects and JSON texts alike."""
    assert (await Agent("a", answering(told), output=wanted).run(1)).data == got


@pytest.mark.parametrize("told", ['{"sku": "a"', "", '{"sku": "a", "amount": "many"}', None, 7])
async def test_a_malformed_output_is_tried_again(told: object) -> None:
    """Until it fits, or the policy says that it is enough."""
    with virtual_time():
        fine = '{"sku": "a", "amount": 3}'
        policy = RetryPolicy()
        twice = await Agent("a", answering(told, fine), output=Order, retry_policy=policy).run(1)
        always = await Agent("a", answering(*[told] * 9), output=Order, retry_policy=policy).run(1)

    assert (twice.data, twice.attempts) == (Order(sku="a", amount=3), 2)
    assert (always.status, always.attempts) == ("error", 3)
    assert always.error is not None and always.error.type == "MalformedOutput"


async def test_an_input_that_does_not_fit_is_never_tried() -> None:
    """Neither again, nor by the fallback."""
    calls: list[Any] = []
    taking = Agent("a", calls.append, input=Order, retry_policy=RetryPolicy(), fallback=Agent("b", calls.append))

    result = await taking.run({"sku": "a"})

    assert (result.status, result.attempts, calls) == ("error", 0, [])
    assert result.error is not None and result.error.type == "InvalidInput"


async def test_hints_of_models_are_enough() -> None:
    """A pydantic model in the signature is checked without input= or output=."""

    @agent
    async def price(order: Order) -> Order:
        return {"sku": order.sku, "amount": order.amount * 2}  # type: ignore[return-value]

    assert (await Agent("price").run({"sku": "a", "amount": 2})).data == Order(sku="a", amount=4)


async def test_other_hints_are_taken_at_their_word() -> None:
    """Checking them would cost more than the call."""

    @agent
    async def double(x: int) -> int:
        return f"{x}{x}"  # type: ignore[return-value]

    assert (await Agent("double").run("a")).data == "aa"
