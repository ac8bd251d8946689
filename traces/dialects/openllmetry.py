"""OpenLLMetry and the Traceloop SDK: indexed gen_ai.prompt.N keys first, OpenTelemetry's names since 2026."""

from __future__ import annotations

from traces.dialects.engine import Dialect, Source
from traces.dialects.names import Name
from traces.dialects.openllmetry_messages import messages
from traces.dialects.otel_genai import OPERATIONS
from traces.dialects.vocabulary import SDK_KINDS, count, label, one_of
from traces.span import Kind

_CLIENTS = (
    "openai anthropic cohere bedrock mistralai ollama groq google_generativeai vertexai together replicate watsonx"
    " sagemaker transformers alephalpha writer voyageai langchain llamaindex haystack crewai agno mcp"
    " pinecone chromadb qdrant weaviate milvus lancedb marqo"
)
_PROPERTIES = "traceloop.association.properties."
REQUEST_TYPES = {
    "chat": Kind.LLM,
    "completion": Kind.LLM,
    "embedding": Kind.EMBEDDING,
    "embeddings": Kind.EMBEDDING,
    "rerank": Kind.RERANKER,
}

OPENLLMETRY = Dialect(
    name="openllmetry",
    title="OpenLLMetry / Traceloop SDK",
    versions="0.40 to 0.62, before and after the move to OpenTelemetry's names",
    lacks="usage of streamed calls in older versions; Responses API calls in older versions",
    scopes=(
        "traceloop*",
        *(f"opentelemetry.instrumentation.{client}" for client in _CLIENTS.split()),
        "opentelemetry.instrumentation.openai.*",
        "@traceloop/*",
    ),
    keys=("traceloop.span.kind", "traceloop.entity.name"),
    sources={
        "kind": (
            Source("traceloop.span.kind", one_of(SDK_KINDS)),
            Source("gen_ai.operation.name", one_of(OPERATIONS)),
            Source("llm.request.type", one_of(REQUEST_TYPES)),
        ),
        "pipeline": (Source("traceloop.workflow.name", label),),
        "agent": (Source("gen_ai.agent.name", label),),
        "agent_name": (Source("traceloop.entity.name", label),),
        "tool_name": (Source("traceloop.entity.name", label),),
        "session": (
            *(Source(_PROPERTIES + key, label) for key in ("session_id", "thread_id", "conversation_id", "chat_id")),
            *(Source(_PROPERTIES + key, label) for key in ("sessionId", "session.id")),
        ),
        "user": (
            *(Source(_PROPERTIES + key, label) for key in ("user_id", "userId", "user.id")),
            Source("llm.user", label),
        ),
        "total_tokens": (Source("llm.usage.total_tokens", count),),
        "reasoning_tokens": (Source("llm.usage.reasoning_tokens", count),),
        "output_tokens": (Source("llm.usage.completion_tokens", count),),
        "input_tokens": (Source("llm.usage.prompt_tokens", count),),
    },
    names=(
        Name("*.workflow", Kind.PIPELINE, "pipeline"),
        Name("*.agent", Kind.AGENT, "agent_name"),
        Name("*.tool", Kind.TOOL, "tool_name"),
        Name("*.task", Kind.CHAIN),
        Name("execute_task *", Kind.CHAIN),
        Name("goto *", Kind.CHAIN),
        Name("*.embeddings", Kind.EMBEDDING),
        Name("*.rerank", Kind.RERANKER),
        Name("*.chat", Kind.LLM),
        Name("*.completion", Kind.LLM),
        Name("*.response", Kind.LLM),
    ),
    content=("traceloop.entity.input", "traceloop.entity.output", "traceloop.prompt.*", "llm.request.functions.*"),
    ignored=("llm.headers", "gen_ai.openai.*"),
    messages=messages,
)
