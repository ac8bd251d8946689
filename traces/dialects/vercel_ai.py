"""The Vercel AI SDK 3 to 6. Version 7 speaks OpenTelemetry GenAI; the ai.* keys that it adds are read as here.

An outer ai.generateText repeats the usage of the calls in it, so only the do* spans are model calls. With a
functionId it is an agent's run, which is what version 7 made of it.
"""

from __future__ import annotations

from traces.dialects.engine import Dialect, Source
from traces.dialects.providers import provider
from traces.dialects.vercel_messages import messages
from traces.dialects.vocabulary import count, key64, label, member, milliseconds
from traces.span import Kind
from traces.values import Value

_INNER = {
    ".doGenerate": Kind.LLM,
    ".doStream": Kind.LLM,
    ".doEmbed": Kind.EMBEDDING,
    ".doRerank": Kind.RERANKER,
}
_LOOPS = frozenset({"ai.generateText", "ai.streamText", "ai.generateObject", "ai.streamObject"})


def operation(value: Value) -> Kind | None:
    """The kind of an operation, whose id may be followed by a functionId."""
    text = (label(value) or "").partition(" ")[0]
    if text == "ai.toolCall":
        return Kind.TOOL
    for suffix, kind in _INNER.items():
        if text.endswith(suffix):
            return kind
    return Kind.CHAIN if text.startswith("ai.") else None


def loop(value: Value) -> bool | None:
    """That the operation calls models and tools until it is done."""
    return True if isinstance(value, str) and value in _LOOPS else None


_METADATA, _CONTEXT = "ai.telemetry.metadata.", "ai.settings.context."
_SESSIONS, _USERS = ("sessionId", "session_id", "conversationId", "threadId", "chatId"), ("userId", "user_id")
_MORE = "ai.response.providerMetadata"

VERCEL_AI = Dialect(
    name="vercel_ai",
    title="Vercel AI SDK",
    versions="ai 3 to 7",
    lacks="agents other than by functionId; calls that failed before 7 have no usage, though they may have cost some",
    scopes=("ai",),
    keys=("ai.operationId",),
    sources={
        "kind": (Source("ai.operationId", operation, keep=True), Source("operation.name", operation)),
        "loop": (Source("ai.operationId", loop, keep=True),),
        "agent_name": (Source("ai.telemetry.functionId", label),),
        "model": (Source("ai.response.model", label),),
        "request_model": (Source("ai.model.id", label),),
        "provider": (Source("ai.model.provider", provider),),
        "tool": (Source("ai.toolCall.name", label),),
        "session": tuple(Source(prefix + key, label) for prefix in (_METADATA, _CONTEXT) for key in _SESSIONS),
        "user": tuple(Source(prefix + key, label) for prefix in (_METADATA, _CONTEXT) for key in _USERS),
        "input_tokens": (
            Source("ai.usage.inputTokens", count),
            Source("ai.usage.promptTokens", count),
            Source("ai.usage.tokens", count),
        ),
        "output_tokens": (
            Source("ai.usage.outputTokens", count),
            Source("ai.usage.completionTokens", count),
        ),
        "uncached_tokens": (Source("ai.usage.inputTokenDetails.noCacheTokens", count),),
        "text_tokens": (Source("ai.usage.outputTokenDetails.textTokens", count),),
        "cache_read_tokens": (
            Source("ai.usage.inputTokenDetails.cacheReadTokens", count),
            Source("ai.usage.cachedInputTokens", count),
            Source(
                _MORE, member(count, "*.cachedPromptTokens", "*.cacheReadInputTokens", "*.usage.cacheReadInputTokens")
            ),
        ),
        "cache_write_tokens": (
            Source("ai.usage.inputTokenDetails.cacheWriteTokens", count),
            Source(
                _MORE,
                member(count, "*.cacheCreationInputTokens", "*.cacheWriteInputTokens", "*.usage.cacheWriteInputTokens"),
            ),
        ),
        "reasoning_tokens": (
            Source("ai.usage.outputTokenDetails.reasoningTokens", count),
            Source("ai.usage.reasoningTokens", count),
            Source(_MORE, member(count, "*.reasoningTokens")),
        ),
        "total_tokens": (Source("ai.usage.totalTokens", count),),
        "response_key": (Source("ai.response.id", key64, unique=True),),
        "ttft": (
            Source("ai.response.msToFirstChunk", milliseconds),
            Source("ai.stream.msToFirstChunk", milliseconds),
            Source("ai.result.msToFirstChunk", milliseconds),
        ),
    },
    excluding_providers=("anthropic", "aws.bedrock"),
    content=(
        "ai.prompt",
        "ai.prompt.messages",
        "ai.prompt.tools",
        "ai.prompt.toolChoice",
        "ai.response.text",
        "ai.response.reasoning",
        "ai.response.toolCalls",
        "ai.response.object",
        "ai.response.files",
        "ai.result.text",
        "ai.result.toolCalls",
        "ai.result.object",
        "ai.toolCall.args",
        "ai.toolCall.result",
        "ai.value",
        "ai.values",
        "ai.embedding",
        "ai.embeddings",
        "ai.documents",
        "ai.ranking",
        "ai.schema",
    ),
    ignored=("ai.toolCall.id", "ai.request.headers.*", "ai.response.timestamp", "resource.name", "ai.prompt.format"),
    messages=messages,
)
