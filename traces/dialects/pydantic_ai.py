"""pydantic-ai 0.x to 2 and Logfire. Agent spans of format 1 and 2 repeat their calls' usage; later ones aggregate it
under names of their own. Logfire's pending spans are told apart in traces.normalise."""

from __future__ import annotations

from traces.dialects.engine import Dialect, Source
from traces.dialects.names import Name
from traces.dialects.pydantic_messages import messages
from traces.dialects.vocabulary import dollars, label
from traces.span import Kind

PYDANTIC_AI = Dialect(
    name="pydantic_ai",
    title="pydantic-ai, Logfire",
    versions="pydantic-ai 1.0 (format 1) and 2.68 (format 5)",
    lacks="sessions and users in format 1; users in later ones",
    scopes=("pydantic-ai*", "pydantic_ai*", "logfire*"),
    keys=("pydantic_ai.all_messages", "all_messages_events", "model_request_parameters"),
    sources={
        "agent": (Source("gen_ai.agent.name", label), Source("agent_name", label)),
        "request_model": (Source("gen_ai.request.model", label), Source("model_name", label)),
        "cost": (Source("operation.cost", dollars),),
    },
    names=(
        Name("agent run", Kind.AGENT),
        Name("agent run: *", Kind.AGENT, "agent_name"),
        Name("* run", None, "agent_name"),
        Name("running tools", Kind.CHAIN),
        Name("running * tools", Kind.CHAIN),
        Name("running tool", Kind.TOOL),
        Name("running tool: *", Kind.TOOL, "tool_name"),
        Name("running output function", Kind.TOOL),
    ),
    content=(
        "pydantic_ai.all_messages",
        "all_messages_events",
        "events",
        "final_result",
        "tool_arguments",
        "tool_response",
        "model_request_parameters",
        "request_data",
        "response_data",
    ),
    ignored=("logfire.json_schema", "logfire.msg_template", "logfire.msg", "pydantic_ai.new_message_index"),
    messages=messages,
)
