"""What goes wrong at a provider, as one of ecoa's errors, the same from every provider."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine

from ecoa import clock
from ecoa.connectors import OpenAI, OpenAICompatible, connector, vllm
from ecoa.connectors.failures import failure, retry_after
from ecoa.errors import AgentError, AgentTimeout, MalformedOutput, Overloaded, RateLimited, TransientError
from tests.ecoa_connectors.conftest import MODELS, Fake

EACH = pytest.mark.parametrize("provider", MODELS)


@EACH
@pytest.mark.parametrize(
    ("mode", "kind", "wait"),
    [
        ("err429", RateLimited, 1.0),
        ("err503", Overloaded, None),
        ("overloaded", Overloaded, 1.0),
        ("err500", TransientError, None),
        ("malformed", MalformedOutput, None),
        ("err400", AgentError, None),
        ("err401", AgentError, None),
    ],
)
async def test_every_failure_has_its_class(
    fake: Fake, provider: str, mode: str, kind: type[AgentError], wait: float | None
) -> None:
    """The class says whether another attempt may help; a throttle says when."""
    with pytest.raises(AgentError) as failed:
        await fake.connect(provider, mode=mode).complete("hello")

    assert type(failed.value) is kind
    assert failed.value.retry_after == wait
    assert failed.value.transient is (kind is not AgentError)


@EACH
async def test_an_empty_answer_is_an_answer(fake: Fake, provider: str) -> None:
    """Nothing is what the model said; with a schema it does not fit."""
    model = fake.connect(provider, mode="empty")

    answer = await model.complete("hello")

    assert answer.text == ""
    with pytest.raises(MalformedOutput, match="empty"):
        await model.complete("hello", schema=int)


@pytest.mark.parametrize("provider", ["openai", "anthropic", "compatible"])
async def test_an_answer_that_was_cut_at_its_limit_says_so(fake: Fake, provider: str) -> None:
    """finish_reason length; with a schema the error names the limit."""
    model = fake.connect(provider, mode="length")

    answer = await model.complete("hello")

    assert answer.finish_reason == "length"
    if provider != "anthropic":  # whose answer is a tool's arguments
        with pytest.raises(MalformedOutput, match="token limit"):
            await model.complete('[[say {"order"]]', schema=dict[str, str])


@EACH
async def test_a_slow_model_times_out(fake: Fake, provider: str) -> None:
    """By its own timeout, or by the caller's deadline when that is nearer."""
    with pytest.raises(AgentTimeout):
        await fake.connect(provider, mode="slow", timeout=0.1).complete("hello")
    with pytest.raises(AgentTimeout):
        await fake.connect(provider, mode="slow").complete("hello", deadline=clock.monotonic() + 0.1)


@EACH
async def test_no_time_left_asks_nobody(fake: Fake, provider: str) -> None:
    """A deadline in the past fails before a connection is made."""
    with pytest.raises(AgentTimeout, match="no time left"):
        await fake.connect(provider).complete("hello", deadline=clock.monotonic() - 1)


@pytest.fixture
def dead_url() -> Iterator[str]:
    """An address where nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


@EACH
async def test_a_server_that_is_not_there_is_transient(dead_url: str, provider: str) -> None:
    """A refused connection may be accepted later."""
    model = Fake(dead_url, []).connect(provider)

    with pytest.raises(TransientError) as failed:
        await model.complete("hello")
    await model.close()

    assert failed.value.type == "ConnectionError"


async def test_a_missing_key_is_the_callers_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    """No attempt will find one."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    with pytest.raises(AgentError, match="api_key") as failed:
        await OpenAI("gpt-4o-mini").complete("hello")

    assert not failed.value.transient


def test_a_missing_sdk_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the connector is made, not when it is first used."""
    monkeypatch.setattr(OpenAI, "extra", "an_sdk_that_is_not_there")

    with pytest.raises(ImportError, match=r"pip install 'ecoa\[an_sdk_that_is_not_there\]'"):
        OpenAI("gpt-4o-mini")


def test_no_sdk_is_imported_before_it_is_needed() -> None:
    """The providers' SDKs are slow to import."""
    told = "import sys, ecoa.connectors; print(*{'openai', 'anthropic', 'cohere', 'httpx'} & {*sys.modules})"

    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == ""


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"Retry-After": "Sun, 22 Nov 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "junk"}, None),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m0s"}, 360.0),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "20ms"}, 0.02),
        ({"x-ratelimit-remaining-tokens": "9", "x-ratelimit-reset-tokens": "6m0s"}, None),
        (
            {
                "anthropic-ratelimit-input-tokens-remaining": "0",
                "anthropic-ratelimit-input-tokens-reset": "2026-11-22T12:01:00Z",
            },
            60.0,
        ),
        ({}, None),
    ],
)
def test_the_wait_is_read_from_every_providers_headers(headers: dict[str, str], wait: float | None) -> None:
    """Retry-After in seconds, milliseconds or as a date; else when what is used up comes back."""
    with time_machine.travel(datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC), tick=False):
        assert retry_after(headers) == wait


def test_an_empty_account_is_not_a_throttle() -> None:
    """OpenAI answers 429 for it, but waiting does not help."""
    made = failure(429, "You exceeded your current quota", kind="insufficient_quota", headers={})

    assert type(made) is AgentError
    assert not made.transient


def test_models_have_names() -> None:
    """ "provider/model" names a connector; what is one already stays itself."""
    llama = connector("ollama/llama3:8b")

    assert isinstance(llama, OpenAICompatible)
    assert (llama.provider, llama.model) == ("ollama", "llama3:8b")
    assert llama.base_url == "http://localhost:11434/v1"
    assert connector(llama) is llama
    assert vllm("http://gpu:8000/v1", "llama3").base_url == "http://gpu:8000/v1"
    assert getattr(connector("vllm/llama3"), "base_url", "") == "http://localhost:8000/v1"
    with pytest.raises(ValueError, match="provider/model"):
        connector("gpt-4o")
