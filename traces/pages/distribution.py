"""The little histogram of a table row: calls by duration on a log axis that all rows of the table share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log, log10

from ecoa_web.format import duration_parts, text
from traces.pages.log_axis import FINE, label
from traces.queries.sums import Slot

WIDTH, HEIGHT, BARS = 96, 20, 28
FLOOR = HEIGHT - 1  # where the bars stand
ROOM = 12  # letters of labels side by side over the picture
LEAST = 1.2  # a bar that counts anything is seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Rect:
    """One bar, in the picture's pixels."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The bars of one row, where its p95 is, and the same in words."""

    bars: list[Rect]
    p95_x: float | None
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """A log axis from low_ms to high_ms."""

    low_ms: float
    high_ms: float

    @classmethod
    def over(cls, histograms: Iterable[Sequence[Slot]]) -> Scale:
        """Round ends around nearly all calls of all rows: half a percent at each side may stand on the edge."""
        slots = sorted((slot.le_ms, slot.count) for histogram in histograms for slot in histogram if slot.count > 0)
        if not slots:
            return cls(low_ms=10, high_ms=10_000)
        least = 0.005 * sum(count for _, count in slots)
        low, high = edge(slots, least), edge(slots[::-1], least)
        below = [size for size in FINE if size < low / 1.05] or FINE[:1]
        above = [size for size in FINE if size >= high and size >= below[-1] * 10] or FINE[-1:]
        return cls(low_ms=below[-1], high_ms=above[0])

    @property
    def labels(self) -> list[str]:
        """Its two ends and, where there is room, a round duration between them."""
        middle = 10 ** ((log10(self.low_ms) + log10(self.high_ms)) / 2)
        nearest = min(FINE, key=lambda size: abs(log(size / middle)))
        words = [label(ms) for ms in (self.low_ms, nearest, self.high_ms)]
        return words if len("".join(words)) <= ROOM else [words[0], words[2]]

    def place(self, ms: float) -> float:
        """Where a duration lies, from 0 to 1."""
        share = log(max(ms, 1e-6) / self.low_ms) / log(self.high_ms / self.low_ms)
        return min(1.0, max(0.0, share))


def edge(slots: list[tuple[float, int]], least: float) -> float:
    """The first duration before which more than `least` calls lie."""
    seen = 0.0
    for ms, count in slots:
        seen += count
        if seen > least:
            return ms
    return slots[-1][0]


def picture(histogram: Sequence[Slot], *, scale: Scale, p50_ms: float | None, p95_ms: float | None) -> Picture:
    """The bars of one row; the highest fills the height."""
    counts = [0] * BARS
    for slot in histogram:
        counts[min(BARS - 1, int(scale.place(slot.le_ms / 1.025) * BARS))] += slot.count
    step, most = WIDTH / BARS, max(counts)
    bars = []
    for place, count in enumerate(counts):
        if count > 0:
            height = round(max(LEAST, (FLOOR - 2) * count / most), 1)
            bars.append(
                Rect(x=round(place * step, 1), y=round(FLOOR - height, 1), width=round(step - 1, 1), height=height)
            )
    return Picture(
        bars=bars,
        p95_x=None if p95_ms is None else round(scale.place(p95_ms) * WIDTH, 1),
        words=f"p50 {text(duration_parts(p50_ms))}, p95 {text(duration_parts(p95_ms))}" if bars else "no calls",
    )
