"""What a span is taken to be: its kind, its names, its session and user, and the little of it that a row keeps."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.normalise.otlp import PARENT_ID, SPAN_ID, json_values, normalised, raw
from traces.dialects.otel_genai import OPERATIONS
from traces.ids import span_int
from traces.normalise import MAX_ATTRIBUTES, MAX_ATTRIBUTES_SIZE, normalise, normalise_explained
from traces.span import Kind, Status


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ({"gen_ai.operation.name": "chat"}, Kind.LLM),
        ({"gen_ai.operation.name": "Text_Completion"}, Kind.LLM),
        ({"gen_ai.operation.name": "embeddings"}, Kind.EMBEDDING),
        ({"gen_ai.operation.name": "retrieval"}, Kind.RETRIEVER),
        ({"gen_ai.operation.name": "execute_tool"}, Kind.TOOL),
        ({"gen_ai.operation.name": "invoke_agent"}, Kind.AGENT),
        ({"gen_ai.operation.name": "create_agent"}, Kind.AGENT),
        ({"gen_ai.operation.name": "invoke_workflow"}, Kind.PIPELINE),
        ({"gen_ai.operation.name": "chat", "ecoa.kind": "guardrail"}, Kind.GUARDRAIL),
        ({"ecoa.kind": "human"}, Kind.HUMAN),
        ({"ecoa.kind": "nonsense", "gen_ai.operation.name": "chat"}, Kind.LLM),
        ({"mcp.method.name": "tools/call"}, Kind.TOOL),
        ({"mcp.method.name": "initialize"}, Kind.CHAIN),
        ({"gen_ai.tool.name": "search"}, Kind.TOOL),
        ({"gen_ai.tool.call.id": "call_1"}, Kind.CHAIN),
        ({"gen_ai.retrieval.query.text": "where?"}, Kind.RETRIEVER),
        ({"gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 1}, Kind.LLM),
        ({"gen_ai.request.model": "gpt-4o", "gen_ai.input.messages": "[]"}, Kind.LLM),
        ({"gen_ai.request.model": "gpt-4o"}, Kind.CHAIN),
        ({"http.request.method": "GET"}, Kind.OTHER),
        ({"db.system.name": "postgresql"}, Kind.OTHER),
        ({"rpc.system": "grpc"}, Kind.OTHER),
        ({"messaging.system": "kafka"}, Kind.OTHER),
        ({}, Kind.CHAIN),
    ],
)
def test_the_kind_is_what_the_span_says_else_what_it_shows(attributes: dict[str, Any], kind: Kind) -> None:
    """Own names first, then operations, then evidence."""
    assert normalised(attributes).kind is kind


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ({}, Kind.PIPELINE),
        ({"session.id": "s"}, Kind.PIPELINE),
        ({"http.request.method": "GET", "url.path": "/healthz"}, Kind.OTHER),
        ({"http.request.method": "GET", "session.id": "a browser's", "user.id": "u"}, Kind.OTHER),
        ({"http.request.method": "POST", "gen_ai.conversation.id": "c"}, Kind.PIPELINE),
        ({"gen_ai.operation.name": "chat"}, Kind.LLM),
    ],
)
def test_a_root_is_a_pipeline_unless_it_is_a_plain_request(attributes: dict[str, Any], kind: Kind) -> None:
    """A health check is no agent run."""
    assert normalised(attributes, parent=b"").kind is kind


def test_every_operation_of_the_conventions_has_a_kind() -> None:
    """Of all versions."""
    assert {
        "chat",
        "embeddings",
        "retrieval",
        "execute_tool",
        "invoke_agent",
        "invoke_workflow",
        "plan",
    } <= OPERATIONS.keys()


def test_names_have_their_columns() -> None:
    """Those of the resource included."""
    span = normalised(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.agent.name": "planner",
            "gen_ai.provider.name": "OpenAI",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.response.model": "gpt-4o-2024-08-06",
            "gen_ai.conversation.id": "c1",
            "session.id": "the browser's",
            "enduser.id": "old",
            "user.id": "u1",
            "ecoa.attempt": 2,
        },
        resource={"service.name": "shop", "service.version": "1.2", "deployment.environment": "staging"},
    )

    assert (span.service, span.version, span.environment) == ("shop", "1.2", "staging")
    assert (span.agent, span.provider, span.model, span.request_model) == (
        "planner",
        "openai",
        "gpt-4o-2024-08-06",
        "gpt-4o",
    )
    assert (span.session, span.user, span.attempt) == ("c1", "u1", 2)
    assert span.attributes == {"session.id": "the browser's", "enduser.id": "old"}


def test_old_and_new_names_mean_the_same() -> None:
    """A fleet mixes all versions of the conventions."""
    old = normalised({"gen_ai.operation.name": "chat", "gen_ai.system": "vertex_ai", "gen_ai.request.model": "m"})
    new = normalised(
        {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "gcp.vertex_ai", "gen_ai.request.model": "m"}
    )

    assert old.provider == new.provider == "gcp.vertex_ai"
    assert (old.model, old.request_model) == ("m", None)


@pytest.mark.parametrize(
    ("attributes", "provider"),
    [
        ({"gen_ai.system": "az.ai.openai"}, "azure.ai.openai"),
        ({"gen_ai.provider.name": "strands-agents"}, None),
        ({"gen_ai.provider.name": "strands-agents", "gen_ai.request.model": "claude-sonnet-4"}, "anthropic"),
        ({"gen_ai.provider.name": "LangGraph", "server.address": "api.openai.com"}, "openai"),
        ({"gen_ai.system": "_OTHER"}, None),
        ({"gen_ai.system": "gcp.gen_ai", "server.address": "eu-aiplatform.googleapis.com"}, "gcp.vertex_ai"),
        ({"gen_ai.system": "gcp.gen_ai", "gen_ai.request.model": "gemini-2.5-pro"}, "gcp.gemini"),
        ({"gen_ai.system": "gcp.gen_ai", "gen_ai.request.model": "tuned"}, "gcp.gen_ai"),
        ({"gen_ai.request.model": "gpt-4o"}, None),
        ({"server.address": "api.openai.com"}, None),
    ],
)
def test_providers_are_settled(attributes: dict[str, Any], provider: str | None) -> None:
    """Frameworks are no providers; an unclear name is settled by host, then by model; nothing named is nothing."""
    assert normalised({"gen_ai.operation.name": "chat", **attributes}).provider == provider


def test_an_agent_without_a_name_has_the_one_in_its_span_name() -> None:
    """The same for a workflow; the pipeline of a plain root is its span name."""
    assert normalised({"gen_ai.operation.name": "invoke_agent"}, name="invoke_agent planner").agent == "planner"
    assert normalised({"gen_ai.operation.name": "invoke_agent"}, name="invoke_agent").agent is None
    assert normalised({"gen_ai.operation.name": "chat"}, name="invoke_agent planner").agent is None
    assert (
        normalised({"gen_ai.operation.name": "invoke_workflow"}, name="invoke_workflow refunds").pipeline == "refunds"
    )
    assert normalised({"gen_ai.workflow.name": "refunds"}, parent=b"", name="GET /").pipeline == "refunds"
    assert normalised(parent=b"", name="nightly").pipeline == "nightly"
    assert normalised(name="nightly").pipeline is None


def test_scrubbed_ids_say_nothing() -> None:
    """They would join strangers' sessions."""
    span = normalised(
        {"gen_ai.conversation.id": "[Scrubbed due to 'session']", "session.id": "real", "user.id": "<REDACTED>"}
    )

    assert (span.session, span.user) == ("real", None)


