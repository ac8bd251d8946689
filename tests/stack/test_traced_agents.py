"""ecoa's own tracing against the running stack: what an agent does shows while it is going on, and whole afterwards."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.error import HTTPError

import pytest

from bench.kills import wait_until
from bench.stack import Stack
from ecoa import trace
from ecoa.agent import agent
from ecoa.trace import export
from tests.ecoa_connectors.conftest import Fake, fake, fake_url

__all__ = ["fake", "fake_url"]  # fixtures

pytestmark = [pytest.mark.stack, pytest.mark.slow]  # they use the running stack


def spans_of(stack: Stack, trace_id: str) -> list[dict[str, Any]]:
    """What the API shows of a trace; nothing before it is there."""
    try:
        found: list[dict[str, Any]] = stack.get(f"/api/v1/traces/{trace_id}")["spans"]
    except HTTPError as error:
        if error.code != 404:
            raise
        return []
    return found


async def test_an_agent_shows_while_it_works_and_whole_afterwards(
    stack: Stack, fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pending span at first; then every span has the agent's name, and the model call its tokens."""
    monkeypatch.setenv("ECOA_TRACE", "true")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", stack.otlp)
    monkeypatch.setenv("ECOA_API_KEY", stack.key)
    export.shut_down()
    model = fake.connect("openai", model="gpt-5")
    asked: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    go_on = asyncio.Event()

    @agent(name="traced-greeter")
    async def greet(text: str) -> str:
        answer = await model.complete(text)
        asked.set_result(trace.current_trace_id() or "")
        await go_on.wait()
        return answer.text

    going = asyncio.create_task(greet.run("hello"))
    trace_id = await asked
    at_work = {"invoke_agent traced-greeter", "attempt traced-greeter"}
    await asyncio.to_thread(
        wait_until, lambda: {span["name"] for span in spans_of(stack, trace_id) if span["pending"]} == at_work
    )
    go_on.set()
    result = await going
    export.shut_down()
    await asyncio.to_thread(
        wait_until, lambda: [span["pending"] for span in spans_of(stack, trace_id)] == [False, False, False]
    )
    after = {span["name"]: span for span in spans_of(stack, trace_id)}

    assert result.trace_id == trace_id
    assert set(after) == {"invoke_agent traced-greeter", "attempt traced-greeter", "chat gpt-5"}
    assert {span["agent"] for span in after.values()} == {"traced-greeter"}
    called = after["chat gpt-5"]
    assert (called["kind"], called["provider"], called["model"]) == ("llm", "openai", "gpt-5")
    assert (called["input_tokens"], called["output_tokens"], called["reasoning_tokens"]) == (110, 46, 16)
    assert called["usage_counted"]
    assert after["invoke_agent traced-greeter"]["error"] is None
