"""What rollups add up to over a window, per group: the base of every figure, percentile and chart."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, LiteralString, Self

from psycopg import sql

from ecoa_web.db.named_sql import named_sql
from traces.filters import of_rollups
from traces.queries.rows import fetch, filled
from traces.rollups import histogram

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from traces.filters import Filter
    from traces.queries.window import Window
    from traces.span import Kind

SQL = named_sql(__file__)
SLOT_BUCKETS = 5  # histograms are shown with a fifth of the buckets kept: 1.01 to the fifth, about 5 % wide


class Measure(Enum):
    """What a histogram is of."""

    DURATION = auto()
    TTFT = auto()  # the time to a model call's first token


MEASURES: Mapping[Measure, tuple[LiteralString, LiteralString]] = {
    Measure.DURATION: ("r.buckets", "r.counts"),
    Measure.TTFT: ("r.ttft_buckets", "r.ttft_counts"),
}


@dataclass(frozen=True, slots=True)
class Slot:
    """So many calls took at most le_ms, and longer than the slot before."""

    le_ms: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """The sums of one group's rollup rows."""

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
    cost: float = 0.0
    duration_ns: float = 0.0
    critical_ns: float = 0.0

    def __add__(self, other: Sums) -> Sums:
        return Sums(**{name: getattr(self, name) + getattr(other, name) for name in self.__slots__})

    @property
    def error_rate(self) -> float:
        """Errors among calls, 0 to 1."""
        return self.errors / self.calls if self.calls > 0 else 0.0

    @property
    def mean_ms(self) -> float | None:
        """The mean duration."""
        return self.duration_ns / self.calls / 1e6 if self.calls > 0 else None

    @property
    def input_tokens(self) -> int | None:
        """All input tokens, cached ones included; None when no call reported any."""
        return self.tokens_in + self.tokens_cache_read + self.tokens_cache_write or None

    @property
    def output_tokens(self) -> int | None:
        """All output tokens, reasoning included; None when no call reported any."""
        return self.tokens_out + self.tokens_reasoning or None

    @property
    def cost_usd(self) -> float | None:
        """What the priced calls cost; None when no call has a price."""
        return self.cost if self.model_calls > self.unpriced else None


@dataclass(frozen=True, slots=True)
class Latencies:
    """A merged latency histogram."""

    buckets: list[int]
    counts: list[int]

    def ms(self, *quantiles: float) -> list[float | None]:
        """These quantiles (0 to 1) in milliseconds; None where nothing was counted."""
        found = histogram.percentiles(self.buckets, self.counts, quantiles)
        return [None if ns is None else ns / 1e6 for ns in found]

    def slots(self) -> list[Slot]:
        """The histogram as it is shown, without empty slots."""
        counts: dict[int, int] = {}
        for bucket, count in zip(self.buckets, self.counts, strict=True):
            slot = bucket // SLOT_BUCKETS
            counts[slot] = counts.get(slot, 0) + count
        top = SLOT_BUCKETS - 1
        return [Slot(histogram.upper(slot * SLOT_BUCKETS + top) / 1e6, count) for slot, count in counts.items()]


NOTHING = Sums()
NO_LATENCIES = Latencies([], [])


@dataclass(frozen=True, slots=True)
class Rollups:
    """The rollup rows of a project that touch a window and match a filter."""

    rows: sql.Composable
    parameters: dict[str, object]

    @classmethod
    def of(cls, project_id: int, *, window: Window, filter: Filter | None) -> Self:
        where = of_rollups(filter)
        minutes = {"first_minute": window.first_minute, "last_minute": window.last_minute}
        return cls(filled(SQL.rows, where=where.sql), {"project": project_id, **minutes, **where.parameters})

    def sums(self, group: sql.Composable) -> dict[tuple[Any, int], Sums]:
        """The sums by (group, kind)."""
        found = fetch(filled(SQL.sums, group=group, rows=self.rows), **self.parameters)
        return {(name, kind): Sums(**dict(zip(Sums.__slots__, sums, strict=True))) for name, kind, *sums in found}

    def latencies(
        self,
        group: sql.Composable,
        *,
        kinds: Iterable[Kind] | None,
        by_time: bool = False,
        of: Measure = Measure.DURATION,
    ) -> dict[Any, Latencies]:
        """The histogram of each group, over spans of these kinds (None: all)."""
        only = sql.SQL("true") if kinds is None else sql.SQL("k.kind = ANY(%(kinds)s)")
        slice_start = group if by_time else sql.SQL("0")
        buckets, counts = map(sql.SQL, MEASURES[of])
        statement = filled(
            SQL.histograms,
            group=group,
            slice=slice_start,
            rows=self.rows,
            kinds=only,
            buckets=buckets,
            counts=counts,
        )
        found = fetch(statement, **self.parameters, kinds=None if kinds is None else [int(kind) for kind in kinds])
        return {name: Latencies(buckets, counts) for name, buckets, counts in found}

    def widest(self) -> int:
        """The width of the widest row in minutes; 1 when there is none."""
        return fetch(filled(SQL.widest, rows=self.rows), **self.parameters)[0][0] or 1
