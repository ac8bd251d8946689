"""Every server that speaks OpenAI's Chat Completions: Ollama, vLLM, llama.cpp, gateways. No SDK, httpx alone."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncGenerator
from typing import Any

from ecoa.connectors import chat
from ecoa.connectors.base import Model, Request
from ecoa.connectors.failures import failure
from ecoa.connectors.types import Completion
from ecoa.errors import AgentError, AgentTimeout, TransientError


class OpenAICompatible(Model):
    """A model behind an OpenAI-compatible server: OpenAICompatible("llama3", base_url="http://localhost:11434/v1")."""

    provider = "openai_compatible"

    def __init__(self, model: str, *, base_url: str, provider: str | None = None, **settings: Any) -> None:
        super().__init__(model, base_url=base_url.rstrip("/"), **settings)
        if provider is not None:
            self.provider = provider  # type: ignore[misc]  # a server's name in place of the class's

    def _open(self) -> Any:
        import httpx

        headers = dict(self.headers)
        if self._api_key:
            headers.setdefault("Authorization", f"Bearer {self._api_key}")
        return httpx.AsyncClient(timeout=self.timeout, headers=headers, follow_redirects=True)

    async def _shut(self, client: Any) -> None:
        await client.aclose()

    def _body(self, request: Request) -> chat.Json:
        return chat.body(self.model, request, limit="max_tokens", options=self.options)

    @property
    def _url(self) -> str:
        return f"{self.base_url}/chat/completions"

    async def _ask(self, request: Request) -> Completion[Any]:
        response = await self._client.post(self._url, json=self._body(request))
        if response.status_code >= 400:
            raise _refused(response)
        return chat.completion(response.json(), provider=self.provider)

    async def _pieces(self, request: Request) -> AsyncGenerator[str | Completion[Any]]:
        body = {**self._body(request), "stream": True, "stream_options": {"include_usage": True}}
        gathered = chat.Gathered()
        async with self._client.stream("POST", self._url, json=body) as response:
            if response.status_code >= 400:
                await response.aread()
                raise _refused(response)
            async for line in response.aiter_lines():
                if not line.startswith("data:") or line[5:].strip() == "[DONE]":
                    continue
                chunk = json.loads(line[5:])
                if "error" in chunk:
                    raise _told(None, chunk, {})
                text = gathered.take(chunk)
                if text:
                    yield text
        whole = gathered.whole(provider=self.provider)
        if whole is not None:
            yield whole

    def _translate(self, error: Exception) -> AgentError | None:
        import httpx

        if isinstance(error, httpx.TimeoutException):
            return AgentTimeout(f"{self.model} did not answer in time")
        if isinstance(error, httpx.HTTPError):
            return TransientError(f"no connection: {error}"[:500], type="ConnectionError")
        return None


def ollama(model: str, **settings: Any) -> OpenAICompatible:
    """A model on Ollama, at OLLAMA_HOST or this machine."""
    host = os.environ.get("OLLAMA_HOST") or "http://localhost:11434"
    settings.setdefault("base_url", f"{host if '://' in host else f'http://{host}'}".rstrip("/") + "/v1")
    return OpenAICompatible(model, provider="ollama", **settings)


def vllm(base_url: str, model: str, **settings: Any) -> OpenAICompatible:
    """A model on a vLLM server: vllm("http://gpu:8000/v1", "llama3")."""
    return OpenAICompatible(model, base_url=base_url, provider="vllm", **settings)


def _refused(response: Any) -> AgentError:
    try:
        body = response.json()
    except ValueError:
        body = {"error": response.text}
    return _told(response.status_code, body if isinstance(body, dict) else {"error": str(body)}, response.headers)


def _told(status: int | None, body: chat.Json, headers: Any) -> AgentError:
    told = body.get("error") or body
    if not isinstance(told, dict):
        told = {"message": str(told)}
    kind = told.get("code") or told.get("type")
    kind = kind if isinstance(kind, str) else None
    return failure(status, str(told.get("message") or ""), kind=kind, headers=headers)