def test_text_is_bounded() -> None:
    """Every text that a row or an index holds."""
    long = "x" * 100_000
    span = normalised(
        {"gen_ai.agent.name": long, "user.id": long, "note": long, "k" * 200: "long key", "gen_ai.request.model": long},
        name=long,
        status=(2, long),
    )

    assert len(span.name) == 300
    assert span.error_message is not None
    assert len(span.error_message) == 500
    assert [len(value or "") for value in (span.agent, span.user, span.model)] == [200, 200, 200]
    assert span.attributes == {"note": "x" * 255 + "…"}


def test_a_row_keeps_few_attributes() -> None:
    """64 of them and 4 kB; that the rest was cut is said, and the whole span has it."""
    many = normalised({f"key{n}": n for n in range(200)})
    large = normalised({f"key{n}": "x" * 250 for n in range(40)})

    assert len(many.attributes) == MAX_ATTRIBUTES
    assert sum(len(key) + len(str(value)) for key, value in large.attributes.items()) <= MAX_ATTRIBUTES_SIZE
    assert many.warnings == large.warnings == ("attributes_cut",)


def test_a_row_keeps_no_content_and_nothing_twice() -> None:
    """What has its own column, messages, tool arguments, unique ids and exceptions stay in the batch."""
    span = normalised(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "m",
            "gen_ai.response.id": "r",
            "gen_ai.input.messages": "[]",
            "gen_ai.system_instructions": "secret",
            "gen_ai.prompt.0.content": "secret",
            "gen_ai.tool.call.id": "call_1",
            "gen_ai.tool.call.arguments": "{}",
            "exception.stacktrace": "Traceback",
            "gen_ai.request.temperature": 0.5,
            "gen_ai.response.finish_reasons": ["stop"],
            "customer": {"tier": "gold"},
            "matrix": [[1]],
            "nothing": None,
        }
    )

    assert span.attributes == {"gen_ai.request.temperature": 0.5, "gen_ai.response.finish_reasons": ["stop"]}


