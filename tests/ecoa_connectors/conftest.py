"""The providers' fake server, and a connector for each of their wire formats."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from typing import Any

import pytest

from ecoa import store
from ecoa.connectors import Anthropic, Cohere, OpenAI, OpenAICompatible
from ecoa.connectors.base import Model
from ecoa.store.memory import MemoryStore
from tests.ecoa_connectors.fake_llm import Handler

MODELS = {
    "openai": "gpt-4o-mini",
    "anthropic": "claude-sonnet-5-5",
    "cohere": "command-a-03-2025",
    "compatible": "llama3",
}


class Quiet(Handler):
    """The fake without its log."""

    def note(self, *args: Any, **told: Any) -> None:
        """Nothing."""


class Server(ThreadingHTTPServer):
    """Clients leave early here: that is no error."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class Fake:
    """Where it listens, and connectors to it."""

    url: str
    opened: list[Model]

    def connect(self, provider: str, *, mode: str = "", model: str = "", **settings: Any) -> Model:
        """A connector of this provider to the fake; `mode` is one of its ways to fail."""
        makers: dict[str, Callable[..., Model]] = {
            "openai": OpenAI,
            "anthropic": Anthropic,
            "cohere": Cohere,
            "compatible": OpenAICompatible,
        }
        url = f"{self.url}/v1" if provider in ("openai", "compatible") else self.url
        headers = {"X-Fake-Mode": mode} if mode else {}
        made = makers[provider](model or MODELS[provider], base_url=url, api_key="sk-fake", headers=headers, **settings)
        self.opened.append(made)
        return made


@pytest.fixture(autouse=True)
def memory() -> Iterator[None]:
    """Breakers and limiters are this process's own."""
    with store.use(MemoryStore()):
        yield


@pytest.fixture(scope="session")
def fake_url() -> Iterator[str]:
    server = Server(("127.0.0.1", 0), Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
async def fake(fake_url: str) -> AsyncIterator[Fake]:
    made = Fake(fake_url, [])
    yield made
    for one in made.opened:
        await one.close()
