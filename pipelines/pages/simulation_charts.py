"""The charts of a simulation's report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from traces.pages.charts import BAD, DIM, INK, VOLUME, VOLUME_2, Figure, drawn, titled

HOUR = 3600.0
SHADE = "var(--c-grid)"


def course(day: Mapping[str, Any]) -> Figure:
    """The share of requests that succeeded over the first day, both arms; outages of the provider are shaded."""
    traces = [
        _line("naive", BAD, day["naive"], lambda point: 100 * point["succeeded"] / point["requests"]),
        _line("with ecoa", INK, day["orchestrated"], lambda point: 100 * point["succeeded"] / point["requests"]),
    ]
    figure = go.Figure(traces)
    figure.update_layout(
        hovermode="x unified",
        xaxis=_hours(day),
        yaxis={"range": [0, 104], "ticksuffix": " %", "title": titled("requests that succeeded"), "fixedrange": True},
        shapes=_outages(day),
    )
    return drawn(figure)


def latency(day: Mapping[str, Any]) -> Figure:
    """Mean latency over the first day."""
    figure = go.Figure(
        [
            _line("naive", BAD, day["naive"], lambda point: point["latency"], unit=" s"),
            _line("with ecoa", INK, day["orchestrated"], lambda point: point["latency"], unit=" s"),
        ]
    )
    figure.update_layout(
        hovermode="x unified",
        xaxis=_hours(day),
        yaxis={"rangemode": "tozero", "ticksuffix": " s", "title": titled("mean latency"), "fixedrange": True},
        shapes=_outages(day),
    )
    return drawn(figure)


def ablation(part: Mapping[str, Any], figure_name: str, unit: str) -> Figure:
    """One figure with each part of the policies taken away, the naive chain below."""
    rows = part["rows"][::-1]
    names = [row["name"] for row in rows]
    values = [row[figure_name]["mean"] for row in rows]
    colours = [INK if name == "all of it" else BAD if name == "naive chain" else VOLUME_2 for name in names]
    bars = go.Bar(
        x=values,
        y=names,
        orientation="h",
        marker={"color": colours},
        text=[f"{value:.1f}{unit}" if unit else f"{value:.0f}" for value in values],
        textposition="outside",
        textfont={"color": DIM},
        cliponaxis=False,
        hovertemplate="%{y}: %{x:.2f}" + unit + "<extra></extra>",
    )
    figure = go.Figure(bars)
    figure.update_layout(
        xaxis={
            "rangemode": "tozero",
            "showticklabels": False,
            "range": [0, max(values) * 1.18 or 1],
            "fixedrange": True,
        },
        yaxis={"fixedrange": True},
        margin={"b": 20},
    )
    return drawn(figure)


def sweep(part: Mapping[str, Any]) -> Figure:
    """Error rate with more and fewer faults: naive, engine, and engine without a second provider."""
    factors = [row["factor"] for row in part["rows"]]
    looks = (
        ("naive", "naive", BAD),
        ("no fallback", "no second provider", VOLUME_2),
        ("orchestrated", "with ecoa", INK),
    )
    figure = go.Figure(
        [
            go.Scatter(
                name=name,
                x=factors,
                y=[row[arm]["errors"] for row in part["rows"]],
                mode="lines+markers",
                line={"color": colour, "width": 1.5},
                marker={"color": colour, "size": 6},
                hovertemplate=f"{name} %{{y:.2f}} %<extra></extra>",
            )
            for arm, name, colour in looks
        ]
    )
    figure.update_layout(
        hovermode="x unified",
        xaxis={"tickvals": factors, "tickprefix": "x ", "title": titled("faults"), "fixedrange": True},
        yaxis={"rangemode": "tozero", "ticksuffix": " %", "title": titled("error rate"), "fixedrange": True},
    )
    return drawn(figure)


def throughput(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Requests finished a second at the peak, without and with a breaker."""
    shares = [f"{row['share']:.0%}" for row in rows]
    figure = go.Figure(
        [
            go.Bar(name=name, x=shares, y=[row[key] for row in rows], marker={"color": colour}, hovertemplate=told)
            for name, key, colour, told in (
                ("without", "without", VOLUME, "without %{y:.1f} a second<extra></extra>"),
                ("with a breaker", "with_breaker", INK, "with a breaker %{y:.1f} a second<extra></extra>"),
            )
        ]
    )
    figure.update_layout(
        barmode="group",
        hovermode="x unified",
        xaxis={"title": titled("of the peak the provider hangs"), "type": "category", "fixedrange": True},
        yaxis={"rangemode": "tozero", "title": titled("requests a second"), "fixedrange": True},
    )
    return drawn(figure)


def _line(name: str, colour: str, points: Sequence[Mapping[str, Any]], value: Any, *, unit: str = " %") -> go.Scatter:
    return go.Scatter(
        name=name,
        x=[point["at"] / HOUR for point in points],
        y=[value(point) for point in points],
        mode="lines",
        line={"color": colour, "width": 1.5},
        hovertemplate=f"{name} %{{y:.1f}}{unit}<extra></extra>",
    )


def _hours(day: Mapping[str, Any]) -> dict[str, Any]:
    last = max((point["at"] for point in day["naive"]), default=0) / HOUR
    return {"range": [0, last], "ticksuffix": " h", "nticks": 7, "title": titled("of the day"), "fixedrange": True}


def _outages(day: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "type": "rect",
            "x0": begin / HOUR,
            "x1": end / HOUR,
            "y0": 0,
            "y1": 1,
            "yref": "paper",
            "fillcolor": SHADE,
            "line": {"width": 0},
            "layer": "below",
        }
        for begin, end in day["outages"]
    ]
