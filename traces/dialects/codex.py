"""Codex CLI. Its spans are of its own machinery; text, tokens and tools come by logs."""

from __future__ import annotations

from traces.dialects.engine import Dialect, Source
from traces.dialects.names import Name
from traces.dialects.vocabulary import count, label
from traces.span import Kind

CODEX = Dialect(
    name="codex",
    title="Codex CLI",
    versions="0.5x",
    lacks="agents, models, message text and tokens on spans (its logs have them)",
    scopes=("codex*",),
    sources={
        "session": (Source("conversation.id", label),),
        "request_model": (Source("gen_ai.request.model", label), Source("model", label, local=True)),
        "input_tokens": (Source("input_token_count", count, local=True),),
        "output_tokens": (Source("output_token_count", count, local=True),),
        "cache_read_tokens": (Source("cached_token_count", count, local=True),),
        "reasoning_tokens": (Source("reasoning_token_count", count, local=True),),
        "tool": (Source("gen_ai.tool.name", label), Source("tool_name", label, local=True)),
    },
    names=(Name("session_loop", Kind.CHAIN), Name("run_turn", Kind.CHAIN), Name("run_task", Kind.CHAIN)),
)
