"""Whether a reviewer's edit fits the schema that was stored with the request, before anything is decided by it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema import ValidationError

type Json = Any  # a decoded JSON value

MOST_PROBLEMS = 50


def problems_of(schema: Mapping[str, Any], text: str) -> tuple[Mapping[str, str], ...]:
    """What does not fit, each with its place ("items/0/sku"); () when the value of this JSON text fits."""
    from jsonschema import Draft202012Validator
    from referencing import Registry

    # An empty registry: a "$ref" to elsewhere is never fetched.
    validator = Draft202012Validator(
        dict(schema), registry=Registry(), format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    found = sorted(_leaves(validator.iter_errors(plain(json.loads(text)))), key=lambda problem: problem["path"])
    return tuple(found[:MOST_PROBLEMS])


def plain(value: Json) -> Json:
    """A stored value as the JSON that its schema speaks of: tagged values without their tags."""
    match value:
        case {"$ecoa": "dict", "v": list() as pairs}:
            return {str(plain(name)): plain(inner) for name, inner in pairs}
        case {"$ecoa": "str", "v": str() as escaped}:
            return escaped.encode().decode("unicode_escape")
        case {"$ecoa": str(), "v": inner}:
            return plain(inner)
        case dict():
            return {name: plain(inner) for name, inner in value.items()}
        case list():
            return [plain(inner) for inner in value]
        case _:
            return value


def _leaves(errors: Iterable[ValidationError]) -> Iterable[dict[str, str]]:
    for error in errors:
        path = "/".join(str(part) for part in error.absolute_path)
        yield {"path": path, "message": error.message[:500]}
