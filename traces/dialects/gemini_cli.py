"""Gemini CLI. Its spans say little; text and tokens come by logs."""

from __future__ import annotations

from traces.dialects.engine import Dialect, Source
from traces.dialects.vocabulary import count, label

GEMINI_CLI = Dialect(
    name="gemini_cli",
    title="Gemini CLI",
    versions="0.2x",
    lacks="message text and tokens on spans (its logs have them); users",
    scopes=("gemini-cli*", "gemini_cli*"),
    sources={
        "session": (Source("gen_ai.conversation.id", label), Source("session.id", label, local=True)),
        "input_tokens": (Source("input_token_count", count, local=True),),
        "output_tokens": (Source("output_token_count", count, local=True),),
        "cache_read_tokens": (Source("cached_content_token_count", count, local=True),),
        "reasoning_tokens": (Source("thoughts_token_count", count, local=True),),
        "total_tokens": (Source("total_token_count", count, local=True),),
        "request_model": (Source("gen_ai.request.model", label), Source("model", label, local=True)),
        "tool": (Source("gen_ai.tool.name", label), Source("function_name", label, local=True)),
    },
)
