"""An agent may be nothing but a model, or a function that is given one."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from ecoa.agent import Agent, agent
from ecoa.connectors import Completion, Connector, Message
from ecoa.errors import AgentTimeout
from ecoa.resilience import RetryPolicy
from ecoa.result import Usage
from ecoa.testing.clock import virtual_time
from ecoa.testing.model import FakeModel

USED = Usage(input_tokens=10, output_tokens=5)


class Label(BaseModel):
    """What it is about."""

    name: str
    confidence: float


async def test_a_model_answers_the_input() -> None:
    """Text, as it is."""
    model = FakeModel(usage=USED).replies("a refund")

    result = await Agent("classifier", model=model).run("I send it back")

    assert (result.data, result.usage) == ("a refund", USED)
    assert model.asked == [(Message("user", "I send it back"),)]


async def test_a_model_answers_with_the_type_asked_for() -> None:
    """output= goes to the model as its schema; its confidence is the result's."""
    model = FakeModel().replies({"name": "refund", "confidence": 0.9})

    result = await Agent("classifier", model=model, output=Label).run("I send it back")

    assert result.data == Label(name="refund", confidence=0.9)
    assert result.confidence == 0.9


async def test_messages_and_values_are_prompts() -> None:
    """Messages as they are, other values as JSON."""
    model = FakeModel().always("yes")
    asking = Agent("classifier", model=model)

    await asking.run([Message("system", "be brief"), Message("user", "hello")])
    await asking.run({"order": 7})

    assert [message.role for message in model.asked[0]] == ["system", "user"]
    assert model.asked[1] == (Message("user", '{"order":7}'),)


async def test_failures_of_a_model_are_tried_again() -> None:
    """Usage is that of the calls that answered."""
    with virtual_time():
        model = FakeModel(usage=USED).fails(2, AgentTimeout).malformed().replies({"name": "x", "confidence": 1})
        asking = Agent("classifier", model=model, output=Label, retry_policy=RetryPolicy())

        result = await asking.run("hello")

    assert (result.status, result.attempts, model.calls) == ("success", 4, 4)


async def test_a_function_is_given_its_model() -> None:
    """As `model`; the tokens it spends are the call's."""
    model = FakeModel(usage=USED).replies("one", "two")

    @agent(model=model)
    async def ask_twice(question: str, *, model: Connector) -> list[str]:
        return [(await model.complete(question)).text for _ in range(2)]

    result = await ask_twice.run("?")

    assert result.data == ["one", "two"]
    assert result.usage == USED + USED


async def test_tokens_of_calls_in_calls_add_up() -> None:
    """In the outer result, once."""
    model = FakeModel(usage=USED).always("yes")
    inner = Agent("inner", model=model)

    @agent
    async def outer(x: str) -> Any:
        await inner.run(x)
        return await inner.run(x)

    assert (await outer.run("?")).usage == USED + USED


async def test_a_model_has_the_agents_time() -> None:
    """The attempt's deadline reaches the connector."""
    with virtual_time():
        model = FakeModel().slow(10).replies("late")

        result = await Agent("classifier", model=model, timeout=2).run("?")

        assert result.status == "timeout"
        assert result.duration == pytest.approx(2)


async def test_a_model_may_be_named() -> None:
    """ "provider/model"; a name that says nothing is a mistake at the call."""
    named = Agent("classifier", model="ollama/llama3").connector

    assert named is not None and named.model == "llama3"


async def test_an_agent_by_name_may_bring_another_model() -> None:
    """The registered function is called with it."""
    first, second = FakeModel().always("first"), FakeModel().always("second")

    @agent(model=first)
    async def ask(x: str, model: Connector) -> str:
        return (await model.complete(x)).text

    assert (await ask.run("?")).data == "first"
    assert (await Agent("ask", model=second).run("?")).data == "second"
    assert (await Agent("only", model=second).run("?")).data == "second"


async def test_a_model_streams() -> None:
    """Chunks, the last with the whole."""
    model = FakeModel(usage=USED).replies("one two three")

    chunks = [chunk async for chunk in Agent("classifier", model=model).stream("?")]

    assert "".join(chunk.text for chunk in chunks) == "one two three"
    assert chunks[-1].completion is not None and chunks[-1].completion.text == "one two three"


async def test_a_connector_that_does_not_count_is_counted() -> None:
    """Its completion's usage."""

    class Plain:
        provider, model = "plain", "plain"

        async def complete(self, messages: Any, **asked: Any) -> Completion[Any]:
            return Completion(text="yes", usage=USED)

    assert (await Agent("a", model=Plain()).run("?")).usage == USED  # type: ignore[arg-type]
