"""Anthropic through its own SDK."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

from ecoa.connectors import schema
from ecoa.connectors.base import Model, Request
from ecoa.connectors.providers.stainless import translate
from ecoa.connectors.types import Completion, FinishReason, Message, ToolCall
from ecoa.errors import AgentError
from ecoa.result import Usage

type Json = dict[str, Any]  # a JSON object

_FINISH: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
_MAX_TOKENS = 4096  # the API wants a number


class Anthropic(Model):
    """A model of Anthropic: Anthropic("claude-sonnet-5-5"). The key comes from ANTHROPIC_API_KEY.

    An answer of a type is asked for as the arguments of a tool that the model has to call.
    """

    provider = "anthropic"
    extra = "anthropic"

    def _open(self) -> Any:
        from anthropic import AsyncAnthropic

        return AsyncAnthropic(
            api_key=self._api_key,
            base_url=self.base_url,
            timeout=self.timeout,
            max_retries=0,
            default_headers=self.headers,
        )

    async def _shut(self, client: Any) -> None:
        await client.close()

    async def _ask(self, request: Request) -> Completion[Any]:
        answer = await self._client.messages.create(**self._body(request))
        return _completion(answer.model_dump(warnings=False))

    async def _pieces(self, request: Request) -> AsyncGenerator[str | Completion[Any]]:
        gathered = _Gathered()
        async with await self._client.messages.create(**self._body(request), stream=True) as events:
            async for event in events:
                text = gathered.take(event.model_dump(warnings=False))
                if text:
                    yield text
        if gathered.ended:
            yield _completion(gathered.message)

    def _body(self, request: Request) -> Json:
        system = "\n\n".join(one.content for one in request.messages if one.role == "system")
        made: Json = {
            "model": self.model,
            "messages": _messages(request.messages),
            "max_tokens": request.max_tokens or _MAX_TOKENS,
            **self.options,
        }
        if system:
            made["system"] = system
        tools = [
            {"name": tool.name, "description": tool.description, "input_schema": dict(tool.parameters)}
            for tool in request.tools
        ]
        if request.shape is not None:
            tools.append({"name": schema.TOOL, "description": "Give the answer.", "input_schema": request.shape.schema})
            made["tool_choice"] = {"type": "any"} if request.tools else {"type": "tool", "name": schema.TOOL}
        if tools:
            made["tools"] = tools
        return made

    def _translate(self, error: Exception) -> AgentError | None:
        import anthropic

        return translate(anthropic, error)


def _messages(messages: Sequence[Message]) -> list[Json]:
    """Without the system's; answers of tools are the user's, those of one turn in one message."""
    made: list[Json] = []
    for one in messages:
        if one.role == "system":
            continue
        if one.role == "tool":
            block = {"type": "tool_result", "tool_use_id": one.tool_call_id, "content": one.content}
            last = made[-1] if made else None
            if last is not None and last["role"] == "user" and isinstance(last["content"], list):
                last["content"].append(block)
            else:
                made.append({"role": "user", "content": [block]})
        elif one.tool_calls:
            said = [{"type": "text", "text": one.content}] if one.content else []
            calls = [
                {"type": "tool_use", "id": call.id, "name": call.name, "input": dict(call.arguments)}
                for call in one.tool_calls
            ]
            made.append({"role": "assistant", "content": [*said, *calls]})
        else:
            made.append({"role": one.role, "content": one.content})
    return made


def _completion(answer: Mapping[str, Any]) -> Completion[Any]:
    blocks: list[Json] = answer["content"]
    text = "".join(block["text"] for block in blocks if block["type"] == "text")
    calls = tuple(
        ToolCall(id=block["id"], name=block["name"], arguments=block["input"])
        for block in blocks
        if block["type"] == "tool_use"
    )
    finish = _FINISH.get(answer.get("stop_reason") or "end_turn", "other")
    given = next((call for call in calls if call.name == schema.TOOL), None)
    if given is not None:
        text, calls = json.dumps(given.arguments), ()
        finish = "stop" if finish == "tool_calls" else finish
    return Completion(
        text=text,
        tool_calls=calls,
        usage=_usage(answer.get("usage")),
        model=answer.get("model") or "",
        provider="anthropic",
        finish_reason=finish,
        id=answer.get("id"),
    )


def _usage(told: Mapping[str, Any] | None) -> Usage | None:
    """Five disjoint buckets: input_tokens leave out cached ones, output_tokens include thinking."""
    if not told:
        return None
    thinking = (told.get("output_tokens_details") or {}).get("thinking_tokens") or 0
    return Usage(
        input_tokens=told.get("input_tokens") or 0,
        cache_read_tokens=told.get("cache_read_input_tokens") or 0,
        cache_write_tokens=told.get("cache_creation_input_tokens") or 0,
        output_tokens=max(0, (told.get("output_tokens") or 0) - thinking),
        reasoning_tokens=thinking,
    )


class _Gathered:
    """A streamed message as far as it has come."""

    def __init__(self) -> None:
        self.message: Json = {"content": []}
        self.ended = False
        self._arguments: dict[int, str] = {}  # of tools, JSON that is not whole yet

    def take(self, event: Mapping[str, Any]) -> str:
        """Add an event; the text it brought."""
        match event["type"]:
            case "message_start":
                self.message = {**event["message"], "content": []}
            case "content_block_start":
                self.message["content"].append(dict(event["content_block"]))
            case "content_block_delta":
                return self._take_delta(event["index"], event["delta"])
            case "content_block_stop" if event["index"] in self._arguments:
                self.message["content"][event["index"]]["input"] = json.loads(self._arguments[event["index"]] or "{}")
            case "message_delta":
                self.message["stop_reason"] = event["delta"].get("stop_reason")
                told = {key: value for key, value in (event.get("usage") or {}).items() if value is not None}
                self.message["usage"] = {**(self.message.get("usage") or {}), **told}
            case "message_stop":
                self.ended = True
        return ""

    def _take_delta(self, index: int, delta: Mapping[str, Any]) -> str:
        if delta["type"] == "text_delta":
            self.message["content"][index]["text"] += delta["text"]
            return str(delta["text"])
        if delta["type"] == "input_json_delta":
            self._arguments[index] = self._arguments.get(index, "") + delta["partial_json"]
        return ""
