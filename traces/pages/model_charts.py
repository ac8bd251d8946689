"""The charts of one model: tokens by bucket and cost over time."""

from __future__ import annotations

import plotly.graph_objects as go

from ecoa_web.format import money
from ecoa_web.ranges import TimeRange
from traces.pages.charts import INK, VOLUME, VOLUME_2, Figure, count_axis, drawn, local, time_axis, titled
from traces.pages.log_axis import label
from traces.queries.models import ModelDetail

REASONING = "var(--k-llm)"


def tokens_over_time(detail: ModelDetail, shown: TimeRange) -> Figure:
    """Tokens of every slice of time, stacked: cached and other input below, output and reasoning above."""
    points = detail.points
    stacks = (
        ("cached", VOLUME, [point.cache_read + point.cache_write for point in points]),
        ("input", VOLUME_2, [point.uncached for point in points]),
        ("output", INK, [point.output_text for point in points]),
        ("reasoning", REASONING, [point.reasoning for point in points]),
    )
    most = max((sum(counts) for counts in zip(*(counts for _, _, counts in stacks), strict=True)), default=0)
    if not most:
        return {}
    slices, step = _slices(detail)
    bars = [
        go.Bar(**slices, y=counts, marker={"color": colour}, hovertemplate=f"%{{y:,}} {name}<extra></extra>")
        for name, colour, counts in stacks
        if any(counts)
    ]
    figure = go.Figure(bars)
    figure.update_layout(
        barmode="stack",
        hovermode="x unified",
        xaxis=time_axis(shown),
        yaxis=count_axis(f"tokens each {step}", most=most),
    )
    return drawn(figure)


def cost_over_time(detail: ModelDetail, shown: TimeRange) -> Figure:
    """What the calls of every slice of time cost."""
    costs = [point.cost_usd or 0.0 for point in detail.points]
    if not any(costs):
        return {}
    slices, step = _slices(detail)
    figure = go.Figure(
        go.Bar(
            **slices,
            y=costs,
            marker={"color": VOLUME_2},
            customdata=[money(cost) for cost in costs],
            hovertemplate="%{customdata}<extra></extra>",
        )
    )
    axis = {"rangemode": "tozero", "title": titled(f"US dollars each {step}"), "tickprefix": "$", "tickformat": "~r"}
    figure.update_layout(hovermode="x unified", xaxis=time_axis(shown), yaxis={**axis, "nticks": 5, "fixedrange": True})
    return drawn(figure)


def _slices(detail: ModelDetail) -> tuple[Figure, str]:
    """Where the bars stand, and what a slice is called."""
    at = [local(point.start) for point in detail.points]
    return {"x": at, "width": detail.step_ms * 0.88, "offset": detail.step_ms * 0.06}, label(detail.step_ms)
