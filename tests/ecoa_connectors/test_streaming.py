"""Answers as they are written."""

from __future__ import annotations

import pytest

from ecoa.connectors import Tool
from ecoa.errors import AgentError, Overloaded, RateLimited, TransientError
from ecoa.result import Usage
from tests.ecoa_connectors.conftest import MODELS, Fake
from tests.ecoa_connectors.test_completion import lookup_order

EACH = pytest.mark.parametrize("provider", MODELS)


@EACH
async def test_a_stream_ends_with_the_whole_answer(fake: Fake, provider: str) -> None:
    """The pieces are the text; the last chunk has the completion with its usage."""
    chunks = [chunk async for chunk in fake.connect(provider).stream("tell me a story")]

    assert len(chunks) > 4
    assert "".join(chunk.text for chunk in chunks) == "You asked: tell me a story"
    assert all(chunk.completion is None for chunk in chunks[:-1])
    whole = chunks[-1].completion
    assert whole is not None
    assert whole.text == "You asked: tell me a story"
    assert whole.finish_reason == "stop"
    assert chunks[-1].usage == Usage(input_tokens=110, output_tokens=30)


@EACH
async def test_a_streamed_tool_call_is_put_together(fake: Fake, provider: str) -> None:
    """Its arguments come in pieces."""
    chunks = [c async for c in fake.connect(provider).stream("order ORD-17?", tools=[Tool.of(lookup_order)])]

    whole = chunks[-1].completion
    assert whole is not None
    [call] = whole.tool_calls
    assert (call.name, call.arguments) == ("lookup_order", {"order_id": "ORD-17"})
    assert whole.finish_reason == "tool_calls"


@pytest.mark.parametrize("provider", ["openai", "anthropic", "compatible"])
async def test_a_stream_that_is_cut_off_fails(fake: Fake, provider: str) -> None:
    """Without its last event the answer is not whole, and another attempt may help."""
    with pytest.raises(TransientError, match="ended before"):
        async for _ in fake.connect(provider, mode="cut").stream("tell me a story"):
            pass


@EACH
@pytest.mark.parametrize(("mode", "kind"), [("err429", RateLimited), ("err503", Overloaded), ("err400", AgentError)])
async def test_a_refused_stream_fails_like_a_call(fake: Fake, provider: str, mode: str, kind: type[AgentError]) -> None:
    """The error comes with the first chunk that is asked for."""
    with pytest.raises(kind):
        await anext(aiter(fake.connect(provider, mode=mode).stream("hello")))


@EACH
async def test_a_reader_may_stop_early(fake: Fake, provider: str) -> None:
    """Closing the stream closes its connection; the next call works."""
    model = fake.connect(provider)

    stream = model.stream("tell me a long story")
    first = await anext(aiter(stream))
    await stream.aclose()  # type: ignore[attr-defined]  # a generator
    after = await model.complete("hello")

    assert first.text
    assert after.text == "You asked: hello"
