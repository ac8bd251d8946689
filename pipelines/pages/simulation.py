"""The last report of `manage.py simulate`, as figures and charts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ecoa_web.accounts.access import visible_project
from pipelines.pages import simulation_charts as charts
from pipelines.simulation.stored import Stored, last
from pipelines.simulation.words import HEADINGS, HONEST, mix_in_words

if TYPE_CHECKING:
    from traces.pages.charts import Figure

COMMAND = "python manage.py simulate --seeds 3 \\\n    --ablation --sweep --claims"
UNITS = {"uptime": "%", "latency": "s", "errors": "%", "duplicates": ""}
NAMES = {"uptime": "Uptime", "latency": "Mean latency", "errors": "Error rate", "duplicates": "Duplicate orders"}
BOTH = (("naive", "naive chain"), ("ours", "with ecoa"))
MEANINGS = {
    "uptime": "minutes in which at least 80 % of the requests that arrived succeeded",
    "latency": "over all requests, failed ones too",
    "errors": "requests without success",
    "duplicates": "a day, counted by the order database",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure of both arms."""

    name: str
    meaning: str
    unit: str
    naive: dict[str, float]
    ours: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One chart, and what it shows."""

    ident: str
    title: str
    note: str
    figure: Figure
    label: str
    keys: Sequence[tuple[str, str]] = ()  # of the legend: colour, word

    @property
    def script(self) -> str:
        """Where the figure lies in the page."""
        return f"chart-{self.ident}"


@require_safe
def simulation(request: HttpRequest, slug: str) -> HttpResponse:
    """The last report, or how to make one."""
    project = visible_project(request.user, slug)
    kept = last()
    context: dict[str, Any] = {"project": project, "command": COMMAND, "kept": kept}
    if kept is not None:
        context |= _shown(kept)
    return render(request, "pipelines/simulation.html", context)


def _shown(kept: Stored) -> dict[str, Any]:
    made = kept.report
    arms = made["arms"]
    rows = [
        Row(
            name=NAMES[key],
            meaning=MEANINGS[key],
            unit=UNITS[key],
            naive=arms["naive"][key],
            ours=arms["orchestrated"][key],
        )
        for key in HEADINGS
    ]
    return {
        "report": made,
        "rows": rows,
        "several": len(made["seeds"]) > 1,
        "charts": [chart for chart in _charts(made) if chart.figure],
        "honest": HONEST,
        "mix": mix_in_words(made["mix"]),
        "goals": made["goals"] if made["days"] == 1 else [],
    }


def _charts(made: dict[str, Any]) -> list[Chart]:
    seed = f"seed {made['course']['seed']}; grey: the primary provider is out"
    found = [
        Chart(
            ident="course",
            title="Requests that succeeded",
            note=seed,
            figure=charts.course(made["course"]),
            label="Share of requests that succeeded over the day, naive and with ecoa",
            keys=BOTH,
        ),
        Chart(
            ident="latency",
            title="Latency",
            note=seed,
            figure=charts.latency(made["course"]),
            label="Mean latency over the day, naive and with ecoa",
            keys=BOTH,
        ),
    ]
    if part := made.get("ablation"):
        note = f"seeds {', '.join(map(str, part['seeds']))}"
        found += [
            Chart(
                ident="without-errors",
                title="Error rate without each part",
                note=note,
                figure=charts.ablation(part, "errors", " %"),
                label="Error rate with each part taken away",
            ),
            Chart(
                ident="without-duplicates",
                title="Duplicate orders without each part",
                note=note,
                figure=charts.ablation(part, "duplicates", ""),
                label="Duplicate orders with each part taken away",
            ),
        ]
    if part := made.get("sweep"):
        found.append(
            Chart(
                ident="sweep",
                title="More and fewer faults",
                note=f"seed {part['seed']}",
                figure=charts.sweep(part),
                label="Error rate with half to three times the faults",
                keys=(*BOTH, ("other", "without a second provider")),
            )
        )
    if part := made.get("claims"):
        found.append(
            Chart(
                ident="throughput",
                title="Throughput at the peak",
                note="64 slots, 60 requests/s, 2 s timeout",
                figure=charts.throughput(part["throughput"]),
                label="Requests a second without and with a breaker",
                keys=(("without", "without"), ("ours", "with a breaker")),
            )
        )
    return found
