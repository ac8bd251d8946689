"""JSON schemas and checks of plain type hints, through pydantic."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import TypeAdapter


def schema_of(type_: Any) -> dict[str, Any] | None:
    """The JSON schema of a type; None when it says nothing, or has none."""
    adapter = _adapter(type_)
    if adapter is None:
        return None
    from pydantic.errors import PydanticUserError

    try:
        return adapter.json_schema()
    except PydanticUserError:
        return None


def input_type(agent: Any) -> Any:  # Agent[Any, Any]
    """What an agent takes: as it was told, else by its type hints."""
    return agent.input if agent.input is not None else agent.hints[0]


def output_type(agent: Any) -> Any:  # Agent[Any, Any]
    """What an agent answers with."""
    return agent.output if agent.output is not None else agent.hints[1]


def validate(type_: Any, value: Any) -> Any:
    """The value as that type; raises pydantic.ValidationError (a ValueError) when it does not fit."""
    adapter = _adapter(type_)
    return value if adapter is None else adapter.validate_python(value)


def validate_json(type_: Any, text: str | bytes) -> Any:
    """The value of a JSON text as that type; raises pydantic.ValidationError when it does not fit."""
    adapter = _adapter(type_)
    return text if adapter is None else adapter.validate_json(text)


def _adapter(type_: Any) -> TypeAdapter[Any] | None:
    if type_ is None or type_ is Any or isinstance(type_, str):
        return None
    try:
        return _made(type_)
    except TypeError:  # not hashable
        return None


@lru_cache(maxsize=1024)
def _made(type_: Any) -> TypeAdapter[Any] | None:
    from pydantic import TypeAdapter  # a third of a second that programs without types are spared
    from pydantic.errors import PydanticSchemaGenerationError

    try:
        return TypeAdapter(type_)
    except PydanticSchemaGenerationError:
        return None
