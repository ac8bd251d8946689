"""OpenInference: Arize's conventions and its instrumentations of some forty frameworks and clients."""

from __future__ import annotations

import re

from traces.dialects.engine import Dialect, Source
from traces.dialects.openinference_messages import messages
from traces.dialects.providers import provider
from traces.dialects.vocabulary import SDK_KINDS, count, dollars, label, one_of
from traces.span import Kind
from traces.values import Value

_MADE_UP = re.compile(r"[0-9a-f-]{16,}$")
# An agent that nobody named is called by its class, and its spans by class and method.
_CLASSES = re.compile(
    r"[A-Z]\w*\.\w+$|(Agent(Runner|Workflow|Executor)?|CodeAgent|ToolCallingAgent|MultiStepAgent|FunctionAgent"
    r"|ReActAgent|CodeActAgent|OpenAIAgent|AssistantAgent|Team|Crew|LangGraph)$"
)


def node(value: Value) -> str | None:
    """The id of a graph's node where people chose it."""
    text = label(value)
    return None if text is None or _MADE_UP.match(text) else text


OPENINFERENCE = Dialect(
    name="openinference",
    title="OpenInference",
    versions="instrumentations of 2024 to 2026: LangChain, smolagents, LlamaIndex, CrewAI, Agno, AutoGen and more",
    lacks="response ids; time to first token",
    scopes=("openinference.*", "@arizeai/openinference*"),
    keys=("openinference.span.kind",),
    sources={
        "kind": (Source("openinference.span.kind", one_of(SDK_KINDS)),),
        "agent": (Source("agent.name", label),),
        "agent_name": (Source("graph.node.name", label), Source("graph.node.id", node)),
        "model": (
            Source("llm.response.model_name", label),
            Source("llm.model_name", label),
            Source("embedding.model_name", label),
            Source("reranker.model_name", label),
        ),
        "request_model": (Source("llm.request.model_name", label),),
        "provider": (Source("llm.provider", provider), Source("llm.system", provider)),
        "tool": (Source("tool.name", label),),
        "session": (Source("session.id", label, local=True),),
        "user": (Source("user.id", label, local=True),),
        "input_tokens": (Source("llm.token_count.prompt", count),),
        "output_tokens": (Source("llm.token_count.completion", count),),
        "cache_read_tokens": (
            Source("llm.token_count.prompt_details.cache_read", count),
            Source("llm.token_count.prompt_details.cache_input", count),
        ),
        "cache_write_tokens": (Source("llm.token_count.prompt_details.cache_write", count),),
        "reasoning_tokens": (Source("llm.token_count.completion_details.reasoning", count),),
        "total_tokens": (Source("llm.token_count.total", count),),
        "cost": (Source("llm.cost.total", dollars),),
    },
    own_name=(Kind.AGENT, Kind.TOOL),
    suffixes=(
        *(".run", ".arun", ".run_stream", ".execute", ".kickoff", "._execute_core"),
        *(".on_messages", ".on_messages_stream"),
    ),
    no_names=_CLASSES,
    content=(
        "input.value",
        "output.value",
        "llm.input_messages.*",
        "llm.output_messages.*",
        "llm.prompts.*",
        "llm.choices.*",
        "llm.tools.*",
        "llm.function_call",
        "llm.prompt_template.*",
        "llm.prompts",
        "embedding.text",
        "embedding.vector",
        "embedding.embeddings.*",
        "retrieval.documents.*",
        "reranker.query",
        "reranker.input_documents.*",
        "reranker.output_documents.*",
        "tool.parameters",
        "tool.json_schema",
        "input.images.*",
        "output.images.*",
    ),
    ignored=("input.mime_type", "output.mime_type", "tool.description"),
    messages=messages,
)
