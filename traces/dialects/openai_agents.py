"""The OpenAI Agents SDK, as OpenInference's and as OpenLLMetry's instrumentation tell its spans.

Every agent has a name of its own there, so the AGENT span at the top that has none is the workflow.
"""

from __future__ import annotations

from traces.dialects.engine import Dialect, Source
from traces.dialects.names import Name
from traces.dialects.openinference import OPENINFERENCE
from traces.dialects.vocabulary import label
from traces.span import Kind

OPENAI_AGENTS = Dialect(
    name="openai_agents",
    title="OpenAI Agents SDK",
    versions="openai-agents 0.24, by OpenInference 2.6 and by OpenLLMetry 0.40 to 0.62",
    lacks="error types; cached and reasoning tokens of chat completions",
    scopes=("openinference.instrumentation.openai_agents", "opentelemetry.instrumentation.openai_agents*"),
    sources={
        **OPENINFERENCE.sources,
        "session": (Source("session.id", label, local=True), Source("group_id", label, local=True)),
        "pipeline": (Source("workflow_name", label, local=True),),
    },
    names=(
        Name("*.agent", Kind.AGENT, "agent_name"),
        Name("*.tool", Kind.TOOL, "tool_name"),
        Name("*.handoff", Kind.TOOL),
        Name("*.guardrail", Kind.GUARDRAIL),
        Name("Agent Workflow", Kind.PIPELINE),
        Name("Agent workflow", Kind.PIPELINE),
    ),
    own_name=(Kind.TOOL,),
    unnamed_agent=Kind.CHAIN,
)
