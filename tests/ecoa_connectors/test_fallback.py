"""Several models as one: first_healthy."""

from __future__ import annotations

import pytest

from ecoa.connectors import first_healthy
from ecoa.connectors.fallback import FirstHealthy
from ecoa.errors import AgentError, CircuitOpen, Overloaded
from ecoa.resilience.breaker import CircuitBreaker
from tests.ecoa_connectors.conftest import Fake


def alone(*choices: object) -> FirstHealthy:
    """first_healthy with breakers of this test alone."""
    return FirstHealthy([(one, CircuitBreaker(1, 60)) for one in choices])  # type: ignore[misc]


async def test_the_next_model_answers_when_the_first_fails(fake: Fake) -> None:
    """Whoever asks sees one connector."""
    both = first_healthy(fake.connect("openai", mode="err500"), fake.connect("anthropic"))

    answer = await both.complete("hello")

    assert (answer.text, answer.provider) == ("You asked: hello", "anthropic")


async def test_a_model_that_is_down_is_not_asked_again(fake: Fake) -> None:
    """Its breaker is open; with all of them open the caller is told when to come back."""
    model = alone(fake.connect("openai", mode="err503"))

    with pytest.raises(Overloaded):
        await model.complete("hello")
    with pytest.raises(CircuitOpen) as refused:
        await model.complete("hello")

    assert refused.value.retry_after is not None


async def test_a_wrong_question_is_not_asked_twice(fake: Fake) -> None:
    """What is the caller's mistake at one is so at all."""
    both = alone(fake.connect("openai", mode="err400"), fake.connect("anthropic"))

    with pytest.raises(AgentError, match="Invalid value"):
        await both.complete("hello")


async def test_a_stream_falls_back_before_it_begins(fake: Fake) -> None:
    """Nobody sees half an answer twice."""
    both = alone(fake.connect("openai", mode="err500"), fake.connect("compatible"))

    chunks = [chunk async for chunk in both.stream("hello")]

    assert "".join(chunk.text for chunk in chunks) == "You asked: hello"
    assert chunks[-1].completion is not None
    assert chunks[-1].completion.provider == "openai_compatible"


async def test_a_stream_that_broke_off_is_not_begun_anew(fake: Fake) -> None:
    """Once pieces were read, the failure is the reader's to know."""
    both = alone(fake.connect("openai", mode="cut"), fake.connect("compatible"))

    with pytest.raises(AgentError, match="ended before"):
        async for _ in both.stream("tell me a story"):
            pass
