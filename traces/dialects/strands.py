"""Strands Agents of AWS. invoke_agent adds up what its agent object ever used; milliseconds where seconds belong."""

from __future__ import annotations

from traces.dialects.engine import Dialect, Source
from traces.dialects.names import Name
from traces.dialects.vocabulary import label, milliseconds
from traces.span import Kind
from traces.values import Value


def failure(value: Value) -> bool | None:
    """That a tool's status is an error's."""
    return True if value in ("error", "failed") else None


STRANDS = Dialect(
    name="strands",
    title="Strands Agents",
    versions="1.62, messages as old and as new events",
    lacks="the provider (it names itself); response models and ids; reasoning tokens",
    scopes=("strands*",),
    keys=("event_loop.cycle_id",),
    sources={
        "ttft": (Source("gen_ai.server.time_to_first_token", milliseconds, local=True),),
        "failed": (Source("gen_ai.tool.status", failure, keep=True),),
        "agent": (Source("gen_ai.agent.name", label),),
    },
    names=(
        Name("execute_event_loop_cycle", Kind.CHAIN),
        Name("invoke_agent *", Kind.AGENT, "agent_name"),
        Name("invoke_*", Kind.PIPELINE, "pipeline"),
    ),
    content=("gen_ai.agent.system_prompt", "system_prompt"),
    ignored=("gen_ai.event.start_time", "gen_ai.event.end_time", "gen_ai.tool.json_schema"),
    input_excludes_cache=True,
)
