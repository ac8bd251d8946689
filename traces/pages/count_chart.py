"""Traces over time as bars split by how they went, drawn on the server: lengths are SVG attributes in percent."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from traces.queries.traces import Bar

HEIGHT = 64  # of the plot, in pixels
GAP = 0.18  # of a bar's slot
LABELS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One rectangle; x and width in percent, y and height in pixels."""

    look: str
    x: str
    width: str
    y: str
    height: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One slice of time: its rectangles, and what they say when pointed at."""

    x: str
    width: str
    parts: list[Part]
    start: datetime
    total: int
    error: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CountChart:
    """The bars, the axis, and the times that the browser zooms between."""

    slots: list[Slot]
    total: int
    errors: int
    top: int  # of the axis
    half: int | None
    labels: list[datetime]
    label_style: str
    start_ms: int
    end_ms: int
    each: str  # how long one bar is


def count_chart(bars: list[Bar], *, end: datetime) -> CountChart:
    """The chart of those bars, the last of which ends at `end`."""
    top = round_up(max((_total(bar) for bar in bars), default=0))
    start = bars[0].start
    width = end - start
    slot = 100 / len(bars)
    return CountChart(
        slots=[_slot(bar, place * slot, slot, top) for place, bar in enumerate(bars)],
        total=sum(_total(bar) for bar in bars),
        errors=sum(bar.error for bar in bars),
        top=top,
        half=top // 2 if top % 2 == 0 else None,
        labels=[start + width * place / LABELS for place in range(LABELS + 1)],
        label_style="short" if width <= timedelta(hours=25) else "date",
        start_ms=int(start.timestamp() * 1000),
        end_ms=int(end.timestamp() * 1000),
        each=_in_words(width / len(bars)),
    )


def round_up(most: int) -> int:
    """The round number at the top of an axis that has to hold `most`: 2, 4, 10, 20, 40, 50, 100…"""
    if most <= 2:
        return 2
    power = 10 ** math.floor(math.log10(most))
    return next(int(step * power) for step in (1, 2, 4, 5, 6, 8, 10) if step * power >= most)


def _slot(bar: Bar, x: float, width: float, top: int) -> Slot:
    left, inner = x + width * GAP / 2, width * (1 - GAP)
    parts, floor = [], float(HEIGHT)
    for look, count in (("vol-bad", bar.error), ("vol-2", bar.running + bar.waiting), ("vol", bar.ok)):
        if count:
            height = max(count / top * HEIGHT, 1.0)
            floor -= height
            parts.append(
                Part(look=look, x=f"{left:.3f}%", width=f"{inner:.3f}%", y=f"{floor:.1f}", height=f"{height:.1f}")
            )
    total = _total(bar)
    return Slot(x=f"{x:.3f}%", width=f"{width:.3f}%", parts=parts, start=bar.start, total=total, error=bar.error)


def _total(bar: Bar) -> int:
    return bar.ok + bar.error + bar.running + bar.waiting


def _in_words(width: timedelta) -> str:
    seconds = width.total_seconds()
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        if seconds >= size:
            return f"{seconds / size:.3g}\N{NO-BREAK SPACE}{unit}"
    return f"{seconds * 1000:.3g}\N{NO-BREAK SPACE}ms"
