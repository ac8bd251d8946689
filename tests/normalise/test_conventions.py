"""The rules of conventions that few captures show: what each SDK's own names mean."""

from __future__ import annotations

from typing import Any

import pytest

from tests.normalise.otlp import START_NS, normalised, raw
from traces import messages
from traces.span import Kind, Status, Usage

ANTHROPIC = "anthropic"


@pytest.mark.parametrize(
    ("scope", "name", "attributes", "kind"),
    [
        ("com.anthropic.claude_code.tracing", "claude_code.interaction", {}, Kind.PIPELINE),
        ("com.anthropic.claude_code.tracing", "claude_code.llm_request", {"span.type": "llm_request"}, Kind.LLM),
        ("com.anthropic.claude_code.tracing", "claude_code.tool.blocked_on_user", {}, Kind.HUMAN),
        ("com.anthropic.claude_code.tracing", "claude_code.tool", {"tool_name": "Bash"}, Kind.TOOL),
        ("elsewhere", "step", {"span.type": "llm_request"}, Kind.CHAIN),
        ("litellm", "raw_gen_ai_request", {"gen_ai.request.model": "m", "llm.openai.messages": "[]"}, Kind.CHAIN),
        ("litellm", "litellm_request", {"llm.request.type": "acompletion"}, Kind.LLM),
        ("litellm", "litellm_request", {"llm.request.type": "aembedding"}, Kind.EMBEDDING),
        ("agent_framework", "workflow.run", {}, Kind.PIPELINE),
        ("agent_framework", "executor.process writer", {"executor.id": "writer"}, Kind.CHAIN),
        ("gcp.vertex.agent", "execute_tool (merged tools)", {"gen_ai.operation.name": "execute_tool"}, Kind.CHAIN),
        ("gcp.vertex.agent", "call_llm", {}, Kind.LLM),
        ("openlit", "crew", {"gen_ai.operation.name": "agent"}, Kind.AGENT),
        ("openlit", "search", {"gen_ai.operation.name": "vectordb"}, Kind.RETRIEVER),
        ("any", "x", {"lmnr.span.type": "HUMAN_EVALUATOR"}, Kind.HUMAN),
        ("any", "x", {"agentops.span.kind": "workflow"}, Kind.PIPELINE),
        ("any", "x", {"weave.span.kind": "llm"}, Kind.LLM),
        ("any", "x", {"langfuse.observation.type": "generation"}, Kind.LLM),
        ("any", "x", {"openinference.span.kind": "RERANKER"}, Kind.RERANKER),
        ("any", "x", {"mlflow.spanType": '"RETRIEVER"'}, Kind.RETRIEVER),
        ("genkit-tracer", "x", {"genkit:type": "action", "genkit:metadata:subtype": "model"}, Kind.LLM),
        ("gemini-cli", "x", {"gen_ai.operation.name": "tool_call"}, Kind.TOOL),
        ("livekit-agents", "function_tool", {"lk.function_tool.name": "f"}, Kind.TOOL),
        ("pydantic-ai", "running 2 tools", {}, Kind.CHAIN),
        ("ai", "ai.generateText", {"ai.operationId": "ai.generateText"}, Kind.CHAIN),
        ("ai", "ai.streamText", {"ai.operationId": "ai.streamText", "ai.telemetry.functionId": "f"}, Kind.AGENT),
        ("ai", "ai.rerank.doRerank", {"ai.operationId": "ai.rerank.doRerank"}, Kind.RERANKER),
    ],
)
def test_sdks_say_what_a_span_is(scope: str, name: str, attributes: dict[str, Any], kind: Kind) -> None:
    """By a key of their own, an operation or the span's name."""
    assert normalised(attributes, scope=scope, name=name).kind is kind


@pytest.mark.parametrize(
    ("scope", "name", "attributes", "agent"),
    [
        ("openinference.instrumentation.agno", "Order_Desk.run", {"agent.name": "Order Desk"}, "Order Desk"),
        ("openinference.instrumentation.crewai", "Lead._execute_core", {"graph.node.id": "Lead"}, "Lead"),
        ("openinference.instrumentation.smolagents", "boss.run", {}, "boss"),
        ("openinference.instrumentation.smolagents", "CodeAgent.run", {}, None),
        ("openinference.instrumentation.llama_index", "FunctionAgent.take_step", {}, None),
        ("openinference.instrumentation.agno", "desk.run", {"graph.node.id": "5f6a7b8c9d0e1f2a"}, "desk"),
    ],
)
def test_agents_are_called_by_their_names(scope: str, name: str, attributes: dict[str, Any], agent: str | None) -> None:
    """Not by their classes, nor by ids that nobody chose."""
    span = normalised({"openinference.span.kind": "AGENT", **attributes}, scope=scope, name=name)

    assert (span.kind, span.agent) == (Kind.AGENT, agent)


