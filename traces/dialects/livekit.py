"""LiveKit Agents: official GenAI names with unofficial ones beside them, content under lk.* and lk.pii.*."""

from __future__ import annotations

from traces.dialects.blobs import in_and_out
from traces.dialects.engine import Dialect, Source
from traces.dialects.names import Name
from traces.dialects.vocabulary import count, label, member, seconds, true
from traces.span import Kind

_METRICS = "lk.llm_metrics"
_PROMPTS = tuple(
    prefix + key
    for prefix in ("lk.pii.", "lk.")
    for key in ("chat_ctx", "user_input", "function_tool.arguments", "input_text", "user_transcript", "instructions")
)
_ANSWERS = tuple(
    prefix + key
    for prefix in ("lk.pii.", "lk.")
    for key in ("response.text", "response.function_calls", "function_tool.output")
)
_STEPS = (
    "agent_turn user_turn llm_node tts_node tts_request tts_request_run tts_stream_adapter stt_node user_speaking"
    " agent_speaking eou_detection start_agent_activity drain_agent_activity on_enter on_exit on_user_turn_completed"
)

LIVEKIT = Dialect(
    name="livekit",
    title="LiveKit Agents",
    versions="1.2 and later, content names with and without pii",
    lacks="users; costs",
    scopes=("livekit*",),
    keys=("lk.agent_name", "lk.agent_label", _METRICS),
    sources={
        "agent": (Source("gen_ai.agent.name", label), Source("lk.agent_name", label)),
        "agent_name": (Source("lk.agent_label", label, keep=True),),
        "tool": (Source("lk.function_tool.name", label),),
        "ttft": (Source("lk.response.ttft", seconds),),
        "failed": (Source("lk.function_tool.is_error", true),),
        "input_tokens": (Source("gen_ai.usage.input_tokens", count), Source(_METRICS, member(count, "prompt_tokens"))),
        "output_tokens": (
            Source("gen_ai.usage.output_tokens", count),
            Source(_METRICS, member(count, "completion_tokens")),
        ),
        "cache_read_tokens": (
            Source("gen_ai.usage.cache_read.input_tokens", count),
            Source("gen_ai.usage.input_cached_tokens", count),
            Source(_METRICS, member(count, "prompt_cached_tokens")),
        ),
    },
    names=(
        Name("agent_session", Kind.PIPELINE),
        Name("job_entrypoint", Kind.PIPELINE),
        Name("llm_request", Kind.LLM),
        Name("llm_request_run", Kind.LLM),
        Name("llm_fallback_adapter", Kind.CHAIN),
        Name("function_tool", Kind.TOOL),
        *(Name(step, Kind.CHAIN) for step in _STEPS.split()),
    ),
    content=(
        "lk.pii.*",
        "lk.user_input",
        "lk.instructions",
        "lk.chat_ctx",
        "lk.response.text",
        "lk.response.function_calls",
        "lk.function_tool.arguments",
        "lk.function_tool.output",
        "lk.function_tools",
        "lk.input_text",
        "lk.user_transcript",
        _METRICS,
        "lk.tts_metrics",
        "lk.realtime_model_metrics",
    ),
    messages=in_and_out(_PROMPTS, _ANSWERS),
)
