"""Values that fit a JSON schema, drawn by a seed: the same seed, the same value."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

type Schema = Mapping[str, Any]

_WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron")
_BY_FORMAT = {
    "date-time": "2030-01-02T03:04:05Z",
    "date": "2030-01-02",
    "time": "03:04:05Z",
    "duration": "PT5M",
    "uuid": "018f3c5e-0000-7000-8000-000000000001",
    "email": "ada@example.com",
    "uri": "https://example.com/",
}
_DEPTH = 6  # levels, where a type holds itself


def value_of(schema: Schema, draw: random.Random) -> Any:
    """A value that fits, as small as the schema allows."""
    return _value(schema, schema.get("$defs", {}), draw, 0)


def _value(schema: Schema, named: Mapping[str, Schema], draw: random.Random, depth: int) -> Any:  # noqa: PLR0911
    if "$ref" in schema:
        return _value(named[schema["$ref"].rpartition("/")[2]], named, draw, depth + 1)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return draw.choice(schema["enum"])
    for either in ("anyOf", "oneOf"):
        if either in schema:
            return _value(_choice(schema[either], draw, depth), named, draw, depth)
    if "allOf" in schema:
        return _value(schema["allOf"][0], named, draw, depth)
    kind = schema.get("type")
    if kind == "object":
        return {
            name: _value(one, named, draw, depth + 1)
            for name, one in schema.get("properties", {}).items()
            if depth < _DEPTH or name in schema.get("required", ())
        }
    if kind == "array":
        return _array(schema, named, draw, depth)
    return _plain(schema, draw)


def _choice(options: list[Schema], draw: random.Random, depth: int) -> Schema:
    null = [one for one in options if one.get("type") == "null"]
    return null[0] if null and depth >= _DEPTH else draw.choice(options)


def _array(schema: Schema, named: Mapping[str, Schema], draw: random.Random, depth: int) -> list[Any]:
    first = [_value(one, named, draw, depth + 1) for one in schema.get("prefixItems", ())]
    least = schema.get("minItems", 0 if depth >= _DEPTH else 1)
    items = schema.get("items")
    missing = max(0, min(least, schema.get("maxItems", least)) - len(first))
    return first + [_value(items, named, draw, depth + 1) if items else 0 for _ in range(missing)]


def _plain(schema: Schema, draw: random.Random) -> Any:
    match schema.get("type"):
        case "integer":
            low, high = _bounds(schema, step=1)
            return draw.randint(int(low), int(high))
        case "number":
            low, high = _bounds(schema, step=1e-6)
            return round(draw.uniform(low, high), 6)
        case "boolean":
            return draw.random() < 0.5
        case "null":
            return None
        case "string":
            return _text(schema, draw)
        case _:
            return draw.choice(_WORDS)


def _bounds(schema: Schema, *, step: float) -> tuple[float, float]:
    low = schema.get("minimum", schema["exclusiveMinimum"] + step if "exclusiveMinimum" in schema else None)
    high = schema.get("maximum", schema["exclusiveMaximum"] - step if "exclusiveMaximum" in schema else None)
    if low is None:
        low = 0 if high is None or high >= 0 else high - 100
    return low, low + 100 if high is None else high


def _text(schema: Schema, draw: random.Random) -> str:
    if schema.get("format") in _BY_FORMAT:
        return _BY_FORMAT[schema["format"]]
    text = draw.choice(_WORDS).ljust(schema.get("minLength", 0), "x")
    return text[: schema.get("maxLength", len(text))]
