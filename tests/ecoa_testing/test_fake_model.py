"""A fake model does what its script says, through the code that real ones go through."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import BaseModel, Field

from ecoa.errors import AgentTimeout, MalformedOutput, Overloaded
from ecoa.result import Usage
from ecoa.testing import FakeModel, virtual_time


class Label(BaseModel):
    """What is asked for."""

    name: Literal["refund", "order"]
    certainty: float = Field(ge=0, le=1)
    words: list[str] = Field(min_length=1, max_length=3)


async def test_the_script_is_played_in_order() -> None:
    """Failures, broken, empty and good answers come as they were written."""
    model = FakeModel().fails(2).malformed().empty().replies({"name": "refund", "certainty": 1, "words": ["a"]})

    for _ in range(2):
        with pytest.raises(Overloaded):
            await model.complete("which?", schema=Label)
    with pytest.raises(MalformedOutput, match="fit"):
        await model.complete("which?", schema=Label)
    with pytest.raises(MalformedOutput, match="empty"):
        await model.complete("which?", schema=Label)
    answer = await model.complete("which?", schema=Label)

    assert answer.data == Label(name="refund", certainty=1, words=["a"])
    assert (model.calls, model.left) == (5, 0)
    assert model.asked[0][0].content == "which?"


async def test_without_a_script_answers_fit_and_follow_the_seed() -> None:
    """The same seed gives the same values of the type, another seed others."""
    told = []
    for seed in (1, 1, 2):
        model = FakeModel(seed=seed)
        told.append([(await model.complete("which?", schema=Label)).data for _ in range(5)])

    assert told[0] == told[1] != told[2]


async def test_a_slow_answer_meets_the_timeout() -> None:
    """slow() holds back what comes next by so much virtual time."""
    model = FakeModel(timeout=5).slow(6).replies("late").slow(4).replies("in time")

    with virtual_time() as clock:
        with pytest.raises(AgentTimeout):
            await model.complete("hello")
        answer = await model.complete("hello")

        assert answer.text == "in time"
        assert clock.elapsed == pytest.approx(9)


async def test_tokens_are_told() -> None:
    """By length, or as given."""
    counted = await FakeModel().replies("x" * 40).complete("y" * 400)
    given = await FakeModel(usage=Usage(input_tokens=7)).complete("hello")

    assert counted.usage == Usage(input_tokens=101, output_tokens=11)
    assert given.usage == Usage(input_tokens=7)


async def test_answers_can_follow_the_question() -> None:
    """always() takes a function of the conversation; scripted turns come first."""
    model = FakeModel().replies("first").always(lambda messages: messages[-1].content.upper())

    assert [(await model.complete(text)).text for text in ("a", "b", "c")] == ["first", "B", "C"]


async def test_answers_stream() -> None:
    """The pieces make up the whole, and the last chunk has the usage."""
    chunks = [chunk async for chunk in FakeModel().replies("hello, who is there?").stream("hi")]

    assert "".join(chunk.text for chunk in chunks) == "hello, who is there?"
    assert chunks[-1].usage is not None
