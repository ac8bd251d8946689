"""AgentOps."""

from __future__ import annotations

from traces.dialects.blobs import in_and_out
from traces.dialects.engine import Dialect, Source
from traces.dialects.names import Name
from traces.dialects.vocabulary import SDK_KINDS, count, dollars, label, one_of, seconds
from traces.span import Kind

AGENTOPS = Dialect(
    name="agentops",
    title="AgentOps",
    versions="0.4",
    lacks="sessions of conversations (its sessions are traces); users",
    scopes=("agentops*",),
    keys=("agentops.span.kind",),
    sources={
        "kind": (Source("agentops.span.kind", one_of(SDK_KINDS)),),
        "agent": (Source("agent.name", label),),
        "agent_name": (Source("agentops.entity.name", label), Source("operation.name", label, local=True)),
        "tool": (Source("tool.name", label),),
        "tool_name": (Source("agentops.entity.name", label), Source("operation.name", label, local=True)),
        "cost": (Source("gen_ai.usage.total_cost", dollars),),
        "reasoning_tokens": (Source("gen_ai.usage.reasoning_tokens", count),),
        "ttft": (Source("gen_ai.streaming.time_to_first_token", seconds),),
    },
    names=(
        Name("*.session", Kind.PIPELINE, "pipeline"),
        Name("*.agent", Kind.AGENT, "agent_name"),
        Name("*.tool", Kind.TOOL, "tool_name"),
        Name("*.workflow", Kind.PIPELINE, "pipeline"),
        Name("*.task", Kind.CHAIN),
        Name("*.operation", Kind.CHAIN),
    ),
    content=("agentops.entity.input", "agentops.entity.output", "tool.parameters", "tool.result"),
    messages=in_and_out(
        ("agentops.entity.input", "tool.parameters"), ("agentops.entity.output", "tool.result"), quoted=True
    ),
)
