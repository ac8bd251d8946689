"""Rollup deltas: what spans add to (or, corrected, take from) the sums of their minute."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from traces.rollups.histogram import index
from traces.settle import IS_MODEL, REPEATED, TIMED_OUT, UNPRICED, USAGE_COUNTED, contributes
from traces.span import Kind, Status

if TYPE_CHECKING:
    from collections.abc import Iterable

    from traces.settle import Decided

MINUTE_NS = 60_000_000_000
ERROR, TOOL = Status.ERROR, Kind.TOOL


class Key(NamedTuple):
    """What a rollup row is about. Only tools have a tool, only model calls a model: what would only vary is empty."""

    project_id: int
    kind: int
    service: str
    pipeline: str
    agent: str
    model: str
    provider: str
    tool: str
    version: str
    environment: str


@dataclass(slots=True)
class Delta:
    """Signed sums of one key in one minute."""

    calls: int = 0
    errors: int = 0
    timeouts: int = 0
    model_calls: int = 0
    unpriced: int = 0
    tokens_in: int = 0
    tokens_cache_read: int = 0
    tokens_cache_write: int = 0
    tokens_out: int = 0
    tokens_reasoning: int = 0
    cost: int = 0  # in 1e-12 dollars: what is taken back later leaves nothing
    duration_ns: int = 0
    critical_ns: int = 0
    histogram: dict[int, int] = field(default_factory=dict)
    ttft: dict[int, int] | None = None

    def empty(self) -> bool:
        """Whether nothing is left of it: a correction that corrected nothing here."""
        return not any(
            (
                self.calls, self.errors, self.timeouts, self.model_calls, self.unpriced, self.tokens_in,
                self.tokens_cache_read, self.tokens_cache_write, self.tokens_out, self.tokens_reasoning,
                self.cost, self.duration_ns, self.critical_ns, any(self.histogram.values()),
                any((self.ttft or {}).values()),
            )
        )  # fmt: skip


class Deltas:
    """Deltas of many spans, summed by key and minute."""

    __slots__ = ("by_key",)

    def __init__(self) -> None:
        self.by_key: dict[tuple[Key, int], Delta] = {}

    def add(self, project_id: int, decided: Iterable[Decided], *, sign: int = 1) -> None:
        """Add what these spans contribute, or with sign=-1 take back what they contributed."""
        by_key = self.by_key
        for one in decided:
            if not contributes(one):
                continue
            place = (_key(project_id, one), one.span.start_ns // MINUTE_NS)
            delta = by_key.get(place)
            if delta is None:
                delta = by_key[place] = Delta()
            _add(delta, one, sign)


def _key(project_id: int, one: Decided) -> Key:
    span = one.span
    kind = span.kind
    model = IS_MODEL[kind]
    return Key(
        project_id,
        kind,
        span.service or "",
        span.pipeline or "",
        one.agent or "",
        (span.model or "") if model else "",
        (span.provider or "") if model else "",
        (span.tool or "") if kind is TOOL else "",
        span.version or "",
        span.environment or "",
    )


def _add(delta: Delta, one: Decided, sign: int) -> None:
    span = one.span
    if one.critical_ns:
        delta.critical_ns += sign * one.critical_ns
    if one.flags & REPEATED:  # the span with which it shares its call is in here
        return
    delta.calls += sign
    if span.status is ERROR:
        delta.errors += sign
    if one.flags & TIMED_OUT:
        delta.timeouts += sign
    if one.flags & USAGE_COUNTED:
        _add_usage(delta, one, sign)
    if span.end_ns is not None and span.end_ns >= span.start_ns:
        duration = span.end_ns - span.start_ns
        delta.duration_ns += sign * duration
        bucket = index(duration)
        delta.histogram[bucket] = delta.histogram.get(bucket, 0) + sign
    if span.ttft_ns is not None and IS_MODEL[span.kind]:
        bucket = index(span.ttft_ns)
        if delta.ttft is None:
            delta.ttft = {}
        delta.ttft[bucket] = delta.ttft.get(bucket, 0) + sign


def _add_usage(delta: Delta, one: Decided, sign: int) -> None:
    usage, cost = one.span.usage, one.span.cost
    delta.model_calls += sign
    if one.flags & UNPRICED:
        delta.unpriced += sign
    if cost is not None:
        delta.cost += sign * pico(cost)
    if usage is None:
        return
    delta.tokens_in += sign * (usage.uncached or 0)
    delta.tokens_cache_read += sign * (usage.cache_read or 0)
    delta.tokens_cache_write += sign * (usage.cache_write or 0)
    delta.tokens_out += sign * (usage.output_text or 0)
    delta.tokens_reasoning += sign * (usage.reasoning or 0)


def pico(dollars: float) -> int:
    """Dollars in whole 1e-12 dollars."""
    return round(dollars * 1e12) if dollars < 1e12 else int(dollars) * 10**12
