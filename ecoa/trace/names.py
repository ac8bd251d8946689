"""What spans and their attributes are called: OpenTelemetry's GenAI names, and ecoa's own beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# ecoa's kind of span: the prefix of its name, the kind that ECOA shows, the attributes that every such span has.
_KINDS: dict[str, tuple[str, str, dict[str, str]]] = {
    "run": ("invoke_workflow", "pipeline", {"gen_ai.operation.name": "invoke_workflow"}),
    "node": ("step", "chain", {}),
    "agent": ("invoke_agent", "agent", {"gen_ai.operation.name": "invoke_agent"}),
    "attempt": ("attempt", "chain", {}),
    "model": ("chat", "llm", {"gen_ai.operation.name": "chat"}),
    "tool": ("execute_tool", "tool", {"gen_ai.operation.name": "execute_tool"}),
    "human": ("review", "human", {}),
    "wait": ("wait", "chain", {}),
}
_OF_NAME = {"run": "gen_ai.workflow.name", "agent": "gen_ai.agent.name", "tool": "gen_ai.tool.name"}
_SHORT = {
    "run_id": "ecoa.run.id",
    "agent": "gen_ai.agent.name",
    "review_id": "ecoa.review.id",
}
INHERITED = frozenset({"ecoa.run.id", "ecoa.pipeline", "ecoa.path", "ecoa.session", "gen_ai.agent.name"})
CONTROL = frozenset({"trace_id", "resumed", "parent"})  # say where a span goes; they are no attributes


def span_name(kind: str, name: str) -> str:
    """The span's name."""
    return f"{_KINDS[kind][0]} {name}".strip()


def of_kind(kind: str, name: str) -> dict[str, Any]:
    """What every span of this kind says."""
    _, shown, more = _KINDS[kind]
    named = {_OF_NAME[kind]: name} if kind in _OF_NAME else {}
    if kind == "run":
        named["ecoa.pipeline"] = name
    return {"ecoa.kind": shown, **more, **named}


def attributes(given: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes under their full names, their values such that OTLP can carry them."""
    made = {}
    for name, value in given.items():
        if value is not None and name not in CONTROL:
            made[full_name(name)] = _value(value)
    return made


def full_name(name: str) -> str:
    """An attribute's full name."""
    return name if "." in name else _SHORT.get(name) or f"ecoa.{name}"


def _value(value: Any) -> Any:
    if isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        return list(value)
    return str(value)
