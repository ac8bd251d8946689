"""The Langfuse SDK 3 and later. Its usage buckets exclude each other, unless they come in OpenAI's shape."""

from __future__ import annotations

from traces.dialects.blobs import in_and_out
from traces.dialects.engine import Dialect, Source
from traces.dialects.vocabulary import (
    SDK_KINDS,
    count,
    dollars,
    label,
    member,
    moment,
    number_of,
    one_of,
    small_object,
    unquoted,
)
from traces.span import Kind
from traces.values import Value

_USAGE, _OBSERVATION = "langfuse.observation.usage_details", "langfuse.observation."


def failure(value: Value) -> bool | None:
    """That the level of an observation is an error's."""
    return True if value == "ERROR" else None


def cost(value: Value) -> float | None:
    """The total of an observation's cost details, else the sum of its parts."""
    details = small_object(value)
    if not details:
        return None
    if "total" in details:
        return dollars(details["total"])
    numbers = [number_of(amount) for amount in details.values()]
    return dollars(sum(number for number in numbers if number is not None))


LANGFUSE = Dialect(
    name="langfuse",
    title="Langfuse SDK",
    versions="3 and 5.0",
    lacks="providers; exception types (an error is a level and a message)",
    scopes=("langfuse*",),
    keys=(_OBSERVATION + "type", _OBSERVATION + "input", _OBSERVATION + "model.name"),
    sources={
        "kind": (Source(_OBSERVATION + "type", one_of(SDK_KINDS)),),
        "pipeline": (Source("langfuse.trace.name", label),),
        "model": (Source(_OBSERVATION + "model.name", label),),
        "session": (Source("langfuse.session.id", label), Source("session.id", label, local=True)),
        "user": (Source("langfuse.user.id", label), Source("user.id", label, local=True)),
        "uncached_tokens": (Source(_USAGE, member(count, "input")),),
        "text_tokens": (Source(_USAGE, member(count, "output")),),
        "input_tokens": (Source(_USAGE, member(count, "prompt_tokens", "input_tokens", "promptTokens")),),
        "output_tokens": (Source(_USAGE, member(count, "completion_tokens", "output_tokens", "completionTokens")),),
        "cache_read_tokens": (
            Source(
                _USAGE,
                member(
                    count,
                    "cache_read_input_tokens",
                    "input_cached_tokens",
                    "input_cache_read",
                    "cached_tokens",
                    "prompt_tokens_details.cached_tokens",
                    "input_tokens_details.cached_tokens",
                ),
            ),
        ),
        "cache_write_tokens": (
            Source(
                _USAGE,
                member(
                    count,
                    "cache_creation_input_tokens",
                    "cache_write_input_tokens",
                    "input_cache_creation",
                    "input_cache_write",
                ),
            ),
        ),
        "reasoning_tokens": (
            Source(
                _USAGE,
                member(
                    count,
                    "output_reasoning_tokens",
                    "output_reasoning",
                    "reasoning_tokens",
                    "completion_tokens_details.reasoning_tokens",
                    "output_tokens_details.reasoning_tokens",
                ),
            ),
        ),
        "total_tokens": (Source(_USAGE, member(count, "total", "total_tokens")),),
        "cost": (Source(_OBSERVATION + "cost_details", cost),),
        "first_token_at": (Source(_OBSERVATION + "completion_start_time", moment, unique=True),),
        "failed": (Source(_OBSERVATION + "level", failure, keep=True),),
        "error_message": (Source(_OBSERVATION + "status_message", unquoted(label)),),
    },
    resource={
        "environment": (Source("langfuse.environment", label),),
        "version": (Source("langfuse.release", label),),
    },
    own_name=(Kind.AGENT, Kind.TOOL),
    content=(
        _OBSERVATION + "input",
        _OBSERVATION + "output",
        "langfuse.trace.input",
        "langfuse.trace.output",
        "langfuse.experiment.*",
    ),
    ignored=("langfuse.internal.*", "langfuse.environment", "langfuse.release"),
    messages=in_and_out(
        (_OBSERVATION + "input", "langfuse.trace.input"),
        (_OBSERVATION + "output", "langfuse.trace.output"),
        quoted=True,
    ),
)
