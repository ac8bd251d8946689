"""Log-bucket latency histograms: sparse, mergeable by adding, with a relative error of 0.5 %.

Bucket i holds durations in (GAMMA^(i-1), GAMMA^i] nanoseconds and is read back as the value that is wrong by the same
share at both edges. Bucket 0 holds 0 and 1 ns. 292 years are bucket 4,390, so an index fits a smallint.
"""

from __future__ import annotations

from math import ceil, log
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

GAMMA = 1.01
RELATIVE_ERROR = (GAMMA - 1) / (GAMMA + 1)
INVERSE_LOG = 1 / log(GAMMA)


def index(duration_ns: int) -> int:
    """The bucket of a duration (not negative)."""
    return ceil(log(duration_ns) * INVERSE_LOG) if duration_ns > 1 else 0


def value(bucket: int) -> float:
    """The duration in nanoseconds that stands for every one in the bucket: within RELATIVE_ERROR of each."""
    return 2 * GAMMA**bucket / (GAMMA + 1) if bucket else 1.0


def upper(bucket: int) -> float:
    """The largest duration in nanoseconds that the bucket holds."""
    return GAMMA**bucket


def merged(parts: Iterable[tuple[Sequence[int], Sequence[int]]]) -> tuple[list[int], list[int]]:
    """The sum of sparse histograms (buckets, counts), ordered by bucket; counts that cancel out are left out."""
    total: dict[int, int] = {}
    for buckets, counts in parts:
        for bucket, count in zip(buckets, counts, strict=True):
            total[bucket] = total.get(bucket, 0) + count
    kept = sorted((bucket, count) for bucket, count in total.items() if count)
    return [bucket for bucket, _ in kept], [count for _, count in kept]


def percentile(buckets: Sequence[int], counts: Sequence[int], q: float) -> float | None:
    """The q-quantile (0 … 1) of a merged histogram in nanoseconds, interpolated between ranks as percentile_cont."""
    return percentiles(buckets, counts, [q])[0]


def percentiles(buckets: Sequence[int], counts: Sequence[int], qs: Sequence[float]) -> list[float | None]:
    """The same for several quantiles. None where nothing was counted."""
    total = sum(counts)
    if total <= 0:
        return [None for _ in qs]
    return [_at_rank(buckets, counts, q * (total - 1)) for q in qs]


def _at_rank(buckets: Sequence[int], counts: Sequence[int], rank: float) -> float:
    """The value at a fractional rank, from 0."""
    below = int(rank)
    low = high = None
    seen = 0
    for bucket, count in zip(buckets, counts, strict=True):
        seen += count
        if low is None and seen > below:
            low = value(bucket)
        if seen > below + 1:
            high = value(bucket)
            break
    if low is None:  # only when the last ranks fell to rounding
        return value(buckets[-1])
    return low if high is None else low + (high - low) * (rank - below)
