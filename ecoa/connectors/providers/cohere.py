"""Cohere through its own SDK, by its API's second version."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Any

from ecoa.connectors import chat, schema
from ecoa.connectors.base import Model, Request
from ecoa.connectors.failures import failure
from ecoa.connectors.types import Completion, FinishReason
from ecoa.errors import AgentError, AgentTimeout, MalformedOutput, TransientError
from ecoa.result import Usage

type Json = dict[str, Any]  # a JSON object

_FINISH: dict[str, FinishReason] = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "MAX_TOKENS": "length",
    "TOOL_CALL": "tool_calls",
}


class Cohere(Model):
    """A model of Cohere: Cohere("command-a-03-2025"). The key comes from CO_API_KEY."""

    provider = "cohere"
    extra = "cohere"

    def _open(self) -> Any:
        import httpx
        from cohere import AsyncClientV2

        named: Json = {} if self.base_url is None else {"base_url": self.base_url}
        http = httpx.AsyncClient(timeout=self.timeout, headers=self.headers, follow_redirects=True)
        client = AsyncClientV2(api_key=self._api_key, timeout=self.timeout, max_retries=0, httpx_client=http, **named)
        return client, http

    async def _shut(self, client: Any) -> None:
        await client[1].aclose()

    async def _ask(self, request: Request) -> Completion[Any]:
        answer = await self._client[0].chat(**self._body(request))
        return self._completion(answer.model_dump(warnings=False))

    async def _pieces(self, request: Request) -> AsyncGenerator[str | Completion[Any]]:
        head: Json = {}
        text: list[str] = []
        calls: dict[int, Json] = {}
        async for event in self._client[0].chat_stream(**self._body(request)):
            told = event.model_dump(warnings=False)
            delta = told.get("delta") or {}
            said = delta.get("message") or {}
            match told.get("type"):
                case "message-start":
                    head["id"] = told.get("id")
                case "content-delta":
                    piece = (said.get("content") or {}).get("text") or ""
                    text.append(piece)
                    if piece:
                        yield piece
                case "tool-call-start":
                    calls[told["index"]] = said["tool_calls"]
                case "tool-call-delta":
                    function = calls[told["index"]]["function"]
                    function["arguments"] = (function["arguments"] or "") + said["tool_calls"]["function"]["arguments"]
                case "message-end":
                    whole = {"content": [{"type": "text", "text": "".join(text)}], "tool_calls": list(calls.values())}
                    yield self._completion({**head, **delta, "message": whole})

    def _body(self, request: Request) -> Json:
        made: Json = {
            "model": self.model,
            "messages": [chat.message(one) for one in request.messages],
            **self.options,
        }
        if request.max_tokens is not None:
            made["max_tokens"] = request.max_tokens
        tools = chat.tools(request.tools)
        if request.shape is not None:
            asked = request.shape.schema
            if tools:  # its JSON mode takes no tools beside it
                answer = {"name": schema.TOOL, "description": "Give the answer.", "parameters": asked}
                tools.append({"type": "function", "function": answer})
                made["tool_choice"] = "REQUIRED"
            else:
                made["response_format"] = {"type": "json_object", "json_schema": asked}
        if tools:
            made["tools"] = tools
        return made

    def _completion(self, answer: Mapping[str, Any]) -> Completion[Any]:
        said = answer["message"]
        text = "".join(part.get("text") or "" for part in said.get("content") or ())
        calls = tuple(chat.tool_call(call) for call in said.get("tool_calls") or ())
        finish = _FINISH.get(answer.get("finish_reason") or "COMPLETE", "other")
        given = next((call for call in said.get("tool_calls") or () if call["function"]["name"] == schema.TOOL), None)
        if given is not None:
            text, calls, finish = given["function"]["arguments"], (), "stop"
        return Completion(
            text=text,
            tool_calls=calls,
            usage=_usage(answer.get("usage")),
            model=self.model,  # Cohere does not say which one answered
            provider=self.provider,
            finish_reason=finish,
            id=answer.get("id"),
        )

    def _translate(self, error: Exception) -> AgentError | None:
        import httpx
        from cohere.core.api_error import ApiError
        from cohere.core.parse_error import ParsingError

        if isinstance(error, httpx.TimeoutException):
            return AgentTimeout(f"{self.model} did not answer in time")
        if isinstance(error, httpx.HTTPError):
            return TransientError(f"no connection: {error}"[:500], type="ConnectionError")
        if isinstance(error, ParsingError) or (isinstance(error, ApiError) and error.status_code == 200):
            return MalformedOutput("the answer of cohere cannot be read", raw=str(error.body))
        if isinstance(error, ApiError):
            told = error.body if isinstance(error.body, Mapping) else {"message": str(error.body)}
            return failure(error.status_code, str(told.get("message") or ""), headers=error.headers or {})
        return None


def _usage(told: Mapping[str, Any] | None) -> Usage | None:
    """Tokens as billed, which leaves out those that Cohere adds itself; cached ones are part of the input."""
    counted = (told or {}).get("billed_units") or (told or {}).get("tokens")
    if not counted:
        return None
    given = int(counted.get("input_tokens") or 0)
    read = int((told or {}).get("cached_tokens") or 0)
    return Usage(
        input_tokens=given - read if read <= given else given,
        cache_read_tokens=read,
        output_tokens=int(counted.get("output_tokens") or 0),
    )
