"""OpenLIT: OpenTelemetry's names, with operations, cost and frameworks of its own."""

from __future__ import annotations

from traces.dialects.engine import Dialect, Source
from traces.dialects.otel_genai import OPERATIONS
from traces.dialects.vocabulary import count, dollars, label, one_of
from traces.span import Kind

_OPERATIONS = {
    "agent": Kind.AGENT,
    "framework": Kind.CHAIN,
    "workflow": Kind.PIPELINE,
    "vectordb": Kind.RETRIEVER,
    "tool": Kind.TOOL,
    "tools": Kind.TOOL,
    "image": Kind.LLM,
    "audio": Kind.LLM,
}

OPENLIT = Dialect(
    name="openlit",
    title="OpenLIT",
    versions="1.3x, before and after messages moved to attributes",
    lacks="sessions unless they are set by hand",
    scopes=("openlit*",),
    keys=("gen_ai.application_name", "gen_ai.sdk.version"),
    sources={
        "kind": (Source("gen_ai.operation.name", one_of({**OPERATIONS, **_OPERATIONS})),),
        "agent_name": (Source("gen_ai.agent.role", label, keep=True),),
        "cost": (Source("gen_ai.usage.cost", dollars),),
        "cache_read_tokens": (Source("gen_ai.usage.prompt_tokens_details.cache_read", count),),
        "cache_write_tokens": (Source("gen_ai.usage.prompt_tokens_details.cache_write", count),),
        "reasoning_tokens": (Source("gen_ai.usage.completion_tokens_details.reasoning", count),),
        "user": (Source("gen_ai.request.user", label),),
    },
    resource={"environment": (Source("gen_ai.environment", label),)},
    content=("gen_ai.content.*", "gen_ai.agent.goal", "gen_ai.agent.human_input", "gen_ai.framework.*"),
    ignored=("gen_ai.environment", "gen_ai.application_name", "gen_ai.sdk.version"),
)
