"""Google's Agent Development Kit 1 and 2. Tools and sub-agents sit under the model call that asked for them."""

from __future__ import annotations

from traces.dialects.blobs import in_and_out
from traces.dialects.engine import Dialect, Source
from traces.dialects.names import Name
from traces.dialects.vocabulary import label
from traces.span import Kind

_ADK = "gcp.vertex.agent."

GOOGLE_ADK = Dialect(
    name="google_adk",
    title="Google ADK",
    versions="1.14 and 2",
    lacks="in 1: the provider, cached and thinking tokens, users, and everything of a call that failed",
    scopes=("gcp.vertex.agent*", "google.adk*", "google_adk*"),
    keys=(_ADK + "invocation_id", _ADK + "event_id"),
    sources={
        "session": (Source("gen_ai.conversation.id", label), Source(_ADK + "session_id", label)),
        "user": (Source(_ADK + "user_id", label),),
    },
    names=(
        Name("execute_tool (merged tools)", Kind.CHAIN, wins=True),
        Name("execute_tool (merged)", Kind.CHAIN, wins=True),
        Name("invocation", Kind.PIPELINE),
        Name("invocation [*]", Kind.PIPELINE, "pipeline"),
        Name("agent_run [*]", Kind.AGENT, "agent_name"),
        Name("invoke_agent *", Kind.AGENT, "agent_name"),
        Name("invoke_workflow *", Kind.PIPELINE, "pipeline"),
        Name("invoke_node *", Kind.CHAIN),
        Name("call_llm", Kind.LLM),
        Name("generate_content *", Kind.LLM),
        Name("execute_tool *", Kind.TOOL, "tool_name"),
        Name("send_data", Kind.CHAIN),
    ),
    content=tuple(_ADK + key for key in ("llm_request", "llm_response", "tool_call_args", "tool_response", "data")),
    messages=in_and_out(
        (_ADK + "tool_call_args", _ADK + "llm_request", _ADK + "data"), (_ADK + "tool_response", _ADK + "llm_response")
    ),
)
