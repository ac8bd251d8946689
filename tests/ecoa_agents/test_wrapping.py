"""Agents of other libraries are known by their shape; their classes are never imported."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from ecoa.agent import Agent, agent
from ecoa.calling.usage import as_usage, usage_of
from ecoa.calling.wrapping import snake
from ecoa.result import Usage


@dataclass
class Message:
    """As LangChain's AIMessage: cached tokens are inside of input, reasoning is inside of output."""

    content: str
    usage_metadata: dict[str, Any] = field(
        default_factory=lambda: {
            "input_tokens": 10,
            "output_tokens": 7,
            "total_tokens": 17,
            "input_token_details": {"cache_read": 4, "cache_creation": 1},
            "output_token_details": {"reasoning": 2},
        }
    )


class Runnable:
    """As LangChain's: both ways to call it."""

    def invoke(self, x: str) -> Message:
        raise AssertionError("the plain way blocks")

    async def ainvoke(self, x: str) -> Message:
        return Message(x.upper())


async def test_a_langchain_runnable_is_an_agent() -> None:
    """Its answer as it is, its tokens counted in five disjoint buckets."""
    result = await Agent("chain", Runnable()).run("hi")

    assert result.unwrap().content == "HI"
    assert result.usage == Usage(
        input_tokens=5, cache_read_tokens=4, cache_write_tokens=1, output_tokens=5, reasoning_tokens=2
    )


@dataclass
class OpenAIAgent:
    """As the OpenAI Agents SDK's."""

    name: str
    instructions: str = "Refund."
    handoffs: list[Any] = field(default_factory=list)


async def test_an_agent_of_the_openai_sdk_is_an_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its Runner runs it; the final output and the usage are the result's."""

    class Runner:
        @staticmethod
        async def run(target: OpenAIAgent, x: str) -> Any:
            details = SimpleNamespace(cached_tokens=3)
            usage = SimpleNamespace(input_tokens=9, output_tokens=2, input_tokens_details=details)
            return SimpleNamespace(final_output=f"{target.name}: {x}", context_wrapper=SimpleNamespace(usage=usage))

    monkeypatch.setitem(sys.modules, "agents", SimpleNamespace(Runner=Runner))
    desk = agent(OpenAIAgent("Refund desk"))

    result = await Agent("refund_desk").run("T-17")

    assert desk.name == "refund_desk"
    assert result.data == "Refund desk: T-17"
    assert result.usage == Usage(input_tokens=6, cache_read_tokens=3, output_tokens=2)


class PydanticAgent:
    """As pydantic-ai's."""

    name = "support"

    def __init__(self, usage: Callable[[], Any] | Any) -> None:
        self.usage = usage

    async def run(self, x: str) -> Any:
        return SimpleNamespace(output=x.upper(), usage=self.usage)

    def run_sync(self, x: str) -> Any:
        raise AssertionError("the plain way blocks")

    def iter(self, x: str) -> Any:
        raise AssertionError


@pytest.mark.parametrize("method", [True, False])
async def test_a_pydantic_ai_agent_is_an_agent(method: bool) -> None:
    """Its output; usage was a method, and is a property."""
    told = SimpleNamespace(input_tokens=20, output_tokens=3, cache_read_tokens=5, details={"reasoning_tokens": 1})

    result = await agent(PydanticAgent((lambda: told) if method else told)).run("hi")

    assert result.data == "HI"
    assert result.usage == Usage(input_tokens=15, cache_read_tokens=5, output_tokens=2, reasoning_tokens=1)


@pytest.mark.parametrize(
    ("output", "usage"),
    [
        ({"usage": {"prompt_tokens": 3, "completion_tokens": 4}}, Usage(input_tokens=3, output_tokens=4)),
        (SimpleNamespace(usage=Usage(input_tokens=1)), Usage(input_tokens=1)),
        (SimpleNamespace(usage=lambda: {"input_tokens": 2}), Usage(input_tokens=2)),
        (SimpleNamespace(usage=lambda needed: 1), None),
        ({"usage": "much"}, None),
        ("usage", None),
        (None, None),
        ([], None),
    ],
)
def test_usage_is_read_from_whatever_tells_it(output: object, usage: Usage | None) -> None:
    """And from nothing else."""
    assert usage_of(output) == usage


def test_more_cached_than_given_is_not_less_than_nothing() -> None:
    """Some count cached tokens beside input."""
    assert as_usage({"input_tokens": 3, "cache_read_tokens": 10}) == Usage(cache_read_tokens=10)


@pytest.mark.parametrize(
    ("name", "snaked"),
    [
        ("Triage", "triage"),
        ("OrderDesk", "order_desk"),
        ("HTTPClient", "http_client"),
        ("Refund desk", "refund_desk"),
        ("already_so", "already_so"),
    ],
)
def test_names_in_snake_form(name: str, snaked: str) -> None:
    """Of classes and of other libraries' agents."""
    assert snake(name) == snaked
