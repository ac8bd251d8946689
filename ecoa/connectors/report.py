"""What a model call tells others: its span, and its tokens to the agent call that it is part of."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ecoa import trace
from ecoa.connectors.types import Completion, Message, ToolCall
from ecoa.result import Usage

if TYPE_CHECKING:
    from ecoa.connectors.base import Model, Request

_MAX_CONTENT = 100_000  # characters of one direction; a collector refuses spans that are too large


def model_span(model: Model, request: Request, *, streams: bool = False) -> trace.OpenSpan:
    """The span of a model call, by OpenTelemetry's GenAI names."""
    if not trace.enabled():
        return trace.NOTHING
    asked: dict[str, Any] = {
        "gen_ai.provider.name": model.provider,
        "gen_ai.request.model": model.model,
        "gen_ai.request.max_tokens": request.max_tokens,
        "gen_ai.request.temperature": model.options.get("temperature"),
        "gen_ai.request.stream": streams or None,
        "gen_ai.output.type": "json" if request.shape else None,
    }
    if _content():
        asked["gen_ai.input.messages"] = _messages(request.messages)
    return (trace.opened if streams else trace.span)("model", model.model, **asked)


def tell(here: trace.Span, completion: Completion[Any]) -> None:
    """Write an answer on its span."""
    if not trace.enabled():
        return
    here.set(
        **{
            "gen_ai.response.model": completion.model or None,
            "gen_ai.response.id": completion.id,
            "gen_ai.response.finish_reasons": [completion.finish_reason],
            **_tokens(completion.usage),
        }
    )
    if _content():
        answer = Message("assistant", completion.text, tool_calls=completion.tool_calls)
        here.set(**{"gen_ai.output.messages": _messages([answer])})


def used(completion: Completion[Any]) -> None:
    """Count the tokens in the agent call that is going on, if any."""
    from ecoa.calling import scope

    current = scope.current()
    if current is not None and completion.usage is not None:
        current.spend(completion.usage)


def callers_deadline() -> float | None:
    """When the agent call that is going on has to be over."""
    from ecoa.calling import scope

    current = scope.current()
    return None if current is None else current.deadline


def _tokens(usage: Usage | None) -> dict[str, int]:
    """As the conventions count: cached tokens inside input, reasoning inside output."""
    if usage is None:
        return {}
    cached = usage.cache_read_tokens + usage.cache_write_tokens
    return {
        "gen_ai.usage.input_tokens": usage.input_tokens + cached,
        "gen_ai.usage.output_tokens": usage.output_tokens + usage.reasoning_tokens,
        "gen_ai.usage.cache_read.input_tokens": usage.cache_read_tokens,
        "gen_ai.usage.cache_write.input_tokens": usage.cache_write_tokens,
        "gen_ai.usage.reasoning.output_tokens": usage.reasoning_tokens,
    }


def _content() -> bool:
    return os.environ.get("ECOA_TRACE_CONTENT", "true").strip().lower() not in {"false", "0", "no", "off"}


def _messages(messages: Sequence[Message]) -> str | None:
    """Messages in the conventions' JSON; the oldest are left out when they are too long."""
    kept: list[str] = []
    size = 0
    for message in reversed(messages):
        text = json.dumps({"role": message.role, "parts": _parts(message)}, ensure_ascii=False)
        size += len(text)
        if size > _MAX_CONTENT:
            break
        kept.append(text)
    return f"[{','.join(reversed(kept))}]" if kept else None


def _parts(message: Message) -> list[dict[str, Any]]:
    if message.role == "tool":
        return [{"type": "tool_call_response", "id": message.tool_call_id, "response": message.content}]
    said: list[dict[str, Any]] = [{"type": "text", "content": message.content}] if message.content else []
    return said + [_call(call) for call in message.tool_calls]


def _call(call: ToolCall) -> dict[str, Any]:
    return {"type": "tool_call", "id": call.id, "name": call.name, "arguments": dict(call.arguments)}
