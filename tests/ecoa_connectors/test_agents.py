"""Agents that are a model: what they answer and what it took."""

from __future__ import annotations

from ecoa import clock
from ecoa.agent import Agent
from ecoa.connectors import first_healthy
from ecoa.errors import MalformedOutput
from ecoa.orchestrator import RateLimiter, RetryPolicy
from ecoa.result import Usage
from tests.ecoa_connectors.conftest import Fake
from tests.ecoa_connectors.test_completion import Refund


async def test_an_agent_counts_its_models_tokens(fake: Fake) -> None:
    """Result.usage is filled by the connector; the answer is a value of the agent's output type."""
    reader: Agent[str, Refund] = Agent("model-reader", model=fake.connect("anthropic"), output=Refund)

    result = await reader.run("Refund 12.50 for ORD-17")

    assert result.data == Refund("ORD-17", 12.5, "damaged on arrival")
    assert result.usage == Usage(input_tokens=110, output_tokens=20)


async def test_tokens_of_failed_attempts_count_too(fake: Fake) -> None:
    """A malformed answer was paid for."""
    policy = RetryPolicy(max_attempts=3, initial=0.001, jitter="none")
    reader: Agent[str, int] = Agent("model-counts", model=fake.connect("openai"), output=int, retry_policy=policy)

    result = await reader.run("[[say no number]]")

    assert isinstance(result.error, MalformedOutput)
    assert result.attempts > 1
    assert result.usage == Usage(input_tokens=110 * result.attempts, output_tokens=30 * result.attempts)


async def test_a_limiter_learns_what_a_call_took(fake: Fake) -> None:
    """The reservation is settled with the tokens that the provider tells."""
    limiter = RateLimiter("model-limit", tokens_per_minute=1_000)
    model = first_healthy(fake.connect("openai", mode="err503"), fake.connect("compatible"))
    reader: Agent[str, str] = Agent("model-limited", model=model, limiter=limiter)

    result = await reader.run("hello")

    assert result.usage == Usage(input_tokens=110, output_tokens=30)
    assert 860 <= limiter.buckets.level("tokens", now=clock.monotonic()) < 870


async def test_an_agent_streams_its_model(fake: Fake) -> None:
    """The pieces are the model's."""
    reader: Agent[str, str] = Agent("model-streams", model=fake.connect("cohere"))

    chunks = [chunk async for chunk in reader.stream("hello there")]

    assert "".join(chunk.text for chunk in chunks) == "You asked: hello there"
    assert chunks[-1].usage == Usage(input_tokens=110, output_tokens=30)
