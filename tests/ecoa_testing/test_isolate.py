"""An agent alone: its attempts, waits and effects can be read, whatever the model answers it never crashes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel

from ecoa.agent import Agent
from ecoa.errors import AgentTimeout, Overloaded
from ecoa.resilience import RetryPolicy
from ecoa.review import NeedsReview
from ecoa.testing import Case, FakeModel, adversarial, isolate


class Line(BaseModel):
    """Part of an order."""

    sku: str
    quantity: int


class Order(BaseModel):
    """What the agent makes of a text."""

    customer: str
    note: str | None = None
    total: Decimal
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class Refund:
    """A dataclass does, too."""

    order: int
    reason: str


async def test_attempts_and_waits_are_told() -> None:
    """What failed, how often, and how long was waited between, without waiting."""
    model = FakeModel().fails(2, AgentTimeout).replies("refund")
    label = Agent("label", model=model, retry_policy=RetryPolicy(jitter="none"))

    trial = await isolate(label, "my parcel is broken")

    assert trial.result.data == "refund"
    assert [(one.ok, (one.error or {}).get("type")) for one in trial.attempts] == [
        (False, "AgentTimeout"),
        (False, "AgentTimeout"),
        (True, None),
    ]
    assert trial.waits == [1, 2]
    assert trial.result.duration == pytest.approx(3)
    assert trial.result.usage is not None


async def test_the_model_can_be_exchanged() -> None:
    """An agent with a real model is tried with a fake one."""
    label = Agent("label", model="ollama/llama3")

    trial = await isolate(label, "hello", model=FakeModel().replies("order"))

    assert trial.result.data == "order"


async def test_a_fallback_is_seen() -> None:
    """The history tells that another agent answered."""
    label = Agent("label", model=FakeModel().fails(1), fallback=Agent("second", model=FakeModel().replies("order")))

    trial = await isolate(label, "hello")

    assert trial.result.data == "order"
    assert [event.data["to"] for event in trial.of("fallback")] == ["second"]


async def test_an_effect_stands_in_the_ledger() -> None:
    """A keyed effect that was tried twice is one line of it, with one key."""
    keys: list[str] = []

    async def charge(amount: int, *, ctx: Any) -> str:
        keys.append(ctx.idempotency_key)
        if len(keys) == 1:
            raise Overloaded
        return "paid"

    trial = await isolate(Agent("charge", charge, effect="keyed", retry_policy=RetryPolicy()), 5)

    assert trial.result.data == "paid"
    assert [(effect.status, effect.key) for effect in trial.effects] == [("done", keys[0])]
    assert keys[0] == keys[1]


async def test_asking_people_pauses_and_their_word_is_given_back() -> None:
    """NeedsReview is a paused result; with a decision the agent goes on."""

    async def pay(amount: int, *, ctx: Any) -> str:
        if ctx.decision is None:
            raise NeedsReview("amount over limit")
        return str(ctx.decision["decision"])

    agent = Agent("pay", pay)

    assert (await isolate(agent, 500)).result.status == "paused"
    assert (await isolate(agent, 500, decision={"decision": "approve"})).result.data == "approve"


async def test_a_hanging_agent_meets_its_timeout() -> None:
    """Virtual time goes as far as the timeout, in no time."""

    async def hang(_: str) -> str:
        await asyncio.sleep(86400)
        return "never"

    trial = await isolate(Agent("hang", hang), "x", timeout=3600)

    assert trial.result.status == "timeout"
    assert trial.result.duration == pytest.approx(3600)


@pytest.mark.parametrize("kind", [Order, Refund, list[Line], int, str], ids=str)
def test_every_kind_of_trouble_is_there_and_judged(kind: Any) -> None:
    """Both what fits and what does not occurs for every type, and the names are unique."""
    cases = list(adversarial(kind))

    names = {case.name for case in cases}
    wanted = {
        "empty",
        "malformed JSON",
        "truncated",
        "null",
        "NUL",
        "1 MB",
        "NaN",
        "prompt injection",
        "other language",
    }
    assert wanted <= names
    assert len(names) == len(cases)
    assert any(case.fits for case in cases)
    assert any(not case.fits for case in cases)


@pytest.mark.parametrize("case", adversarial(Order), ids=str)
async def test_no_answer_of_a_model_crashes_an_agent(case: Case) -> None:
    """Typed data when the answer fits, MalformedOutput after the retries when it does not, never anything else."""
    extract = Agent("extract", model=FakeModel().always(case.text), output=Order, retry_policy=RetryPolicy())

    trial = await isolate(extract, "two cups, please")

    if case.fits:
        assert isinstance(trial.result.data, Order)
    else:
        assert trial.result.status == "error"
        assert trial.result.error is not None
        assert trial.result.error.type == "MalformedOutput"


@pytest.mark.parametrize("case", adversarial(Order), ids=str)
async def test_no_input_crashes_an_agent(case: Case) -> None:
    """The same as inputs: an agent that declares what it takes answers with a Result."""

    async def price(order: Order) -> Decimal:
        return order.total

    trial = await isolate(Agent("price", price), case.value)

    assert trial.result.status in ("success", "error")
