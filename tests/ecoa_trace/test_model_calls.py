"""The spans of model calls."""

from __future__ import annotations

import json

import pytest

from ecoa import trace
from ecoa.connectors import Message
from ecoa.errors import MalformedOutput, RateLimited
from tests.ecoa_connectors.conftest import Fake, fake, fake_url
from tests.ecoa_trace.conftest import Collector

__all__ = ["fake", "fake_url"]  # fixtures


async def test_a_model_call_tells_its_tokens(fake: Fake, collector: Collector) -> None:
    """By the conventions: cached tokens are inside input, reasoning is inside output."""
    talk = [Message("user", "a"), Message("assistant", "b"), Message("user", "c")]

    with trace.span("agent", "classify"):
        await fake.connect("openai", model="gpt-5").complete(talk, max_tokens=99)

    told = collector.named("chat gpt-5").attributes
    assert told["gen_ai.agent.name"] == "classify"
    assert told["gen_ai.provider.name"] == "openai"
    assert told["gen_ai.request.model"] == told["gen_ai.response.model"] == "gpt-5"
    assert told["gen_ai.request.max_tokens"] == 99
    assert told["gen_ai.response.finish_reasons"] == ["stop"]
    assert told["gen_ai.usage.input_tokens"] == 130
    assert told["gen_ai.usage.cache_read.input_tokens"] == 64
    assert told["gen_ai.usage.output_tokens"] == 46
    assert told["gen_ai.usage.reasoning.output_tokens"] == 16
    assert json.loads(told["gen_ai.input.messages"])[2] == {"role": "user", "parts": [{"type": "text", "content": "c"}]}
    assert json.loads(told["gen_ai.output.messages"])[0]["parts"] == [{"type": "text", "content": "You asked: c"}]


async def test_content_can_be_left_out(fake: Fake, collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    """ECOA_TRACE_CONTENT=false keeps what was said at home."""
    monkeypatch.setenv("ECOA_TRACE_CONTENT", "false")

    await fake.connect("anthropic").complete("a secret")

    told = collector.named("chat claude-sonnet-5-5").attributes
    assert "secret" not in str(told)
    assert told["gen_ai.usage.input_tokens"] == 110


async def test_a_stream_tells_its_first_piece(fake: Fake, collector: Collector) -> None:
    """And the tokens at its end."""
    async for _ in fake.connect("anthropic").stream("hello"):
        pass

    told = collector.named("chat claude-sonnet-5-5").attributes
    assert told["gen_ai.request.stream"] is True
    assert 0 < told["gen_ai.response.time_to_first_chunk"] < 10
    assert told["gen_ai.usage.output_tokens"] == 30


async def test_a_failed_call_says_why(fake: Fake, collector: Collector) -> None:
    """A malformed answer was paid for: its tokens are told, too."""
    with pytest.raises(RateLimited):
        await fake.connect("openai", model="gpt-4o", mode="err429").complete("hello")
    with pytest.raises(MalformedOutput):
        await fake.connect("openai").complete("[[say no]]", schema=int)

    throttled, malformed = collector.named("chat gpt-4o"), collector.named("chat gpt-4o-mini")
    assert (throttled.failed, throttled.attributes["error.type"]) == (True, "RateLimited")
    assert (malformed.failed, malformed.attributes["error.type"]) == (True, "MalformedOutput")
    assert malformed.attributes["gen_ai.usage.output_tokens"] == 30
