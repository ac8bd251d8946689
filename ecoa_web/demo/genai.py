"""Steps in the words of OpenTelemetry's GenAI conventions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from ecoa_web.demo.step import MS, Failure, Step, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model as its provider names and times it."""

    request: str
    response: str
    provider: str
    address: str
    first_token_ms: int
    tokens_per_s: int


MINI = Model(
    request="gpt-4o-mini", response="gpt-4o-mini-2024-07-18", provider="openai",
    address="api.openai.com", first_token_ms=320, tokens_per_s=95,
)  # fmt: skip
SONNET = Model(
    request="claude-sonnet-4-5", response="claude-sonnet-4-5-20250929", provider="anthropic",
    address="api.anthropic.com", first_token_ms=780, tokens_per_s=62,
)  # fmt: skip
HAIKU = Model(
    request="claude-haiku-4-5", response="claude-haiku-4-5-20251001", provider="anthropic",
    address="api.anthropic.com", first_token_ms=410, tokens_per_s=120,
)  # fmt: skip

RATE_LIMIT = Failure(
    kind="RateLimitError",
    message="429: rate limit reached for requests per minute; retry after 1 s",
    stack='Traceback (most recent call last):\n  File "shop/models.py", line 88, in chat\n'
    "    raise RateLimitError(response)\nRateLimitError: 429: rate limit reached",
)
OVERLOADED = Failure(
    kind="OverloadedError",
    message="529: the model is overloaded",
    stack='Traceback (most recent call last):\n  File "shop/models.py", line 91, in chat\n'
    "    raise OverloadedError(response)\nOverloadedError: 529: the model is overloaded",
)


def agent(name: str, *, service: str, model: Model, conversation: str) -> Step:
    """An agent's turn, still empty."""
    return Step(
        name=f"invoke_agent {name}",
        service=service,
        attributes={
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": name,
            "gen_ai.agent.id": f"agent_{name}",
            "gen_ai.provider.name": model.provider,
            "gen_ai.request.model": model.request,
            "gen_ai.conversation.id": conversation,
        },
    )


def chat(
    random: Random, model: Model, *, service: str, system: str, prompt: str, answer: str, slow: float = 1.0
) -> Step:
    """A model call: its tokens follow from its texts, its time from its tokens."""
    tokens_in = 40 + (len(system) + len(prompt)) // 4
    tokens_out = max(8, len(answer) // 4)
    cached = tokens_in // 2 if random.random() < 0.35 else 0
    first_ms = model.first_token_ms * random.lognormvariate(0, 0.35) * slow
    total_ms = first_ms + 1000 * tokens_out / model.tokens_per_s * random.lognormvariate(0, 0.2) * slow
    results: dict[str, Value] = {
        "gen_ai.response.model": model.response,
        "gen_ai.response.id": f"resp_{random.getrandbits(80):020x}",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.response.time_to_first_chunk": first_ms / 1000,
        "gen_ai.usage.input_tokens": tokens_in,
        "gen_ai.usage.output_tokens": tokens_out,
        "gen_ai.output.messages": json.dumps([_message("assistant", answer, finish_reason="stop")]),
    }
    if cached:
        results["gen_ai.usage.cache_read.input_tokens"] = cached
    return Step(
        name=f"chat {model.request}",
        service=service,
        outgoing=True,
        attributes=_request(model)
        | {
            "gen_ai.system_instructions": json.dumps([{"type": "text", "content": system}]),
            "gen_ai.input.messages": json.dumps([_message("user", prompt)]),
        },
        duration_ns=int(total_ms * MS),
        results=results,
    )


def refused_chat(random: Random, model: Model, *, service: str, prompt: str, failure: Failure) -> Step:
    """A model call that the provider turned away."""
    return Step(
        name=f"chat {model.request}",
        service=service,
        outgoing=True,
        attributes=_request(model) | {"gen_ai.input.messages": json.dumps([_message("user", prompt)])},
        duration_ns=int(random.uniform(60, 240) * MS),
        failure=failure,
    )


def embedding(random: Random, text: str, *, service: str) -> Step:
    """The query of a search, as a vector."""
    return Step(
        name="embeddings text-embedding-3-small",
        service=service,
        outgoing=True,
        attributes={
            "gen_ai.operation.name": "embeddings",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "text-embedding-3-small",
            "server.address": "api.openai.com",
        },
        duration_ns=int(random.lognormvariate(4.6, 0.3) * MS),
        results={
            "gen_ai.response.model": "text-embedding-3-small",
            "gen_ai.usage.input_tokens": 4 + len(text) // 4,
            "gen_ai.embeddings.dimension.count": 1536,
        },
    )


def tool(
    random: Random,
    name: str,
    arguments: Mapping[str, object],
    result: object,
    *,
    service: str,
    ms: float,
    failure: Failure | None = None,
) -> Step:
    """A tool's run: about so long, except when it fails."""
    spread = 1.0 if failure else random.lognormvariate(0, 0.4)
    return Step(
        name=f"execute_tool {name}",
        service=service,
        attributes={
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": name,
            "gen_ai.tool.type": "function",
            "gen_ai.tool.call.id": f"call_{random.getrandbits(64):016x}",
            "gen_ai.tool.call.arguments": json.dumps(arguments),
        },
        duration_ns=int(ms * spread * MS),
        failure=failure,
        results={} if failure else {"gen_ai.tool.call.result": json.dumps(result)},
    )


def _request(model: Model) -> dict[str, Value]:
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": model.provider,
        "gen_ai.request.model": model.request,
        "gen_ai.request.temperature": 0.2,
        "gen_ai.request.max_tokens": 1024,
        "server.address": model.address,
        "server.port": 443,
    }


def _message(role: str, text: str, **more: str) -> dict[str, object]:
    return {"role": role, "parts": [{"type": "text", "content": text}], **more}