def test_an_agent_named_after_its_model_has_no_name() -> None:
    """The Vercel AI SDK 7 without a functionId."""
    operation = {"gen_ai.operation.name": "invoke_agent", "gen_ai.request.model": "gpt-4o"}

    assert normalised(operation, scope="gen_ai", name="invoke_agent gpt-4o").agent is None
    assert normalised(operation, scope="gen_ai", name="invoke_agent planner").agent == "planner"


@pytest.mark.parametrize(
    ("scope", "attributes", "usage"),
    [
        (
            "com.anthropic.claude_code.tracing",
            {"input_tokens": 100, "output_tokens": 5, "cache_read_tokens": 64, "cache_creation_tokens": 10},
            Usage(uncached=100, cache_read=64, cache_write=10, output_text=5),
        ),
        (
            "mlflow",
            {
                "mlflow.llm.model": '"claude-sonnet-4-5"',
                "mlflow.llm.provider": '"anthropic"',
                "mlflow.chat.tokenUsage": '{"input_tokens":100,"output_tokens":5,"total_tokens":105,'
                '"cache_read_input_tokens":64}',
            },
            Usage(uncached=100, cache_read=64, output_text=5),
        ),
        (
            "ai",
            {
                "ai.usage.inputTokens": 174,
                "ai.usage.inputTokenDetails.noCacheTokens": 100,
                "ai.usage.inputTokenDetails.cacheReadTokens": 64,
                "ai.usage.inputTokenDetails.cacheWriteTokens": 10,
                "ai.usage.outputTokens": 9,
                "ai.usage.outputTokenDetails.textTokens": 5,
                "ai.usage.outputTokenDetails.reasoningTokens": 4,
            },
            Usage(uncached=100, cache_read=64, cache_write=10, output_text=5, reasoning=4),
        ),
        (
            "ai",
            {
                "ai.model.provider": "anthropic.messages",
                "ai.usage.inputTokens": 100,
                "ai.usage.outputTokens": 5,
                "ai.usage.totalTokens": 105,
                "ai.usage.cachedInputTokens": 64,
            },
            Usage(uncached=100, cache_read=64, output_text=5),
        ),
        (
            "strands.telemetry.tracer",
            {
                "gen_ai.usage.input_tokens": 100,
                "gen_ai.usage.output_tokens": 5,
                "gen_ai.usage.total_tokens": 169,
                "gen_ai.usage.cache_read_input_tokens": 64,
            },
            Usage(uncached=100, cache_read=64, output_text=5),
        ),
        (
            "langfuse-sdk",
            {"langfuse.observation.usage_details": '{"input":50,"output":30,"output_reasoning_tokens":7,'
             '"input_cached_tokens":20,"total":107}'},
            Usage(uncached=50, cache_read=20, output_text=30, reasoning=7),
        ),
        (
            "livekit-agents",
            {
                "gen_ai.usage.input_tokens": 100,
                "gen_ai.usage.input_cached_tokens": 40,
                "gen_ai.usage.output_tokens": 5,
            },
            Usage(uncached=60, cache_read=40, output_text=5),
        ),
    ],
)  # fmt: skip
def test_input_is_split_as_each_dialect_counts_it(scope: str, attributes: dict[str, Any], usage: Usage) -> None:
    """Cached tokens inside or outside of input; buckets that exclude each other as they are."""
    assert normalised(attributes, scope=scope).usage == usage


def test_failures_without_a_status_are_failures() -> None:
    """In the words of the dialect, and in no other's."""
    claude = normalised({"success": "false", "error": "529 overloaded"}, scope="com.anthropic.claude_code.tracing")
    other = normalised({"success": "false", "error": "529 overloaded"})
    strands = normalised({"gen_ai.tool.status": "error"}, scope="strands.telemetry.tracer")

    assert (claude.status, claude.error_message) == (Status.ERROR, "529 overloaded")
    assert other.status is Status.UNSET
    assert strands.status is Status.ERROR


