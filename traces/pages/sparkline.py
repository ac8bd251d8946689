"""A line without axes: how a figure went, with the range before it in grey on the same scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, MARGIN = 160, 28, 3

Values = Sequence[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparkline:
    """SVG paths; `area` is the line closed to the floor."""

    now: str
    area: str
    before: str


def sparkline(now: Values, before: Values = ()) -> Sparkline:
    """Both lines from a floor of zero; None is a gap."""
    most = max((value for value in (*now, *before) if value is not None), default=0) or 1
    line = path(now, most)
    return Sparkline(now=line, area=closed(now, most), before=path(before, most))


def path(values: Values, most: float) -> str:
    """The line; a value alone between gaps becomes a short stroke."""
    pieces = [piece for piece in unbroken(values, most) if piece]
    return " ".join(
        "M"
        + " ".join(f"{x:g} {y:g}" for x, y in (piece if len(piece) > 1 else [piece[0], (piece[0][0] + 1, piece[0][1])]))
        for piece in pieces
    )


def closed(values: Values, most: float) -> str:
    """The area under the line."""
    return " ".join(
        f"M{piece[0][0]:g} {HEIGHT} " + " ".join(f"{x:g} {y:g}" for x, y in piece) + f" {piece[-1][0]:g} {HEIGHT}Z"
        for piece in unbroken(values, most)
        if piece
    )


def unbroken(values: Values, most: float) -> list[list[tuple[float, float]]]:
    """Runs of points between gaps, in pixels."""
    step = WIDTH / max(1, len(values) - 1)
    runs: list[list[tuple[float, float]]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            height = (HEIGHT - 2 * MARGIN) * max(0.0, value) / most
            runs[-1].append((round(place * step, 1), round(HEIGHT - MARGIN - height, 1)))
    return runs