def test_one_call_seen_twice_has_one_key() -> None:
    """The same in every process, a signed 64-bit integer."""
    first, again, other = (normalised({"gen_ai.response.id": name}).response_key for name in ("a", "a", "b"))

    assert first == again == 4681665781835383343
    assert other != first


def test_a_field_tells_which_key_filled_it() -> None:
    """For the span panel."""
    span, mapping = normalise_explained(
        raw(
            {
                "gen_ai.operation.name": "invoke_agent",
                "gen_ai.system": "openai",
                "gen_ai.usage.prompt_tokens": 5,
                "gen_ai.request.model": "gpt-4o",
                "session.id": "s",
            },
            name="invoke_agent planner",
            resource={"service.name": "shop"},
            status=(2, "no"),
        )
    )

    assert span.agent == "planner"
    assert mapping == {
        "kind": "gen_ai.operation.name",
        "agent": "name",
        "provider": "gen_ai.system",
        "input_tokens": "gen_ai.usage.prompt_tokens",
        "model": "gen_ai.request.model",
        "request_model": "gen_ai.request.model",
        "session": "session.id",
        "service": "service.name",
        "error_type": "status.message",
    }


def test_a_pending_marker_becomes_the_span_it_announces() -> None:
    """With its id and parent; the real span replaces it when it ends."""
    marker = normalised(
        {"logfire.span_type": "pending_span", "logfire.pending_parent_id": "00000000000000ff", "ecoa.agent.name": "a"},
        parent=b"\1" * 8,
    )
    root = normalised({"logfire.span_type": "pending_span", "logfire.pending_parent_id": "0" * 16}, parent=b"\1" * 8)
    broken = normalised({"logfire.span_type": "pending_span", "logfire.pending_parent_id": "?"}, parent=b"\1" * 8)

    assert (marker.span_id, marker.parent_id) == (span_int("01" * 8), 255)
    assert (marker.pending, marker.end_ns, marker.agent, marker.attributes) == (True, None, "a", {})
    assert root.parent_id is None
    assert root.kind is Kind.PIPELINE
    assert broken.parent_id is None


