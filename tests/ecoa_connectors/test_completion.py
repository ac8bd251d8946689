"""One question, one answer, the same from every provider: text, tools, values of a type, tokens."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import pytest

from ecoa.connectors import Message, Tool
from ecoa.connectors.types import ToolCall
from ecoa.errors import MalformedOutput
from ecoa.result import Usage
from tests.ecoa_connectors.conftest import MODELS, Fake

EACH = pytest.mark.parametrize("provider", MODELS)


@dataclass
class Refund:
    """What the model is to fill in."""

    order_id: str
    amount: float
    reason: str


class Label(StrEnum):
    """An answer that is no object."""

    REFUND = "refund"
    OTHER = "other"


def lookup_order(order_id: str) -> str:
    """Find an order.

    More that no model needs.
    """
    return order_id


@EACH
async def test_a_model_answers_with_text(fake: Fake, provider: str) -> None:
    """A text is one message of the user; the answer tells what it took and who gave it."""
    answer = await fake.connect(provider).complete("hello")

    assert answer.text == "You asked: hello"
    assert answer.finish_reason == "stop"
    assert answer.usage == Usage(input_tokens=110, output_tokens=30)
    assert answer.model.startswith(MODELS[provider])
    assert answer.id


@EACH
async def test_a_model_calls_a_tool_and_takes_its_answer(fake: Fake, provider: str) -> None:
    """A function is a tool by its hints and its docstring; its result goes back as a message."""
    model = fake.connect(provider)
    tool = Tool.of(lookup_order)
    question = Message("user", "Where is order ORD-17?")

    asked = await model.complete([question], tools=[tool])
    [call] = asked.tool_calls
    said = Message("assistant", asked.text, tool_calls=asked.tool_calls)
    answer = await model.complete(
        [Message("system", "Be brief."), question, said, Message("tool", "shipped", tool_call_id=call.id)], tools=[tool]
    )

    assert (tool.name, tool.description) == ("lookup_order", "Find an order.")
    assert (call.name, call.arguments) == ("lookup_order", {"order_id": "ORD-17"})
    assert asked.finish_reason == "tool_calls"
    assert answer.text == "Result: shipped"


@pytest.mark.parametrize("provider", ["openai", "anthropic", "compatible"])
async def test_a_schema_makes_a_value(fake: Fake, provider: str) -> None:
    """With a type the answer's data is a value of it, by each provider's own way of asking."""
    answer = await fake.connect(provider).complete("Refund 12.50 for ORD-17", schema=Refund)

    assert answer.data == Refund(order_id="ORD-17", amount=12.5, reason="damaged on arrival")
    assert answer.tool_calls == ()
    assert answer.finish_reason == "stop"


async def test_cohere_is_asked_for_json(fake: Fake) -> None:
    """Cohere's JSON mode answers in text, also inside a fence."""
    said = '[[say ```json\n{"order_id": "A", "amount": 1, "reason": "r"}\n```]]'

    answer = await fake.connect("cohere").complete(said, schema=Refund)

    assert answer.data == Refund("A", 1.0, "r")


@pytest.mark.parametrize("provider", ["openai", "anthropic", "compatible"])
async def test_a_type_that_is_no_object_is_wrapped(fake: Fake, provider: str) -> None:
    """Providers want an object; an enum or a list of models travels inside one."""
    model = fake.connect(provider)

    label = await model.complete("Money back!", schema=Label)
    refunds = await model.complete("ORD-17", schema=list[Refund])

    assert label.data is Label.REFUND
    assert refunds.data is not None
    assert [one.order_id for one in refunds.data] == ["ORD-17"]


@pytest.mark.parametrize("provider", ["anthropic", "cohere"])
async def test_a_schema_goes_together_with_tools(fake: Fake, provider: str) -> None:
    """The model may call a tool first; its last answer is the value."""
    model = fake.connect(provider)
    question = Message("user", "Refund order ORD-17")
    tools = [Tool.of(lookup_order)]

    first = await model.complete([question], schema=Refund, tools=tools)
    [call] = first.tool_calls
    told = Message("tool", "it cost 9.99", tool_call_id=call.id)
    said = Message("assistant", "", tool_calls=first.tool_calls)
    second = await model.complete([question, said, told], schema=Refund, tools=tools)

    assert first.data is None
    assert second.data is not None
    assert second.data.amount == 9.99


@EACH
async def test_an_answer_that_does_not_fit_keeps_its_beginning(fake: Fake, provider: str) -> None:
    """MalformedOutput tells what does not fit and has the raw text, bounded."""
    said = '[[say {"order_id": 17' + " " * 3_000 + "]]"

    with pytest.raises(MalformedOutput) as failed:
        await fake.connect(provider).complete(said, schema=Refund)

    assert failed.value.raw is not None
    assert failed.value.raw.startswith('{"order_id": 17')
    assert len(failed.value.raw) == 2_000
    assert failed.value.transient


async def test_openai_counts_cached_and_reasoning_tokens_inside(fake: Fake) -> None:
    """prompt_tokens include cached ones, completion_tokens include reasoning: five disjoint buckets come out."""
    talk = [Message("user", "a"), Message("assistant", "b"), Message("user", "c")]

    answer = await fake.connect("openai", model="gpt-5").complete(talk)

    assert answer.usage == Usage(input_tokens=66, cache_read_tokens=64, output_tokens=30, reasoning_tokens=16)
    assert answer.usage.total_tokens == 130 + 46


async def test_anthropic_counts_cached_tokens_apart(fake: Fake) -> None:
    """input_tokens leave out what was read from and written to the cache."""
    talk = [Message("user", "a"), Message("assistant", "b"), Message("user", "c")]

    answer = await fake.connect("anthropic").complete(talk)

    assert answer.usage == Usage(input_tokens=56, cache_read_tokens=64, cache_write_tokens=10, output_tokens=30)
    assert answer.usage.total_tokens == 130 + 30


@pytest.mark.parametrize("provider", ["openai", "compatible"])
async def test_no_usage_is_unknown_not_zero(fake: Fake, provider: str) -> None:
    """A provider that does not say what a call took leaves it open."""
    answer = await fake.connect(provider, mode="nousage").complete("hello")

    assert answer.usage is None


async def test_arguments_survive_the_way_back(fake: Fake) -> None:
    """A call made here is sent as the provider wrote it."""
    call = ToolCall(id="call_1", name="lookup_order", arguments={"order_id": "ORD-17"})
    talk = [Message("user", "ORD-17?"), Message("assistant", "", tool_calls=(call,))]

    answer = await fake.connect("openai").complete([*talk, Message("tool", "lost", tool_call_id="call_1")])

    assert answer.text == "Result: lost"
