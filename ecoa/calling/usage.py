"""Tokens and confidence that outputs tell, whatever made them."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from ecoa.result import Usage


def usage_of(output: Any) -> Usage | None:
    """The usage that an output tells as `usage` (an attribute or a method) or `usage_metadata`."""
    if output is None or isinstance(output, str | int | float | bytes):
        return None
    if isinstance(output, Mapping):
        told = output.get("usage", output.get("usage_metadata"))
    else:
        told = getattr(output, "usage", None) or getattr(output, "usage_metadata", None)
    if callable(told) and not hasattr(told, "input_tokens"):
        with contextlib.suppress(TypeError):  # not the method that was hoped for
            told = told()
    return as_usage(told)


def as_usage(told: Any) -> Usage | None:
    """Another library's counts in five disjoint buckets. Theirs count cached tokens as input, reasoning as output."""
    if told is None or isinstance(told, Usage):
        return told
    given = _number(told, "input_tokens", "prompt_tokens", "request_tokens")
    made = _number(told, "output_tokens", "completion_tokens", "response_tokens")
    if given is None and made is None:
        return None
    into = _part(told, "input_tokens_details", "input_token_details", "prompt_tokens_details", "details")
    out = _part(told, "output_tokens_details", "output_token_details", "completion_tokens_details", "details")
    read = _number(told, "cache_read_tokens") or _number(into, "cached_tokens", "cache_read") or 0
    written = _number(told, "cache_write_tokens") or _number(into, "cache_creation", "cache_write_tokens") or 0
    reasoning = _number(out, "reasoning_tokens", "reasoning") or 0
    return Usage(
        input_tokens=max(0, (given or 0) - read - written),
        cache_read_tokens=read,
        cache_write_tokens=written,
        output_tokens=max(0, (made or 0) - reasoning),
        reasoning_tokens=reasoning,
    )


def confidence_of(output: Any) -> float | None:
    """A number from 0 to 1 that the output tells as `confidence`."""
    told = output.get("confidence") if isinstance(output, Mapping) else getattr(output, "confidence", None)
    if isinstance(told, bool) or not isinstance(told, int | float) or not 0 <= told <= 1:
        return None
    return float(told)


def _field(holder: Any, name: str) -> Any:
    return holder.get(name) if isinstance(holder, Mapping) else getattr(holder, name, None)


def _part(holder: Any, *names: str) -> Any:
    return next((part for name in names if (part := _field(holder, name)) is not None), None)


def _number(holder: Any, *names: str) -> int | None:
    told = _part(holder, *names) if holder is not None else None
    return int(told) if isinstance(told, int | float) and not isinstance(told, bool) else None