def test_a_pending_marker_without_a_span_is_a_span() -> None:
    """Nothing else could be shown of it."""
    span = normalised({"logfire.span_type": "pending_span"}, parent=b"")

    assert (span.span_id, span.pending) == (span_int(SPAN_ID.hex()), False)


def test_a_person_who_is_waited_for_is_no_running_span() -> None:
    """The trace shows as waiting."""
    assert normalised({"ecoa.kind": "human"}, end=0).status is Status.WAITING
    assert normalised({"ecoa.kind": "human"}).status is Status.UNSET


known_keys = st.sampled_from(
    [
        "ecoa.kind", "ecoa.attempt", "gen_ai.operation.name", "gen_ai.agent.name", "gen_ai.provider.name",
        "gen_ai.request.model", "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "gen_ai.input.messages",
        "gen_ai.usage.cache_read.input_tokens", "gen_ai.response.id", "gen_ai.response.time_to_first_chunk",
        "gen_ai.output.messages", "gen_ai.tool.call.arguments", "gen_ai.prompt", "error.type", "session.id",
        "logfire.span_type", "logfire.pending_parent_id", "server.address", "service.name", "other",
    ]
)  # fmt: skip


@pytest.mark.slow  # draws whole spans
@given(
    attributes=st.dictionaries(known_keys | st.text(st.characters(exclude_categories=["Cs"])), json_values),
    event=st.dictionaries(
        known_keys | st.sampled_from(["exception.type", "exception.message", "content"]), json_values
    ),
    event_name=st.sampled_from(["exception", "gen_ai.choice", "gen_ai.user.message", "other"]),
    start=st.integers(0, (1 << 64) - 1),
    end=st.integers(0, (1 << 64) - 1),
    received=st.none() | st.integers(0, (1 << 63) - 1),
    root=st.booleans(),
)
def test_normalising_never_raises_and_fits_its_columns(
    attributes: dict[str, Any],
    event: dict[str, Any],
    event_name: str,
    start: int,
    end: int,
    received: int | None,
    root: bool,
) -> None:
    """Whatever the attributes hold."""
    sent = raw(
        attributes,
        start=start,
        end=end,
        events=[(event_name, event)],
        resource=attributes,
        parent=b"" if root else PARENT_ID,
    )

    span = normalise(sent, received)

    assert 0 <= span.start_ns < 1 << 63
    assert span.end_ns is None or span.start_ns <= span.end_ns < 1 << 63
    for text in (span.name, span.service, span.agent, span.model, span.session, span.user, span.error_message):
        assert text is None or ("\0" not in text and len(text.encode()) <= 4 * 500)
    if span.usage is not None:
        buckets = (span.usage.uncached, span.usage.cache_read, span.usage.output_text, span.usage.reasoning)
        assert all(bucket is None or 0 <= bucket < 1 << 31 for bucket in buckets)
    assert span.attempt is None or span.attempt > 0
    assert normalise_explained(sent, received)[0] == span


@pytest.mark.parametrize(
    ("attributes", "cost", "tokens"),
    [
        ({"gen_ai.usage.cost": 0.5}, 0.5, None),
        ({"gen_ai.usage.cost": 1.5e308}, None, None),
        ({"gen_ai.usage.cost": "1e400"}, None, None),
        ({"gen_ai.usage.cost": "9" * 400}, None, None),
        ({"gen_ai.usage.input_tokens": "9" * 400}, None, None),
        ({"gen_ai.usage.input_tokens": "1e300"}, None, None),
        ({"gen_ai.usage.input_tokens": "12"}, None, 12),
    ],
)
def test_absurd_amounts_say_nothing(attributes: dict[str, Any], cost: float | None, tokens: int | None) -> None:
    """No number that a client writes can overflow a sum, or keep a span from being read."""
    span = normalised(attributes)

    assert span.reported_cost == cost
    assert (span.usage.uncached if span.usage else None) == tokens
