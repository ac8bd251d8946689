"""Values of runs for people: without the codec's tags, as facts or as indented JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ecoa.edits import plain

LONG = 600  # characters of one fact
MOST_FACTS = 40
LARGEST = 1e15  # a float up to it is shown whole when it is
FEW = 6  # members of a value that are said rather than shown as JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One member of a value."""

    label: str
    text: str
    look: str  # text, number, none, code


def read(text: str | None) -> Any:  # decoded JSON
    """A stored value without tags; None for none, and the text itself when it was cut off."""
    if text is None:
        return None
    try:
        return plain(json.loads(text))
    except (ValueError, RecursionError):
        return text


def pretty(text: str | None) -> str:
    """Indented JSON; a text that was cut off is as it is."""
    value = read(text)
    return text if text is not None and value is text else json.dumps(value, indent=2, ensure_ascii=False)


def facts(value: Any) -> list[Fact]:  # decoded JSON
    """The members of an object, or the value itself as one fact."""
    if isinstance(value, Mapping):
        return [_fact(label(name), inner) for name, inner in list(value.items())[:MOST_FACTS]]
    if isinstance(value, list) and value and all(not isinstance(item, dict | list) for item in value):
        return [_fact("", ", ".join(short(item) for item in value))]
    if isinstance(value, list):
        return [_fact(str(number), item) for number, item in enumerate(value[:MOST_FACTS], start=1)]
    return [_fact("", value)]


def label(name: str) -> str:
    """A member's name as people write it: `net_income` is Net income, `VAT` stays."""
    words = name.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:] if words else name


def short(value: Any, limit: int = LONG) -> str:  # decoded JSON
    """A value on one line."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def said(value: Any) -> str:  # decoded JSON
    """A value as people say it, when it is small and flat; else nothing."""
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case int() | float():
            whole = isinstance(value, float) and value.is_integer() and abs(value) < LARGEST
            return f"{value:,.0f}" if whole else f"{value:,}"
        case str():
            return short(value)
    return _flat(value) if len(value) <= FEW else ""


def likeness(one: Any, other: Any) -> float:  # decoded JSON
    """How alike two values are, 0 to 1: the mean over their leaves; numbers by their ratio, texts by being equal."""
    left, right = dict(leaves(one)), dict(leaves(other))
    names = left.keys() | right.keys()
    if not names:
        return 1.0
    return sum(_alike(left.get(name), right.get(name)) for name in names) / len(names)


def leaves(value: Any, path: str = "") -> Iterable[tuple[str, Any]]:  # decoded JSON
    """What a value holds, with where."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}/{name}")
    elif isinstance(value, list):
        for number, inner in enumerate(value[:20]):
            yield from leaves(inner, f"{path}/{number}")
    else:
        yield path, value


def _flat(value: Any) -> str:  # decoded JSON
    """An object of plain members, or a list of such objects, one on a line."""
    if isinstance(value, list):
        lines = [_flat(item) if isinstance(item, dict) else "" for item in value]
        return "\n".join(lines) if all(lines) else ""
    if len(value) > FEW or any(isinstance(inner, dict | list) for inner in value.values()):
        return ""
    return ", ".join(f"{label(name).lower()} {said(inner)}" for name, inner in value.items())


def _alike(one: Any, other: Any) -> float:  # decoded JSON
    if one == other:
        return 1.0
    numbers = isinstance(one, int | float) and isinstance(other, int | float)
    if numbers and one * other > 0:
        return float(min(abs(one), abs(other)) / max(abs(one), abs(other)))
    return 0.0


def _fact(name: str, value: Any) -> Fact:  # decoded JSON
    if value is None or value in ("", [], {}):
        return Fact(label=name, text="none" if value is None else "empty", look="none")
    if isinstance(value, bool | int | float | str):
        look = "number" if isinstance(value, int | float) and not isinstance(value, bool) else "text"
        return Fact(label=name, text=said(value), look=look)
    words = said(value)
    return Fact(label=name, text=words, look="text") if words else Fact(label=name, text=short(value), look="code")
