"""Writing the filter language: terms that say exactly one value, and texts with a term put in or taken out.

A text is seen as the items that stand side by side in it: `status:error`, `(agent:a or agent:b)`, `not kind:tool`.
Items of one key and exact values are that key's choice; everything else is left as it was typed.
"""

from __future__ import annotations

import re

BARE = re.compile(r"[\w.@/+-]+")
WORDS = {"and", "or", "not"}
PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|[^"]', re.DOTALL)
TERM = re.compile(r'(?P<key>[A-Za-z_]+):(?P<value>"(?:[^"\\]|\\.)*"|[^\s()"]+)', re.DOTALL)
BOUND = re.compile(r'(?P<key>[A-Za-z_]+)(?P<op>[<>]=?)(?P<value>[^\s()"]+)')


def term(key: str, value: str) -> str:
    """key:value, the value in quotes where it needs them, its stars literal."""
    if BARE.fullmatch(value) and value.lower() not in WORDS:
        return f"{key}:{value}"
    quoted = re.sub(r'[\\"*]', lambda found: "\\" + found[0], value)
    return f'{key}:"{quoted}"'


def chosen(text: str, key: str) -> list[str]:
    """The values of a key that a text asks for, one or another."""
    return [value for item in items(text) for value in _values(item, key)]


def toggled(text: str, key: str, value: str) -> str:
    """A text with a value put into the choice of a key, or taken out of it."""
    values = chosen(text, key)
    values = [each for each in values if each != value] if value in values else [*values, value]
    kept = [item for item in items(text) if not _values(item, key)]
    return " ".join([*kept, *_choice(key, values)])


def bounded(text: str, key: str, bound: str) -> str:
    """A text with `key` bound (as in duration>=5s) in place of its other bounds; an empty bound takes them away."""
    kept = [item for item in items(text) if not ((found := BOUND.fullmatch(item)) and found["key"].lower() == key)]
    return " ".join([*kept, *([f"{key}{bound}"] if bound else [])])


def bounds(text: str, key: str) -> list[str]:
    """The bounds of a key that stand alone in a text: [">=5s"]."""
    found = [BOUND.fullmatch(item) for item in items(text)]
    return [each["op"] + each["value"] for each in found if each and each["key"].lower() == key]


def items(text: str) -> list[str]:
    """What stands side by side in a text. One whose parts are joined by `or` is a single item, in parentheses."""
    words = _words(text)
    if any(word.lower() == "or" for word in words):
        return [f"({text.strip()})"]
    found: list[str] = []
    negated = False
    for word in words:
        if word.lower() == "and":
            continue
        if negated:
            found[-1] += f" {word}"
        else:
            found.append(word)
        negated = word.lower() == "not"
    return found


def _words(text: str) -> list[str]:
    """The text cut at spaces outside quotes and parentheses."""
    words, depth, current = [], 0, ""
    for piece in PIECE.findall(text):
        depth += (piece == "(") - (piece == ")")
        if piece.isspace() and depth <= 0:
            words.append(current)
            current = ""
        else:
            current += piece
    return [word for word in [*words, current] if word]


def _choice(key: str, values: list[str]) -> list[str]:
    terms = [term(key, value) for value in values]
    return terms if len(terms) < 2 else [f"({' or '.join(terms)})"]


def _values(item: str, key: str) -> list[str]:
    """The exact values of an item that is a key's choice; none when it says anything else."""
    inner = item[1:-1] if item.startswith("(") and item.endswith(")") else item
    found = []
    for place, word in enumerate(_words(inner)):
        match = TERM.fullmatch(word)
        if place % 2 and word.lower() == "or":
            continue
        if place % 2 or not match or match["key"].lower() != key or (value := _exact(match["value"])) is None:
            return []
        found.append(value)
    return found


def _exact(value: str) -> str | None:
    """What a value says, or None when it has wildcards."""
    if not value.startswith('"'):
        return None if "*" in value else value
    if re.search(r"(?<!\\)(?:\\\\)*\*", value):
        return None
    return re.sub(r"\\(.)", r"\1", value[1:-1], flags=re.DOTALL)
