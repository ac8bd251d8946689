"""Inputs and outputs that have a type fit it before they go on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ecoa.errors import AgentError, MalformedOutput

if TYPE_CHECKING:
    from ecoa.agent import Agent


def checked_input(agent: Agent[Any, Any], x: Any) -> Any:
    """The input as its type; AgentError "InvalidInput" when it does not fit."""
    wanted = agent.input if agent.input is not None else _model(agent.hints[0])
    if wanted is None or _is(x, wanted) or (agent.input is None and not isinstance(x, Mapping)):
        return x
    try:
        return _fitted(wanted, x)
    except ValueError as error:
        raise AgentError(
            f"{agent.name}: the input does not fit {_name(wanted)}: {error}", type="InvalidInput"
        ) from error


def checked_output(agent: Agent[Any, Any], output: Any) -> Any:
    """The output as its type; MalformedOutput when it does not fit."""
    wanted = agent.output if agent.output is not None else _model(agent.hints[1])
    if wanted is None or _is(output, wanted):
        return output
    try:
        return _fitted(wanted, output)
    except ValueError as error:
        raise MalformedOutput(f"{agent.name}: the output does not fit {_name(wanted)}: {error}") from error


def _fitted(wanted: Any, value: Any) -> Any:
    """As it is, or, a text that does not fit, as the JSON it may be."""
    from ecoa.graph.schema import validate, validate_json

    try:
        return validate(wanted, value)
    except ValueError:
        if not isinstance(value, str | bytes):
            raise
        return validate_json(wanted, value)


def _model(hint: Any) -> Any:
    """A hint that is worth a check: a pydantic model. Others are taken at their word."""
    return hint if isinstance(hint, type) and hasattr(hint, "model_validate") else None


def _is(value: Any, wanted: Any) -> bool:
    return isinstance(wanted, type) and type(value) is wanted


def _name(wanted: Any) -> str:
    return getattr(wanted, "__name__", str(wanted))
