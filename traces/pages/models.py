"""All models that a project calls, and one of them."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from ecoa_web.accounts.access import visible_project
from ecoa_web.accounts.models import Project
from ecoa_web.ranges import TimeRange, time_range
from traces.filters import Filter
from traces.filters.tree import Op, Term
from traces.pages import charts, model_charts
from traces.pages.models_table import MOST_COSTLY, models_table, state, text_output, uncached
from traces.pages.terms import term
from traces.queries.agents import AgentRow, agent_figures
from traces.queries.models import ModelRow, model_detail, model_figures, one_model
from traces.queries.traces import TraceRow, newest_traces
from traces.queries.window import Window

MOST = 1000  # models a page lists
NEWEST = 6
MOST_AGENTS = 20


@require_safe
def models(request: HttpRequest, slug: str) -> HttpResponse:
    """The table, sorted by ?sort= and narrowed by ?find=; or its live part."""
    project = visible_project(request.user, slug)
    shown = time_range(request.GET, timezone.now())
    sort, find = request.GET.get("sort", MOST_COSTLY), request.GET.get("find", "").strip()[:200]
    rows = model_figures(project.pk, window=Window.between(shown.start, shown.end), limit=MOST)
    table = models_table(rows, sort=sort, find=find)
    part = "#live" if request.GET.get("part") == "live" else ""
    context = {"project": project, "range": shown, "table": table, "find": find, "sort": sort}
    return render(request, f"traces/models.html{part}", context)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model over a range. The figures are empty when it was not called."""

    row: ModelRow
    state: str
    agents: list[AgentRow]  # with the tokens and cost of their calls of this model
    newest: list[TraceRow]
    durations: charts.Figure
    first_tokens: charts.Figure
    tokens: charts.Figure
    cost: charts.Figure

    @property
    def query(self) -> str:
        """The traces that call it, in the filter language."""
        return term("model", self.row.model)

    @property
    def uncached_tokens(self) -> int | None:
        """Input tokens that no cache spared."""
        return uncached(self.row)

    @property
    def text_tokens(self) -> int | None:
        """Output tokens without reasoning."""
        return text_output(self.row)


@require_safe
def model(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """One model of ?provider=: figures, charts, who calls it, newest traces; or its live part."""
    project = visible_project(request.user, slug)
    shown = time_range(request.GET, timezone.now())
    found = model_of(project, name, request.GET.get("provider") or None, shown)
    if found is None:
        raise Http404("No model of this name has been called here.")
    part = "#live" if request.GET.get("part") == "live" else ""
    return render(request, f"traces/model.html{part}", {"project": project, "range": shown, "model": found})


def model_of(project: Project, name: str, provider: str | None, shown: TimeRange) -> Model | None:
    """The model over the range; None when the project never called it."""
    if "\0" in name or "\0" in (provider or ""):
        return None
    window, only = Window.between(shown.start, shown.end), one_model(name, provider)
    of_traces = Filter(text="", node=Term(key="model", op=Op.EQ, pieces=(name,), position=0))
    detail = model_detail(project.pk, model=name, provider=provider, window=window)
    if detail is None:
        return None
    row = detail.row
    agents = agent_figures(project.pk, window=window, filter=only, limit=MOST)
    return Model(
        row=row,
        state=state(row),
        agents=sorted(agents, key=_spent, reverse=True)[:MOST_AGENTS],
        newest=newest_traces(project.pk, window=window, filter=of_traces, limit=NEWEST).rows,
        durations=charts.histogram(detail.durations, _lines(("p50", row.p50_ms), ("p95", row.p95_ms))),
        first_tokens=charts.histogram(detail.first_tokens, _lines(("p50", row.ttft_p50_ms), ("p95", row.ttft_p95_ms))),
        tokens=model_charts.tokens_over_time(detail, shown),
        cost=model_charts.cost_over_time(detail, shown),
    )


def _lines(*percentiles: tuple[str, float | None]) -> list[charts.Percentile]:
    return [(word, ms) for word, ms in percentiles if ms is not None]


def _spent(row: AgentRow) -> tuple[float, int]:
    return row.cost_usd or 0.0, (row.input_tokens or 0) + (row.output_tokens or 0)
