"""Readers: from an attribute's value to what a field holds. None means that the value says nothing usable."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from math import isfinite

import orjson

from traces.span import Kind
from traces.values import Value

LABEL_LENGTH = 200
_MAX_TOKENS = 10**12  # more is no count; sums of a million such fit their columns
_MAX_TRIES = (1 << 15) - 1  # the column's
_MAX_DOLLARS = 10**9  # more is no cost of a call; sums of any number of such stay finite
_MAX_NS = (1 << 63) - 1
_REDACTED = re.compile(r"\s*(\[Scrubbed\b|<?REDACTED>?\s*$|\[(REDACTED|FILTERED|Filtered)\]\s*$|\*{3,}\s*$)")


def label(value: Value) -> str | None:
    """A name or an id as text, to 200 characters; the first of a list. Scrubbed values say nothing."""
    if isinstance(value, list):
        return label(value[0]) if value else None
    if isinstance(value, str):
        text = value.strip()
        return None if not text or _REDACTED.match(text) else text[:LABEL_LENGTH]
    if isinstance(value, bool) or value is None or isinstance(value, dict):
        return None
    return str(value)


def count(value: Value) -> int | None:
    """A number of tokens or tries, however it was written. Negative and absurd ones say nothing."""
    number = number_of(value)
    if number is None or number != int(number) or not 0 <= number <= _MAX_TOKENS:
        return None
    return int(number)


def ordinal(value: Value) -> int | None:
    """A count from one, to what its column holds."""
    tries = count(value)
    return min(tries, _MAX_TRIES) if tries else None


def dollars(value: Value) -> float | None:
    """An amount of money; negative and absurd ones say nothing."""
    number = number_of(value)
    return None if number is None or not 0 <= number <= _MAX_DOLLARS else float(number)


def seconds(value: Value) -> int | None:
    """A duration in seconds, as nanoseconds."""
    return _nanoseconds(value, 1e9)


def milliseconds(value: Value) -> int | None:
    """A duration in milliseconds, as nanoseconds."""
    return _nanoseconds(value, 1e6)


def key64(value: Value) -> int | None:
    """A signed 64-bit hash of an id, the same in every process."""
    text = label(value)
    if text is None:
        return None
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


def marker(value: Value) -> bool | None:
    """That the key is there at all."""
    return None if value is None else True


def true(value: Value) -> bool | None:
    """That the value is true, however it was written."""
    return True if value is True or (isinstance(value, str) and value.strip().lower() == "true") else None


def false(value: Value) -> bool | None:
    """That the value is false, however it was written."""
    return True if value is False or (isinstance(value, str) and value.strip().lower() == "false") else None


def moment(value: Value) -> int | None:
    """A point in time in ISO 8601, also inside JSON quotes, as Unix nanoseconds."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value.strip().strip('"'))
        return round(at.timestamp() * 1e6) * 1000 if at.tzinfo else None
    except (ValueError, OverflowError):
        return None


def unquoted[T](reader: Callable[[Value], T | None]) -> Callable[[Value], T | None]:
    """A reader of values that may be the JSON of one: '"AGENT"'."""

    def read(value: Value) -> T | None:
        if isinstance(value, str) and value[:1] == '"':
            try:
                value = orjson.loads(value)
            except orjson.JSONDecodeError:
                return None
        return reader(value)

    return read


def member[T](reader: Callable[[Value], T | None], *paths: str) -> Callable[[Value], T | None]:
    """A reader of the first usable member of a small object, or of its JSON; "a.b" is b of a, "*.b" that of any."""
    split = [path.split(".") for path in paths]

    def read(value: Value) -> T | None:
        whole = small_object(value)
        if whole is None:
            return None
        for path in split:
            for found in _at(whole, path):
                made = reader(found)
                if made is not None:
                    return made
        return None

    return read


def small_object(value: Value) -> dict[str, Value] | None:
    """An object, or that of which a short text is the JSON."""
    return value if isinstance(value, dict) else _object(value) if isinstance(value, str) else None


def _at(whole: Value, path: list[str]) -> list[Value]:
    for depth, step in enumerate(path):
        if not isinstance(whole, dict):
            return []
        if step == "*":
            return [found for inner in whole.values() for found in _at(inner, path[depth + 1 :])]
        whole = whole.get(step)
    return [whole]


_MAX_OBJECT = 8_192  # characters of JSON worth parsing for a few numbers


@lru_cache(maxsize=1_024)
def _object(text: str) -> dict[str, Value] | None:
    if len(text) > _MAX_OBJECT or text.lstrip()[:1] != "{":
        return None
    try:
        found: Value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def one_of(kinds: Mapping[str, Kind]) -> Callable[[Value], Kind | None]:
    """A reader that looks a word up, whatever its case."""

    def read(value: Value) -> Kind | None:
        return kinds.get(value.strip().lower()) if isinstance(value, str) else None

    return read


def number_of(value: Value) -> int | float | None:
    """A finite number, also from its text; whole ones that no float can hold say nothing."""
    if isinstance(value, str):
        try:
            value = int(value)
        except ValueError:
            try:
                value = float(value)
            except ValueError:
                return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return value if isfinite(value) else None
    except OverflowError:
        return None


def _nanoseconds(value: Value, unit: float) -> int | None:
    number = number_of(value)
    if number is None or not 0 <= number <= _MAX_NS / unit:
        return None
    return round(number * unit)


# The words that SDKs have for kinds of their own, whatever their case. Unknown words leave the kind to the evidence.
_WORDS = {
    Kind.LLM: "llm generation chat_model llm_call chat completion",
    Kind.EMBEDDING: "embedding embeddings",
    Kind.RETRIEVER: "retriever retrieval",
    Kind.RERANKER: "reranker rerank",
    Kind.TOOL: "tool tool_call function handoff mcp_tools",
    Kind.AGENT: "agent",
    Kind.PIPELINE: "pipeline workflow session flow",
    Kind.GUARDRAIL: "guardrail",
    Kind.EVALUATOR: "evaluator evaluation",
    Kind.HUMAN: "human",
    Kind.CHAIN: "chain span task step operation prompt parser memory turn default",
    Kind.OTHER: "event",
}
SDK_KINDS = {word: kind for kind, words in _WORDS.items() for word in words.split()}
