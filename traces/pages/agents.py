"""All agents of a project, and one of them."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from ecoa_web.accounts.access import visible_project
from ecoa_web.accounts.models import Project
from ecoa_web.ranges import TimeRange, time_range
from traces.pages import charts
from traces.pages.agents_table import HURT, agents_table, state
from traces.pages.terms import term
from traces.queries.agents import AgentRow, agent_figures, agent_over_time, named
from traces.queries.models import ModelRow, model_figures
from traces.queries.overview import has_agent
from traces.queries.traces import TraceRow, newest_traces
from traces.queries.window import Window

MOST = 1000  # agents a page lists
NEWEST = 6


@require_safe
def agents(request: HttpRequest, slug: str) -> HttpResponse:
    """The table, sorted by ?sort= and narrowed by ?find=; or its live part."""
    project = visible_project(request.user, slug)
    shown = time_range(request.GET, timezone.now())
    sort, find = request.GET.get("sort", HURT), request.GET.get("find", "").strip()[:200]
    rows = agent_figures(project.pk, window=Window.between(shown.start, shown.end), limit=MOST)
    table = agents_table(rows, sort=sort, find=find)
    part = "#live" if request.GET.get("part") == "live" else ""
    context = {"project": project, "range": shown, "table": table, "find": find, "sort": sort}
    return render(request, f"traces/agents.html{part}", context)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """One agent over a range. The figures are empty when it was not called."""

    name: str
    row: AgentRow
    state: str
    models: list[ModelRow]
    newest: list[TraceRow]
    histogram: charts.Figure
    percentiles: charts.Figure
    calls: charts.Figure

    @property
    def query(self) -> str:
        """Its traces, in the filter language."""
        return term("agent", self.name)

    @property
    def failing_query(self) -> str:
        """Those of them that failed."""
        return f"{self.query} status:error"


@require_safe
def agent(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """One agent: figures, charts, models, newest traces; or its live part."""
    project = visible_project(request.user, slug)
    shown = time_range(request.GET, timezone.now())
    found = agent_of(project, name, shown)
    if found is None:
        raise Http404("No agent of this name has been seen here.")
    part = "#live" if request.GET.get("part") == "live" else ""
    return render(request, f"traces/agent.html{part}", {"project": project, "range": shown, "agent": found})


def agent_of(project: Project, name: str, shown: TimeRange) -> Agent | None:
    """The agent over the range; None when the project never had it."""
    window, only = Window.between(shown.start, shown.end), named(name)
    row = next((row for row in agent_figures(project.pk, window=window, limit=MOST) if row.agent == name), None)
    if row is None and not has_agent(project.pk, name):
        return None
    row = row or idle(name)
    points = agent_over_time(project.pk, agent=name, window=window)
    percentiles = [("p50", row.p50_ms), ("p95", row.p95_ms), ("p99", row.p99_ms)]
    return Agent(
        name=name,
        row=row,
        state=state(row),
        models=model_figures(project.pk, window=window, filter=only, limit=20),
        newest=newest_traces(project.pk, window=window, filter=only, limit=NEWEST).rows,
        histogram=charts.histogram(row.histogram, [(word, ms) for word, ms in percentiles if ms is not None]),
        percentiles=charts.percentiles_over_time(points, shown),
        calls=charts.calls_over_time(points, shown),
    )


def idle(name: str) -> AgentRow:
    """An agent that was not called in the range."""
    return AgentRow(
        agent=name,
        calls=0,
        errors=0,
        timeouts=0,
        error_rate=0.0,
        p50_ms=None,
        p90_ms=None,
        p95_ms=None,
        p99_ms=None,
        mean_ms=None,
        input_tokens=None,
        output_tokens=None,
        cost_usd=None,
        critical_share=None,
        histogram=[],
    )
