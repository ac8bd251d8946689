"""Answers come in pieces where the agent makes them so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from ecoa.agent import Agent, AgentError, agent
from ecoa.calling.context import CallContext
from ecoa.calling.scope import current
from ecoa.errors import AgentTimeout, CircuitOpen, Misuse
from ecoa.resilience import CircuitBreaker
from ecoa.testing.clock import virtual_time
from ecoa.testing.model import FakeModel


async def words(text: str) -> AsyncIterator[str]:
    """Word by word."""
    for word in text.split():
        yield word


async def test_an_async_generator_streams() -> None:
    """Piece by piece; run() gives the whole."""
    speaking = Agent("speak", words)

    assert [piece async for piece in speaking.stream("a b c")] == ["a", "b", "c"]
    assert (await speaking.run("a b c")).data == "abc"


async def test_other_agents_stream_one_piece() -> None:
    """Their whole answer."""
    assert [piece async for piece in Agent("a", lambda x: x + 1).stream(1)] == [2]


async def test_a_failure_raises_its_error() -> None:
    """After the pieces that came before it."""

    async def breaks(x: int) -> AsyncIterator[int]:
        yield 1
        raise KeyError("sku")

    pieces = Agent("a", breaks).stream(1)
    assert await anext(pieces) == 1
    with pytest.raises(AgentError, match="sku") as failed:
        await anext(pieces)

    assert failed.value.type == "KeyError"


async def test_every_piece_has_the_agents_timeout() -> None:
    """A stream may be long, but not silent."""

    async def slows(pauses: list[float]) -> AsyncIterator[float]:
        for pause in pauses:
            await asyncio.sleep(pause)
            yield pause

    with virtual_time():
        slow = Agent("slow", slows, timeout=3)
        assert [pause async for pause in slow.stream([2, 2, 2])] == [2, 2, 2]
        with pytest.raises(AgentTimeout):
            [pause async for pause in slow.stream([2, 4])]
        with pytest.raises(AgentTimeout):
            [pause async for pause in slow.stream([2, 2, 2], timeout=5)]


async def test_the_scope_is_the_agents_not_the_readers() -> None:
    """Between the pieces the reader is outside of the call."""

    @agent
    async def paths(x: int, ctx: CallContext) -> AsyncIterator[str]:
        scope = current()
        assert scope is not None
        yield scope.path
        yield ctx.path

    outside = [current() async for _ in paths.stream(1)]

    assert outside == [None, None]
    assert [path async for path in paths.stream(1)] == ["paths", "paths"]


async def test_streams_take_their_place() -> None:
    """As long as they last."""
    bounded = Agent("speak", words, concurrency=1)
    first = bounded.stream("a b")
    assert await anext(first) == "a"

    with pytest.raises(AgentTimeout, match="no place"):
        [piece async for piece in bounded.stream("c", timeout=0.01)]
    assert [piece async for piece in first] == ["b"]
    assert [piece async for piece in bounded.stream("c")] == ["c"]


async def test_a_breaker_hears_how_a_stream_ended() -> None:
    """And refuses further ones."""

    async def breaks(x: int) -> AsyncIterator[int]:
        yield 1
        raise ConnectionError

    breaking = Agent("a", breaks, breaker=CircuitBreaker(1, 60))
    with pytest.raises(AgentError):
        [piece async for piece in breaking.stream(1)]

    with pytest.raises(CircuitOpen):
        [piece async for piece in breaking.stream(1)]


async def test_a_streaming_function_is_given_its_model() -> None:
    """As `model`."""
    model = FakeModel().replies("a b")

    @agent(model=model)
    async def ask(x: str, *, model: FakeModel) -> AsyncIterator[str]:
        yield (await model.complete(x)).text

    assert [piece async for piece in ask.stream("?")] == ["a b"]


async def test_a_timeout_of_the_streams_own_and_mistakes() -> None:
    """The one is told as its failure, the other raises as it is."""

    async def breaks(error: Exception) -> AsyncIterator[int]:
        yield 1
        raise error

    with pytest.raises(AgentTimeout, match="the database"):
        [piece async for piece in Agent("a", breaks).stream(TimeoutError("the database"))]
    with pytest.raises(Misuse):
        [piece async for piece in Agent("a", breaks).stream(Misuse())]
