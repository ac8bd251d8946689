"""LangSmith's OpenTelemetry exporter. Its own kind is right where its operation is not: a retriever says embeddings.

langsmith.trace.session_id and .session_name are a project's, no conversation's.
"""

from __future__ import annotations

from traces.dialects.blobs import in_and_out
from traces.dialects.engine import Dialect, Source
from traces.dialects.providers import provider
from traces.dialects.vocabulary import SDK_KINDS, count, label, member, one_of
from traces.span import Kind

_META = "langsmith.metadata."
_USAGE = _META + "usage_metadata"
_IN, _OUT = "gen_ai.usage.input_token_details", "gen_ai.usage.output_token_details"

LANGSMITH = Dialect(
    name="langsmith",
    title="LangSmith",
    versions="langsmith 0.15",
    lacks="exception types (always Exception); response ids",
    scopes=("langsmith*",),
    keys=("langsmith.span.kind",),
    sources={
        "kind": (Source("langsmith.span.kind", one_of(SDK_KINDS)),),
        "agent": (Source(_META + "lc_agent_name", label),),
        "request_model": (Source("gen_ai.request.model", label), Source(_META + "ls_model_name", label)),
        "provider": (Source(_META + "ls_provider", provider),),
        "session": tuple(Source(_META + key, label) for key in ("session_id", "conversation_id", "thread_id")),
        "user": (Source(_META + "user_id", label),),
        "cache_read_tokens": (
            Source(_USAGE, member(count, "input_token_details.cache_read")),
            Source(_IN, member(count, "cache_read")),
        ),
        "cache_write_tokens": (
            Source(_USAGE, member(count, "input_token_details.cache_creation")),
            Source(_IN, member(count, "cache_creation")),
        ),
        "reasoning_tokens": (
            Source(_USAGE, member(count, "output_token_details.reasoning")),
            Source(_OUT, member(count, "reasoning")),
        ),
    },
    own_name=(Kind.TOOL,),
    ignored=(
        *(_META + key for key in ("LANGSMITH_*", "_type", "lc_versions", "langgraph_path", "langgraph_triggers")),
        *(_META + key for key in ("checkpoint_ns", "langgraph_checkpoint_ns", "revision_id")),
        "gen_ai.serialized.*",
        "langsmith.span.dotted_order",
    ),
    messages=in_and_out(("gen_ai.prompt",), ("gen_ai.completion",)),
)
