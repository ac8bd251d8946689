"""A field for a JSON value: its schema, what is in it, and what is wrong with that."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ecoa.edits import problems_of

type Problem = Mapping[str, str]  # {"path": "items/0/sku", "message": "…"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueField:
    """What the template draws; the browser makes a form from the schema, or an editor that checks as one types."""

    name: str
    text: str
    schema: Mapping[str, Any] | None = None
    problems: Sequence[Problem] = ()
    original: Any = None  # decoded JSON: what it was before it was edited

    @property
    def id(self) -> str:
        """Of the control."""
        return f"value-{self.name}"

    @property
    def schema_id(self) -> str:
        """Of the script with the schema."""
        return f"{self.id}-schema" if self.schema else ""

    @property
    def problems_id(self) -> str:
        """Of the script with what is wrong."""
        return f"{self.id}-problems"

    @property
    def original_id(self) -> str:
        """Of the script with what it was."""
        return f"{self.id}-original"


def checked(text: str, schema: Mapping[str, Any] | None) -> list[Problem]:
    """What is wrong with a JSON text; nothing when it fits."""
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        return [{"path": "", "message": f"This is not JSON: {error}."}]
    return list(problems_of(schema, text)) if schema else []


def blank(schema: Mapping[str, Any] | None) -> str:
    """What an empty form begins with."""
    if not schema:
        return "null"
    kind = schema.get("type")
    start: dict[str, Any] = {"object": {}, "array": [], "string": "", "number": None, "integer": None, "boolean": False}
    return json.dumps(schema.get("default", start.get(str(kind), {} if "$ref" in schema else None)))
