"""OpenTelemetry GenAI, from semantic conventions 1.26 to the newest names of their own repository.

Renamed on the way: gen_ai.system -> gen_ai.provider.name (1.37), gen_ai.usage.prompt_tokens -> input_tokens (1.27),
cache_creation -> cache_write. A fleet mixes all versions, so all names count, newest first.
"""

from __future__ import annotations

from traces.dialects.engine import Dialect, Source
from traces.dialects.genai_messages import messages
from traces.dialects.names import Name
from traces.dialects.providers import provider
from traces.dialects.vocabulary import count, dollars, key64, label, marker, one_of, seconds
from traces.span import Kind

# What gen_ai.operation.name says a span is. Memory operations and steps are wrappers around model calls.
_KINDS = {
    Kind.LLM: "chat completion text_completion generate_content generate llm_call fetch_response",
    Kind.EMBEDDING: "embeddings embedding",
    Kind.RETRIEVER: "retrieval search_memory",
    Kind.TOOL: "execute_tool tool_call",
    Kind.AGENT: "create_agent invoke_agent",
    Kind.PIPELINE: "invoke_workflow invoke_swarm invoke_graph",
    Kind.RERANKER: "rerank reranking",
    Kind.GUARDRAIL: "guardrail apply_guardrail",
    Kind.EVALUATOR: "evaluate evaluation",
    Kind.CHAIN: "agent_step execute_task task plan chain"
    " create_memory update_memory upsert_memory delete_memory create_memory_store delete_memory_store",
}
OPERATIONS = {operation: kind for kind, operations in _KINDS.items() for operation in operations.split()}

OTEL_GENAI = Dialect(
    name="otel_genai",
    title="OpenTelemetry GenAI",
    versions="1.26 to 1.41 and the separate GenAI repository; Vercel AI SDK 7; the Anthropic SDK's own spans",
    lacks="messages on spans from 1.28 to 1.36 (its logs have them); cached and reasoning tokens before 1.40",
    scopes=(
        *("opentelemetry.util.genai*", "opentelemetry.instrumentation.openai_v2", "gen_ai"),
        *("com.anthropic.sdk*", "opentelemetry.instrumentation.google_genai"),
    ),
    sources={
        "kind": (Source("gen_ai.operation.name", one_of(OPERATIONS)),),
        "pipeline": (Source("gen_ai.workflow.name", label),),
        "agent": (Source("gen_ai.agent.name", label),),
        "model": (Source("gen_ai.response.model", label),),
        "request_model": (Source("gen_ai.request.model", label),),
        "provider": (Source("gen_ai.provider.name", provider), Source("gen_ai.system", provider)),
        "tool": (Source("gen_ai.tool.name", label),),
        "retrieval": (
            Source("gen_ai.retrieval.query.text", marker, unique=True),
            Source("gen_ai.retrieval.documents", marker, unique=True),
            Source("gen_ai.retrieval.top_k", marker, keep=True),
        ),
        "session": (Source("gen_ai.conversation.id", label),),
        "input_tokens": (
            Source("gen_ai.usage.input_tokens", count),
            Source("gen_ai.usage.prompt_tokens", count),
        ),
        "output_tokens": (
            Source("gen_ai.usage.output_tokens", count),
            Source("gen_ai.usage.completion_tokens", count),
        ),
        "cache_read_tokens": (
            Source("gen_ai.usage.cache_read.input_tokens", count),
            Source("gen_ai.usage.cache_read_input_tokens", count),
            Source("gen_ai.usage.cache_read_tokens", count),
            Source("gen_ai.usage.details.cache_read_tokens", count),
            Source("gen_ai.usage.details.cache_read_input_tokens", count),
            Source("gen_ai.usage.details.cached_tokens", count),
        ),
        "cache_write_tokens": (
            Source("gen_ai.usage.cache_write.input_tokens", count),
            Source("gen_ai.usage.cache_creation.input_tokens", count),
            Source("gen_ai.usage.cache_creation_input_tokens", count),
            Source("gen_ai.usage.cache_write_input_tokens", count),
            Source("gen_ai.usage.cache_write_tokens", count),
            Source("gen_ai.usage.details.cache_write_tokens", count),
            Source("gen_ai.usage.details.cache_creation_input_tokens", count),
        ),
        "reasoning_tokens": (
            Source("gen_ai.usage.reasoning.output_tokens", count),
            Source("gen_ai.usage.reasoning_tokens", count),
            Source("gen_ai.usage.details.reasoning_tokens", count),
        ),
        "total_tokens": (Source("gen_ai.usage.total_tokens", count),),
        "cost": (
            Source("gen_ai.usage.cost", dollars),
            Source("gen_ai.usage.total_cost", dollars),
        ),
        "response_key": (Source("gen_ai.response.id", key64, unique=True),),
        "ttft": (
            Source("gen_ai.response.time_to_first_chunk", seconds),
            Source("gen_ai.client.operation.time_to_first_chunk", seconds),
            Source("gen_ai.server.time_to_first_token", seconds),
        ),
    },
    names=(
        Name("invoke_agent *", fills="agent_name"),
        Name("create_agent *", fills="agent_name"),
        Name("invoke_workflow *", fills="pipeline"),
        Name("execute_tool *", fills="tool_name"),
    ),
    shares_names=True,
    content=(
        "gen_ai.system_instructions",
        "gen_ai.input.messages",
        "gen_ai.output.messages",
        "gen_ai.tool.definitions",
        "gen_ai.tool.call.arguments",
        "gen_ai.tool.call.result",
        "gen_ai.retrieval.query.text",
        "gen_ai.retrieval.documents",
        "gen_ai.evaluation.explanation",
        "gen_ai.prompt",
        "gen_ai.prompt.*",
        "gen_ai.completion",
        "gen_ai.completion.*",
        "gen_ai.memory.*",
    ),
    ignored=("gen_ai.tool.call.id", "gen_ai.tool.call_id", "gen_ai.agent.description", "gen_ai.tool.description"),
    messages=messages,
)
