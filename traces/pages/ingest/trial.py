"""A rule tried on a stored span: each field before and after, and the key that filled it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from traces.normalise import normalise_explained
from traces.rules.rule import Rule, ruled
from traces.senders.unknown import example as shortened

if TYPE_CHECKING:
    from collections.abc import Mapping

    from traces.dialects.engine import Tables
    from traces.queries.reading import Example
    from traces.span import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A field as one set of rules reads it."""

    value: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A field before and after."""

    field: str
    before: Side
    after: Side

    @property
    def changed(self) -> bool:
        """Whether the rule makes a difference."""
        return self.before != self.after


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a rule does to one span."""

    example: Example
    applies: bool  # to the span's scope
    told: str  # the value of its key in that span, cut; "" for none
    has_key: bool
    lines: list[Line]

    @property
    def changed(self) -> int:
        """How many fields it changes."""
        return sum(line.changed for line in self.lines)


_BUCKETS = {
    "uncached input tokens": ("uncached", ("uncached_tokens", "input_tokens")),
    "cache read tokens": ("cache_read", ("cache_read_tokens",)),
    "cache write tokens": ("cache_write", ("cache_write_tokens",)),
    "output tokens": ("output_text", ("text_tokens", "output_tokens")),
    "reasoning tokens": ("reasoning", ("reasoning_tokens",)),
}
_TEXTS = (
    *("agent", "pipeline", "model", "request_model", "provider", "tool", "session", "user", "service", "version"),
    *("environment", "error_type", "attempt", "response_key"),
)


def trial(rules: tuple[Rule, ...], rule: Rule, example: Example) -> Trial:
    """That rule beside the others of the project, on that span."""
    sent = example.sent
    before, after = ruled(rules).of(sent.scope.name), ruled((*rules, rule)).of(sent.scope.name)
    told = (sent.resource.attributes if rule.of_resource else sent.attributes).get(rule.key)
    was, now = _told(example, before), _told(example, after)
    return Trial(
        example=example,
        applies=rule.applies_to(sent.scope.name),
        told="" if told is None else shortened(told),
        has_key=told is not None,
        lines=[
            Line(field=field, before=was[field], after=now[field])
            for field in was
            if was[field].value or now[field].value
        ],
    )


def _told(example: Example, tables: Tables) -> dict[str, Side]:
    span, mapping = normalise_explained(example.sent, None, tables)
    sides = {"kind": Side(value=span.kind.name.lower(), source=mapping.get("kind", ""))}
    for name in _TEXTS:
        sides[name.replace("_", " ")] = _side(getattr(span, name), mapping, (name,))
    for title, (bucket, names) in _BUCKETS.items():
        sides[title] = _side(getattr(span.usage, bucket) if span.usage else None, mapping, names)
    sides["reported cost"] = _side(span.reported_cost, mapping, ("cost",))
    sides["time to first token"] = _side(_milliseconds(span), mapping, ("ttft", "first_token_at"))
    return sides


def _milliseconds(span: Span) -> str | None:
    return None if span.ttft_ns is None else f"{span.ttft_ns / 1e6:,.1f} ms"


def _side(value: object, mapping: Mapping[str, str], names: tuple[str, ...]) -> Side:
    if value is None:
        return Side(value="", source="")
    source = next((mapping[name] for name in names if name in mapping), "")
    return Side(value=f"{value:,}" if isinstance(value, int) else str(value), source=source)
