"""The charts of one agent, as Plotly figures. Colours are names of tokens, which static/js/charts.js resolves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from math import log, log10
from typing import Any

import plotly.graph_objects as go
from django.utils import timezone

from ecoa_web.format import duration_parts, text
from ecoa_web.ranges import TimeRange
from traces.pages.log_axis import label, ticks
from traces.queries.latency import Point
from traces.queries.sums import Slot

INK, VOLUME, VOLUME_2, BAD = "var(--c-ink)", "var(--c-volume)", "var(--c-volume-2)", "var(--bad-fill)"
STRONG, DIM = "var(--ink)", "var(--ink-3)"
SLOT = 1.01**5  # the upper end of a slot is so many times its lower end
MOST_BARS = 48
TICKS = 6  # at most, on a log axis

type Figure = dict[str, Any]  # what Plotly.js reads; its own types are too many to name
type Percentile = tuple[str, float]  # p95, in milliseconds


def histogram(slots: Sequence[Slot], percentiles: Sequence[Percentile]) -> Figure:
    """Calls by duration on a log axis, with lines at the percentiles."""
    bars = merged(slots)
    if not bars:
        return {}
    figure = go.Figure(
        go.Bar(
            x=[(low + high) / 2 for low, high, _ in bars],
            width=[(high - low) * 0.92 for low, high, _ in bars],
            y=[count for _, _, count in bars],
            marker={"color": VOLUME},
            customdata=[f"{text(duration_parts(low))} to {text(duration_parts(high))}" for low, high, _ in bars],
            hovertemplate="%{customdata}<br><b>%{y:,} calls</b><extra></extra>",
        )
    )
    low, high = bars[0][0] / 1.1, max(bars[-1][1], *(ms for _, ms in percentiles)) * 1.1
    figure.update_layout(
        xaxis=duration_axis(low, high, title="duration, log scale"),
        yaxis=count_axis("calls", most=max(count for _, _, count in bars)),
        margin={"t": 56},
        shapes=[percentile_line(ms) for _, ms in percentiles],
        annotations=[
            percentile_label(words, ms, row=row, right_half=log(ms / low) > 0.75 * log(high / low))
            for row, (words, ms) in enumerate(percentile_words(percentiles))
        ],
    )
    return drawn(figure)


def percentiles_over_time(points: Sequence[Point], shown: TimeRange) -> Figure:
    """p50, p95 and p99 of every slice of time, on a log axis."""
    if not points:
        return {}
    with_gaps = broken(points)
    figure = go.Figure(
        [
            percentile_trace("p99", VOLUME_2, with_gaps, [point.p99_ms if point else None for point in with_gaps]),
            percentile_trace("p95", INK, with_gaps, [point.p95_ms if point else None for point in with_gaps]),
            percentile_trace("p50", VOLUME_2, with_gaps, [point.p50_ms if point else None for point in with_gaps]),
        ]
    )
    known = [ms for point in points for ms in (point.p50_ms, point.p95_ms, point.p99_ms) if ms]
    ends = [(name, ms) for name, ms in last_values(points) if ms]
    figure.update_layout(
        xaxis=time_axis(shown),
        yaxis=duration_axis(min(known) / 1.3, max(known) * 1.3, title="duration, log scale"),
        hovermode="x unified",
        margin={"r": 44},
        annotations=end_labels(ends, low=min(known) / 1.3, high=max(known) * 1.3),
    )
    return drawn(figure)


def calls_over_time(points: Sequence[Point], shown: TimeRange) -> Figure:
    """Calls of every slice of time, the failed ones in red at the foot."""
    if not points:
        return {}
    step_ms = slice_ms(points, shown)
    slices = {"x": [local(point.start) for point in points], "width": step_ms * 0.88, "offset": step_ms * 0.06}
    calls = [point.calls for point in points]
    failed = go.Bar(
        **slices,
        y=[point.errors for point in points],
        marker={"color": BAD},
        hovertemplate="%{y:,} failed<extra></extra>",
    )
    others = go.Bar(
        **slices,
        y=[point.calls - point.errors for point in points],
        marker={"color": VOLUME},
        customdata=calls,
        hovertemplate="%{customdata:,} calls<extra></extra>",
    )
    figure = go.Figure([failed, others])
    title = f"calls each {label(step_ms)}"
    figure.update_layout(
        barmode="stack", hovermode="x unified", xaxis=time_axis(shown), yaxis=count_axis(title, most=max(calls))
    )
    return drawn(figure)


def merged(slots: Sequence[Slot]) -> list[tuple[float, float, int]]:
    """(low_ms, high_ms, calls) of equally wide bars; neighbours are put together until they are few enough."""
    placed = sorted((round(log(slot.le_ms) / log(SLOT)), slot) for slot in slots if slot.count > 0 and slot.le_ms > 0)
    if not placed:
        return []
    ends = {place: slot.le_ms for place, slot in placed}
    together = -(-(placed[-1][0] - placed[0][0] + 1) // MOST_BARS)
    counts: dict[int, int] = {}
    for place, slot in placed:
        bar = (place - placed[0][0]) // together
        counts[bar] = counts.get(bar, 0) + slot.count
    first = ends[placed[0][0]] / SLOT
    return [(first * SLOT ** (bar * together), first * SLOT ** ((bar + 1) * together), n) for bar, n in counts.items()]


def broken(points: Sequence[Point]) -> list[Point | None]:
    """The points, with None where slices without calls were left out, so that the line has a gap."""
    steps = [after.start - before.start for before, after in pairwise(points)]
    found: list[Point | None] = [points[0]]
    for step, point in zip(steps, points[1:], strict=True):
        found += [None, point] if step > min(steps) * 1.5 else [point]
    return found


def percentile_trace(name: str, colour: str, points: Sequence[Point | None], values: list[float | None]) -> go.Scatter:
    return go.Scatter(
        name=name,
        x=[local(point.start) if point else None for point in points],
        y=values,
        mode="lines+markers",
        line={"color": colour, "width": 1.5, "dash": "dot" if name == "p99" else "solid"},
        marker={"color": colour, "size": 4},
        customdata=[text(duration_parts(value)) for value in values],
        hovertemplate=f"{name} %{{customdata}}<extra></extra>",
    )


def last_values(points: Sequence[Point]) -> list[tuple[str, float | None]]:
    last = points[-1]
    return [("p50", last.p50_ms), ("p95", last.p95_ms), ("p99", last.p99_ms)]


def end_labels(ends: list[tuple[str, float]], *, low: float, high: float) -> list[dict[str, Any]]:
    """The lines' names at their right end, no two nearer than a line of text."""
    labels, floor = [], -1.0
    for name, ms in sorted(ends, key=lambda end: end[1]):
        place = max(log(ms / low) / log(high / low), floor + 0.08)
        floor = place
        labels.append(
            {
                "text": name,
                "x": 1,
                "xref": "paper",
                "xanchor": "left",
                "xshift": 6,
                "y": place,
                "yref": "paper",
                "yanchor": "middle",
                "showarrow": False,
                "font": {"color": DIM},
            }
        )
    return labels


