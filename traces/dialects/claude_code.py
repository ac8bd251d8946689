"""Claude Code and the Claude Agent SDK. Input tokens leave out the cached ones; cost comes by logs only."""

from __future__ import annotations

from traces.dialects.blobs import in_and_out
from traces.dialects.engine import Dialect, Source
from traces.dialects.names import Name
from traces.dialects.vocabulary import count, false, key64, label, milliseconds, ordinal
from traces.span import Kind
from traces.values import Value

_TYPES = {
    "interaction": Kind.PIPELINE,
    "llm_request": Kind.LLM,
    "tool": Kind.TOOL,
    "tool.blocked_on_user": Kind.HUMAN,
    "tool.execution": Kind.CHAIN,
    "hook": Kind.CHAIN,
}


def span_type(value: Value) -> Kind | None:
    """The kind of a span type, with or without its prefix."""
    return _TYPES.get(value.removeprefix("claude_code.")) if isinstance(value, str) else None


CLAUDE_CODE = Dialect(
    name="claude_code",
    title="Claude Code, Claude Agent SDK",
    versions="2 with enhanced telemetry",
    lacks="cost (its logs have it); message text unless it is switched on; reasoning tokens",
    scopes=("com.anthropic.claude_code*", "claude_code*"),
    sources={
        "kind": (Source("span.type", span_type, local=True),),
        "agent": (Source("subagent_type", label, local=True), Source("agent.name", label)),
        "request_model": (Source("gen_ai.request.model", label), Source("model", label, local=True)),
        "tool": (Source("gen_ai.tool.name", label), Source("tool_name", label, local=True)),
        "session": (Source("session.id", label, local=True),),
        "user": tuple(Source(key, label, local=True) for key in ("user.id", "user.account_uuid", "user.email")),
        "input_tokens": (Source("input_tokens", count, local=True),),
        "output_tokens": (Source("output_tokens", count, local=True),),
        "cache_read_tokens": (Source("cache_read_tokens", count, local=True),),
        "cache_write_tokens": (Source("cache_creation_tokens", count, local=True),),
        "ttft": (Source("ttft_ms", milliseconds, local=True),),
        "attempt": (Source("attempt", ordinal, local=True),),
        "response_key": (Source("gen_ai.response.id", key64, unique=True),),
        "failed": (Source("success", false, local=True, keep=True),),
        "error_message": (Source("error", label, local=True),),
        "pipeline": (Source("workflow.name", label, local=True),),
    },
    names=tuple(Name("claude_code." + name, kind) for name, kind in _TYPES.items()),
    input_excludes_cache=True,
    excluding_providers=("anthropic", "aws.bedrock", "gcp.vertex_ai"),
    content=(
        *("user_prompt", "response.model_output", "tool_input", "system_prompt_preview", "full_command"),
        *("new_context", "tools", "system_prompt"),
    ),
    messages=in_and_out(
        ("user_prompt", "new_context", "tool_input", "full_command"), ("response.model_output", "tool_output")
    ),
)
