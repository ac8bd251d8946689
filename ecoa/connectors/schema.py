"""From a type to the JSON schema that a provider is asked to keep to, and from its answer to a value of the type."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ecoa.errors import MalformedOutput

if TYPE_CHECKING:
    from pydantic import TypeAdapter

TOOL = "final_result"  # the tool that takes the answer, where a provider has no JSON schema mode
_PREVIEW = 200
_FENCE = re.compile(r"\A\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*\Z", re.DOTALL | re.IGNORECASE)

type Json = dict[str, Any]  # a JSON object


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What an answer has to look like."""

    adapter: TypeAdapter[Any]
    schema: Json  # always an object's: others are wrapped in {"value": …}
    wrapped: bool

    @property
    def strict(self) -> Json | None:
        """The schema in OpenAI's strict form; None when it cannot be written so."""
        try:
            made = _strict(self.schema)
        except _NotStrictError:
            return None
        return made if isinstance(made, dict) else None

    def parse(self, text: str, *, cut: bool = False) -> Any:
        """The value of an answer; raises MalformedOutput."""
        from pydantic import ValidationError
        from pydantic_core import from_json, to_json

        fenced = _FENCE.match(text)
        body = fenced.group(1) if fenced else text
        try:
            whole = from_json(body) if self.wrapped else None
            if isinstance(whole, dict) and whole.keys() == {"value"}:
                body = to_json(whole["value"]).decode()
            return self.adapter.validate_json(body)
        except (ValidationError, ValueError) as error:
            raise _malformed(text, error, cut=cut) from error


@lru_cache(maxsize=256)
def shape_of(kind: Any) -> Shape:  # Any: whatever pydantic takes for a type
    """The shape of a type: a pydantic model, a dataclass, a TypedDict, an enum, a list, a plain type."""
    from pydantic import TypeAdapter

    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    schema = adapter.json_schema()
    if schema.get("type") == "object" and "properties" in schema:
        return Shape(adapter=adapter, schema=schema, wrapped=False)
    definitions = schema.pop("$defs", None)
    held: Json = {"type": "object", "properties": {"value": schema}, "required": ["value"]}
    return Shape(adapter=adapter, schema={**held, "$defs": definitions} if definitions else held, wrapped=True)


def _malformed(text: str, error: Exception, *, cut: bool) -> MalformedOutput:
    if not text.strip():
        why = "the model's answer is empty"
    elif cut:
        why = "the model's answer was cut off at its token limit"
    else:
        why = f"the model's answer does not fit: {_reason(error)}"
    shown = text if len(text) <= _PREVIEW else f"{text[:_PREVIEW]}…"
    return MalformedOutput(f"{why}; it begins {shown!r}" if text.strip() else why, raw=text)


def _reason(error: Exception) -> str:
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):
        return str(error)[:_PREVIEW]
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = "/".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else str(first["msg"])


class _NotStrictError(Exception):
    """A schema that strict mode cannot express: objects with free keys."""


def _strict(schema: Any) -> Any:
    """Every object closed, every property required, no defaults."""
    if isinstance(schema, list):
        return [_strict(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    named = {name: {key: _strict(one) for key, one in schema[name].items()} for name in _NAMED if name in schema}
    made = {key: _strict(value) for key, value in schema.items() if key not in ("default", "title", *_NAMED)} | named
    if schema.get("type") == "object":
        if schema.get("additionalProperties") or "properties" not in schema:
            raise _NotStrictError
        made |= {"additionalProperties": False, "required": list(schema["properties"])}
    return made


_NAMED = ("properties", "$defs")  # their keys are names, not keywords