def percentile_line(ms: float) -> dict[str, Any]:
    return {"type": "line", "x0": ms, "x1": ms, "y0": 0, "y1": 1, "yref": "paper", "line": {"color": INK, "width": 1}}


def percentile_words(percentiles: Sequence[Percentile]) -> list[Percentile]:
    """p50 820 ms, and those that read alike together: p95, p99 5.0 s."""
    names: dict[str, list[str]] = {}
    places: dict[str, float] = {}
    for name, ms in percentiles:
        words = text(duration_parts(ms))
        names.setdefault(words, []).append(name)
        places[words] = ms
    return [(f"{', '.join(names[words])} {words}", places[words]) for words in names]


def percentile_label(words: str, ms: float, *, row: int, right_half: bool) -> dict[str, Any]:
    """Beside the top of its line, each on a row of its own."""
    return {
        "text": words,
        "x": log10(ms),  # annotations on a log axis are placed by the logarithm, shapes are not
        "y": 1,
        "yref": "paper",
        "yanchor": "bottom",
        "yshift": 32 - 16 * row,
        "xanchor": "right" if right_half else "left",
        "xshift": -4 if right_half else -1,
        "showarrow": False,
        "font": {"color": STRONG, "weight": 600},
    }


def duration_axis(low: float, high: float, *, title: str) -> dict[str, Any]:
    """A log axis of milliseconds whose ticks read as durations."""
    round_ones = ticks(low, high, most=TICKS)
    return {
        "type": "log",
        "range": [log10(low), log10(high)],
        "tickvals": round_ones,
        "ticktext": [label(ms) for ms in round_ones],
        "tickangle": 0,
        "title": titled(title),
        "fixedrange": True,
    }


def count_axis(title: str, *, most: int) -> dict[str, Any]:
    """From zero, in whole numbers."""
    steps = {"dtick": 1} if most <= 5 else {"nticks": 5, "tickformat": "~s"}
    return {"rangemode": "tozero", "title": titled(title), "fixedrange": True, **steps}


def time_axis(shown: TimeRange) -> dict[str, Any]:
    clock = "%H:%M" if shown.width <= timedelta(hours=36) else "%-d %b"
    return {
        "type": "date",
        "range": [local(shown.start), local(shown.end)],
        "nticks": 6,
        "tickformat": clock,
        "tickangle": 0,
        "hoverformat": "%-d %b %H:%M",
    }


def titled(words: str) -> dict[str, Any]:
    return {"text": words, "standoff": 8, "font": {"size": 12}}


def slice_ms(points: Sequence[Point], shown: TimeRange) -> float:
    """How long a slice is, from the points nearest to each other."""
    steps = [after.start - before.start for before, after in pairwise(points)]
    return min(steps, default=shown.width / 60).total_seconds() * 1000


def local(at: datetime) -> str:
    """A time as the reader's clock shows it; Plotly knows no zones."""
    return f"{at.astimezone(timezone.get_current_timezone()):%Y-%m-%d %H:%M:%S}"


def drawn(figure: go.Figure) -> Figure:
    """The figure in the look of the product; axes of its own kind are left as they are."""
    figure.update_layout(
        template=None,
        showlegend=False,
        bargap=0.12,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"size": 12, "color": DIM},
        hoverlabel={"bgcolor": "var(--surface)", "bordercolor": "var(--line-strong)", "font": {"color": STRONG}},
    )
    figure.update_layout(margin={"l": 56, "b": 48, "autoexpand": True})
    line = "var(--line-strong)"
    figure.update_xaxes(showgrid=False, zeroline=False, showline=True, linecolor=line, ticks="outside", tickcolor=line)
    figure.update_yaxes(
        gridcolor="var(--c-grid)", zeroline=False, showline=False, ticks="", ticklabelstandoff=4, automargin=True
    )
    margin = figure.layout.margin
    figure.update_layout(margin={"t": margin.t or 12, "r": margin.r or 12})
    return dict(figure.to_plotly_json())
