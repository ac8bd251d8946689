"""The parts of messages: by what they are known again, what of them is shown."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import orjson

from traces.dialects.conversation import Message, Part
from traces.values import Value

SYSTEM = frozenset(("system", "developer"))  # roles
MOST_TEXT = 100_000  # characters of one part
MOST_DATA = 1_500_000  # characters of an embedded image: about a megabyte
DEEPEST = 50  # levels of a structure
type Digest = bytes


def clipped(part: Part) -> Part:
    """The part, what is too long or too deep in it cut; how long it was stands in `cut`."""
    made = part
    for key, most in (("text", MOST_TEXT), ("data", MOST_DATA)):
        value = part.get(key)
        if isinstance(value, str) and len(value) > most:
            made = {**made, key: "" if key == "data" else value[:most], "cut": len(value)}
    for key in ("arguments", "result", "value"):
        value = part.get(key)
        if isinstance(value, (dict, list, str)) and (len(json := _json(value)) > MOST_TEXT or _is_deep(value)):
            text = value if isinstance(value, str) else json.decode()
            made = {**made, key: text[:MOST_TEXT], "cut": len(text)}
    return made


def digest_of(role: str, part: Part) -> Digest:
    """What a part is known by. An id is not part of it where the content says it: histories are sent with other ids."""
    kind = part.get("type")
    said: object = part
    if kind in ("text", "reasoning"):
        said = " ".join(str(part.get("text")).split())
    elif kind == "tool_call":
        said = part.get("id") or [part.get("name"), part.get("arguments")]
    elif kind == "tool_result":
        said = [part.get("id"), part.get("result")]
    whose = "system" if role in SYSTEM else "" if kind in ("tool_call", "tool_result") else role
    return blake2b(_json([whose, kind, said]), digest_size=16).digest()


def parts_of(message: Message) -> list[Part]:
    parts = message.get("parts")
    return [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []


def content(parts: Sequence[Part], key: str) -> Value:
    """What a step was asked or answered: the part's own value, a text, or all of its parts."""
    values: list[Value] = [part.get(key, part.get("text", part.get("value"))) for part in map(clipped, parts)]
    return values[0] if len(values) == 1 else values or None


def word(value: object) -> str | None:
    return str(value) if isinstance(value, (str, int, float)) and value != "" else None


def _json(value: object) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:  # deeper than it goes
        return repr(value).encode("utf-8", "replace")


def _is_deep(value: Value) -> bool:
    level: list[Value] = [value]
    for _ in range(DEEPEST):
        level = [
            inner
            for one in level
            for inner in (one.values() if isinstance(one, dict) else one if isinstance(one, list) else ())
        ]
        if not level:
            return False
    return True