def test_time_to_first_token_is_read_in_its_unit() -> None:
    """Strands writes milliseconds where seconds belong; Langfuse a moment."""
    key = "gen_ai.server.time_to_first_token"
    moment = {"langfuse.observation.completion_start_time": '"2026-11-22T00:00:00.250Z"'}
    late = normalised(moment, scope="langfuse-sdk", start=1_795_305_600 * 10**9, end=1_795_305_601 * 10**9)

    assert normalised({key: 250}, scope="strands.telemetry.tracer").ttft_ns == 250_000_000
    assert normalised({key: 0.25}, scope="openlit").ttft_ns == 250_000_000
    assert START_NS == 1_795_305_600 * 10**9
    assert late.ttft_ns == 250_000_000


def test_sessions_are_conversations_not_projects() -> None:
    """A conversation's id before a browser's or a process's session."""
    both = {"gen_ai.conversation.id": "c", "session.id": "s"}
    langsmith = {"langsmith.trace.session_name": "project", "langsmith.metadata.thread_id": "t"}

    assert normalised(both, scope="pydantic-ai").session == "c"
    assert normalised(both).session == "c"
    assert normalised(langsmith, scope="langsmith").session == "t"


@pytest.mark.parametrize(
    ("scope", "attributes", "asked", "answered"),
    [
        (
            "strands.telemetry.tracer",
            {"gen_ai.prompt": '[{"role":"user","content":[{"text":"q"}]}]', "gen_ai.completion": '[{"text":"a"}]'},
            "q",
            "a",
        ),
        (
            "gcp.vertex.agent",
            {
                "gcp.vertex.agent.llm_request": '{"config":{},"contents":[{"role":"user","parts":[{"text":"q"}]}]}',
                "gcp.vertex.agent.llm_response": '{"content":{"role":"model","parts":[{"text":"a"}]}}',
            },
            "q",
            "a",
        ),
        (
            "genkit-tracer",
            {
                "genkit:input": '{"messages":[{"role":"user","content":[{"text":"q"}]}]}',
                "genkit:output": '{"message":{"role":"model","content":[{"text":"a"}]}}',
            },
            "q",
            "a",
        ),
        (
            "mlflow",
            {
                "mlflow.spanInputs": '{"contents":[{"role":"user","parts":[{"text":"q"}]}]}',
                "mlflow.spanOutputs": '{"candidates":[{"content":{"role":"model","parts":[{"text":"a"}]}}]}',
            },
            "q",
            "a",
        ),
        ("lmnr", {"lmnr.span.input": '"q"', "lmnr.span.output": '"a"'}, "q", "a"),
        (
            "com.anthropic.claude_code.tracing",
            {"user_prompt": "q", "response.model_output": "a"},
            "q",
            "a",
        ),
        (
            "openinference.instrumentation.openai",
            {
                "llm.input_messages.10.message.role": "user",
                "llm.input_messages.10.message.content": "q",
                "llm.output_messages.3.message.contents.1.message_content.text": "a",
                "llm.output_messages.3.message.contents.1.message_content.type": "text",
            },
            "q",
            "a",
        ),
        ("agentops", {"agentops.entity.input": '"q"', "agentops.entity.output": "a"}, "q", "a"),
        ("livekit-agents", {"lk.pii.user_input": "q", "lk.response.text": "a"}, "q", "a"),
    ],
)
def test_messages_of_every_sdk_are_read(scope: str, attributes: dict[str, Any], asked: str, answered: str) -> None:
    """Into one form."""
    found = messages.conversation(raw(attributes, scope=scope))

    assert found.input[-1] == {"role": "user", "parts": [{"type": "text", "text": asked}]}
    assert found.output[-1] == {"role": "assistant", "parts": [{"type": "text", "text": answered}]}


def test_indexed_messages_are_sorted_by_number() -> None:
    """With gaps, and indices above nine."""
    indexed = {f"gen_ai.prompt.{index}.content": str(index) for index in (11, 2, 10, 0)}

    found = messages.conversation(raw(indexed, scope="opentelemetry.instrumentation.openai.v1"))

    assert [message["parts"] for message in found.input] == [
        [{"type": "text", "text": text}] for text in ("0", "2", "10", "11")
    ]
