"""Agents by name."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from ecoa.errors import UnknownAgent

if TYPE_CHECKING:
    from ecoa.agent import Agent

_declared: dict[str, Agent[Any, Any]] = {}  # by @agent
_made: WeakValueDictionary[str, Agent[Any, Any]] = WeakValueDictionary()  # Agent("name", fn), while somebody holds it
log = logging.getLogger("ecoa.agent")


def declare(agent: Agent[Any, Any]) -> None:
    """Register what @agent decorates. Of two functions with one name the later is the agent, and that is logged."""
    before = _declared.get(agent.name)
    if before is not None and _origin(before) != _origin(agent):
        log.warning("agent %r is now %s, no longer %s", agent.name, _origin(agent), _origin(before))
    _declared[agent.name] = agent


def remember(agent: Agent[Any, Any]) -> None:
    """Register an agent made by hand, where the name is free."""
    if agent.name not in _declared:
        _made.setdefault(agent.name, agent)


def declared(name: str) -> Agent[Any, Any] | None:
    """What @agent decorated under that name."""
    return _declared.get(name)


def get(name: str) -> Agent[Any, Any]:
    """The agent of that name, or UnknownAgent."""
    agent = _declared.get(name) or _made.get(name)
    if agent is None:
        known = ", ".join(sorted({*_declared, *_made})) or "none yet"
        raise UnknownAgent(f"no agent {name!r} is registered (known: {known}); is the module with its @agent imported?")
    return agent


def _origin(agent: Agent[Any, Any]) -> str:
    fn = agent.fn
    return f"{getattr(fn, '__module__', '')}.{getattr(fn, '__qualname__', type(fn).__name__)}"
