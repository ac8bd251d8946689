"""Which log records are kept, and how the logs of coding agents name things. Data; the rest of traces.logs reads it.

OpenTelemetry's GenAI events need no table: traces.dialects knows their names. Claude Code, Gemini CLI and Codex say in
logs what their spans leave out, under names of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

from traces.dialects.engine import Dialect, Source
from traces.dialects.vocabulary import count, dollars, key64, label

NAME_KEYS = ("event.name", "event_name")  # where a record's name is when its own field has none


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """The log events of one client."""

    prefix: str  # of their names
    events: frozenset[str]  # those that are kept, without the prefix
    dialect: Dialect
    scopes: tuple[str, ...] = ()  # scopes whose event names may lack the prefix
    messages: tuple[tuple[str, str, str], ...] = ()  # event, the attribute that holds a message, its role


def _events(names: str) -> frozenset[str]:
    return frozenset(names.split())


CLAUDE_CODE = Family(
    prefix="claude_code.",
    events=_events("user_prompt assistant_response api_request api_request_body api_response_body api_error tool_result"
                   " tool_decision"),
    scopes=("com.anthropic.claude_code.events", "com.anthropic.claude_code"),
    messages=(
        ("user_prompt", "prompt", "user"),
        ("assistant_response", "response", "assistant"),
        ("tool_result", "tool_output", "tool"),
    ),
    dialect=Dialect(
        name="claude_code_logs",
        sources={
            "model": (Source("model", label),),
            "session": (Source("session.id", label),),
            "response_key": (Source("request_id", key64),),
            "input_tokens": (Source("input_tokens", count),),
            "output_tokens": (Source("output_tokens", count),),
            "cache_read_tokens": (Source("cache_read_tokens", count),),
            "cache_write_tokens": (Source("cache_creation_tokens", count),),
            "cost": (Source("cost_usd", dollars),),
        },
        input_excludes_cache=True,
    ),
)  # fmt: skip

GEMINI_CLI = Family(
    prefix="gemini_cli.",
    events=_events("user_prompt api_request api_response api_error tool_call"),
    messages=(
        ("user_prompt", "prompt", "user"),
        ("api_request", "request_text", "user"),
        ("api_response", "response_text", "assistant"),
    ),
    dialect=Dialect(
        name="gemini_cli_logs",
        sources={
            "model": (Source("model", label),),
            "session": (Source("gen_ai.conversation.id", label), Source("session.id", label)),
            "input_tokens": (Source("input_token_count", count),),
            "text_tokens": (Source("output_token_count", count),),
            "cache_read_tokens": (Source("cached_content_token_count", count),),
            "reasoning_tokens": (Source("thoughts_token_count", count),),
            "total_tokens": (Source("total_token_count", count),),
        },
    ),
)

CODEX = Family(
    prefix="codex.",
    events=_events("user_prompt api_request sse_event websocket_event tool_decision tool_result"),
    messages=(("user_prompt", "prompt", "user"), ("tool_result", "output", "tool")),
    dialect=Dialect(
        name="codex_logs",
        sources={
            "model": (Source("model", label), Source("slug", label)),
            "session": (Source("conversation.id", label),),
            "input_tokens": (Source("input_token_count", count),),
            "output_tokens": (Source("output_token_count", count),),
            "cache_read_tokens": (Source("cached_token_count", count),),
            "reasoning_tokens": (Source("reasoning_token_count", count),),
        },
    ),
)

FAMILIES = (CLAUDE_CODE, GEMINI_CLI, CODEX)
GENAI = "gen_ai."  # every event of OpenTelemetry GenAI

# Attributes that only a record with such content has, whatever its name; a trailing * matches any rest.
CONTENT_KEYS = (
    *("gen_ai.usage.*", "gen_ai.cost.*", "gen_ai.input.messages", "gen_ai.output.messages"),
    *("gen_ai.system_instructions", "gen_ai.prompt", "gen_ai.prompt.*", "gen_ai.completion", "gen_ai.completion.*"),
    *("gen_ai.tool.call.arguments", "gen_ai.tool.call.result"),
    *("llm.token_count.*", "llm.input_messages.*", "llm.output_messages.*", "llm.usage.*"),
    *("ai.usage.*", "ai.prompt.messages", "ai.response.text"),
)


def family_of(event: str, scope: str) -> tuple[Family | None, str]:
    """The family of an event and its full name."""
    for family in FAMILIES:
        if event.startswith(family.prefix):
            return family, event
        if scope in family.scopes and event in family.events:
            return family, family.prefix + event
    return None, event


def is_kept(event: str, scope: str) -> bool:
    """Whether an event of that name carries prompts, completions, tokens or cost."""
    if event.startswith(GENAI):
        return True
    family, full = family_of(event, scope)
    return family is not None and full.removeprefix(family.prefix) in family.events
