"""The Chat Completions format, spoken by OpenAI and by every server that is compatible with it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ecoa.connectors.base import Request
from ecoa.connectors.types import Completion, FinishReason, Message, Tool, ToolCall
from ecoa.result import Usage

type Json = dict[str, Any]  # a JSON object

_FINISH: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}


def body(model: str, request: Request, *, limit: str, options: Mapping[str, Any]) -> Json:
    """A request; `limit` is what the server calls the largest number of tokens."""
    made: Json = {"model": model, "messages": [message(one) for one in request.messages], **options}
    if request.max_tokens is not None:
        made[limit] = request.max_tokens
    if request.tools:
        made["tools"] = tools(request.tools)
    if request.shape is not None:
        strict = request.shape.strict
        asked = {"name": "answer", "schema": strict or request.shape.schema, "strict": strict is not None}
        made["response_format"] = {"type": "json_schema", "json_schema": asked}
    return made


def message(one: Message) -> Json:
    """A message; Cohere writes them the same way."""
    if one.role == "tool":
        return {"role": "tool", "tool_call_id": one.tool_call_id, "content": one.content}
    if not one.tool_calls:
        return {"role": one.role, "content": one.content}
    calls = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": json.dumps(call.arguments)}}
        for call in one.tool_calls
    ]
    return {"role": one.role, "tool_calls": calls, **({"content": one.content} if one.content else {})}


def tools(offered: Sequence[Tool]) -> list[Json]:
    """Tools as functions."""
    return [
        {
            "type": "function",
            "function": {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)},
        }
        for tool in offered
    ]


def completion(answer: Mapping[str, Any], *, provider: str) -> Completion[Any]:
    """A whole answer."""
    choice = answer["choices"][0]
    said = choice["message"]
    return Completion(
        text=said.get("content") or "",
        tool_calls=tuple(tool_call(call) for call in said.get("tool_calls") or ()),
        usage=usage(answer.get("usage")),
        model=answer.get("model") or "",
        provider=provider,
        finish_reason=_FINISH.get(choice.get("finish_reason") or "stop", "other"),
        id=answer.get("id"),
    )


def tool_call(call: Mapping[str, Any]) -> ToolCall:
    """A call of a function, its arguments read."""
    arguments = json.loads(call["function"].get("arguments") or "{}")
    if not isinstance(arguments, dict):
        raise TypeError("a tool's arguments are not an object")
    return ToolCall(id=call.get("id") or "", name=call["function"]["name"], arguments=arguments)


def usage(told: Mapping[str, Any] | None) -> Usage | None:
    """Five disjoint buckets: prompt_tokens include cached ones, completion_tokens include reasoning.

    A server that counts them apart is known by parts larger than the whole.
    """
    if not told:
        return None
    given, out = told.get("prompt_tokens") or 0, told.get("completion_tokens") or 0
    of_prompt, of_output = told.get("prompt_tokens_details") or {}, told.get("completion_tokens_details") or {}
    read, written = of_prompt.get("cached_tokens") or 0, of_prompt.get("cache_write_tokens") or 0
    reasoning = of_output.get("reasoning_tokens") or 0
    return Usage(
        input_tokens=given - read - written if read + written <= given else given,
        cache_read_tokens=read,
        cache_write_tokens=written,
        output_tokens=out - reasoning if reasoning <= out else out,
        reasoning_tokens=reasoning,
    )


class Gathered:
    """A streamed answer as far as it has come."""

    def __init__(self) -> None:
        self._head: Json = {}
        self._text: list[str] = []
        self._calls: dict[int, Json] = {}
        self._usage: Mapping[str, Any] | None = None
        self._finish: str | None = None

    def take(self, chunk: Mapping[str, Any]) -> str:
        """Add a chunk; the text it brought."""
        self._head.update({key: chunk[key] for key in ("id", "model") if chunk.get(key)})
        self._usage = chunk.get("usage") or self._usage
        said = ""
        for choice in chunk.get("choices") or ():
            delta = choice.get("delta") or {}
            said += delta.get("content") or ""
            for piece in delta.get("tool_calls") or ():
                self._take_call(piece)
            self._finish = choice.get("finish_reason") or self._finish
        self._text.append(said)
        return said

    def whole(self, *, provider: str) -> Completion[Any] | None:
        """The answer; None when it has not ended."""
        if self._finish is None:
            return None
        said = {"content": "".join(self._text), "tool_calls": [self._calls[place] for place in sorted(self._calls)]}
        choice = {"message": said, "finish_reason": self._finish}
        return completion({**self._head, "choices": [choice], "usage": self._usage}, provider=provider)

    def _take_call(self, piece: Mapping[str, Any]) -> None:
        call = self._calls.setdefault(piece.get("index") or 0, {"function": {"name": "", "arguments": ""}})
        call["id"] = piece.get("id") or call.get("id")
        function = piece.get("function") or {}
        call["function"]["name"] += function.get("name") or ""
        call["function"]["arguments"] += function.get("arguments") or ""
