"""OpenAI through its own SDK."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from ecoa.connectors import chat
from ecoa.connectors.base import Model, Request
from ecoa.connectors.providers.stainless import translate
from ecoa.connectors.types import Completion
from ecoa.errors import AgentError


class OpenAI(Model):
    """A model of OpenAI: OpenAI("gpt-4o-mini"). The key comes from OPENAI_API_KEY."""

    provider = "openai"
    extra = "openai"

    def _open(self) -> Any:
        from openai import AsyncOpenAI

        return AsyncOpenAI(
            api_key=self._api_key,
            base_url=self.base_url,
            timeout=self.timeout,
            max_retries=0,
            default_headers=self.headers,
        )

    async def _shut(self, client: Any) -> None:
        await client.close()

    def _body(self, request: Request) -> chat.Json:
        return chat.body(self.model, request, limit="max_completion_tokens", options=self.options)

    async def _ask(self, request: Request) -> Completion[Any]:
        answer = await self._client.chat.completions.create(**self._body(request))
        return chat.completion(answer.model_dump(warnings=False), provider=self.provider)

    async def _pieces(self, request: Request) -> AsyncGenerator[str | Completion[Any]]:
        options = {"stream": True, "stream_options": {"include_usage": True}}
        gathered = chat.Gathered()
        async with await self._client.chat.completions.create(**self._body(request), **options) as chunks:
            async for chunk in chunks:
                text = gathered.take(chunk.model_dump(warnings=False))
                if text:
                    yield text
        whole = gathered.whole(provider=self.provider)
        if whole is not None:
            yield whole

    def _translate(self, error: Exception) -> AgentError | None:
        import openai

        return translate(openai, error)
