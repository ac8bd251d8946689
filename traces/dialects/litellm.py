"""LiteLLM, the library and the proxy. A raw request below a call repeats it; the proxy's own work has spans too."""

from __future__ import annotations

from traces.dialects.engine import Dialect, Source
from traces.dialects.names import Name
from traces.dialects.otel_genai import OPERATIONS
from traces.dialects.vocabulary import dollars, label, member, one_of
from traces.span import Kind

_CALLS = {
    Kind.LLM: "completion text_completion responses generate_content anthropic_messages chat generic_api_call",
    Kind.EMBEDDING: "embedding embeddings",
    Kind.RERANKER: "rerank",
}
CALL_TYPES = {prefix + word: kind for kind, words in _CALLS.items() for word in words.split() for prefix in ("", "a")}
_SERVICES = "self auth proxy_pre_call router redis postgres batch_write_to_db reset_budget_job proxy_post_call"

LITELLM = Dialect(
    name="litellm",
    title="LiteLLM",
    versions="1.5x to 1.8x, library and proxy",
    lacks="agents; cached and reasoning tokens in older versions",
    scopes=("litellm*",),
    keys=("hidden_params", "metadata.user_api_key_hash"),
    sources={
        "kind": (
            Source("gen_ai.operation.name", one_of({**OPERATIONS, **CALL_TYPES})),
            Source("llm.request.type", one_of(CALL_TYPES)),
        ),
        "cost": (
            Source("gen_ai.cost.total_cost", dollars),
            Source("llm.response.cost", dollars),
            Source("hidden_params", member(dollars, "response_cost")),
        ),
        "session": (
            Source("metadata.session_id", label, local=True),
            Source("metadata.litellm_session_id", label),
        ),
        "user": (
            Source("metadata.user_api_key_end_user_id", label),
            Source("llm.user", label),
            Source("metadata.user_api_key_user_id", label),
        ),
    },
    names=(
        Name("raw_gen_ai_request", Kind.CHAIN, wins=True),
        Name("litellm_request", Kind.LLM),
        Name("Received Proxy Server Request", Kind.PIPELINE),
        Name("Failed Proxy Server Request", Kind.CHAIN),
        Name("guardrail", Kind.GUARDRAIL),
        Name("apply_guardrail", Kind.GUARDRAIL),
        *(Name(service, Kind.OTHER) for service in _SERVICES.split()),
    ),
    content=("hidden_params", "llm.openai.*", "llm.anthropic.*", "llm.azure.*", "llm.gemini.*", "llm.vertex_ai.*"),
    ignored=("llm.is_streaming", "metadata.requester_ip_address"),
)
