"""How a figure of tokens or cost came about: of a range, by model; of a trace, call by call."""

from __future__ import annotations

from math import fsum

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from ecoa_web.accounts.access import visible_project
from ecoa_web.ranges import time_range
from traces.filters import Filter
from traces.filters.tree import And, Op, Term
from traces.pages.trace import TRACE_ID
from traces.queries.pricing import MOST_CALLS, trace_calls
from traces.queries.spending import spending
from traces.queries.traces import trace_summary
from traces.queries.window import Window

ASKED = ("agent", "model", "provider")  # what the figure was of; nothing: of the project


@require_safe
def costs(request: HttpRequest, slug: str) -> HttpResponse:
    """The model calls of a range, of ?agent=, ?model= and ?provider=, by model; or the live part."""
    project = visible_project(request.user, slug)
    shown = time_range(request.GET, timezone.now())
    asked = {name: value for name in ASKED if (value := request.GET.get(name, "").replace("\0", "")[:200])}
    window = Window.between(shown.start, shown.end)
    spent = spending(project.pk, window=window, filter=_filter(asked))
    known = [one.row.cost_usd for one in spent if one.row.cost_usd is not None]
    context = {
        "project": project,
        "range": shown,
        "asked": asked,
        "spent": spent,
        "total_usd": fsum(known) if known else None,
        "unpriced": sum(one.row.unpriced_calls for one in spent),
    }
    part = "#live" if request.GET.get("part") == "live" else ""
    return render(request, f"traces/costs.html{part}", context)


@require_safe
def trace_costs(request: HttpRequest, slug: str, trace_id: str) -> HttpResponse:
    """The model calls that a trace's tokens and cost are the sum of."""
    project = visible_project(request.user, slug)
    row = trace_summary(project.pk, trace_id) if TRACE_ID.fullmatch(trace_id) else None
    if row is None:
        raise Http404("There is no such trace, or it is older than what is kept.")
    context = {"project": project, "row": row, "calls": trace_calls(project.pk, row), "most": MOST_CALLS}
    return render(request, "traces/trace_costs.html", context)


def _filter(asked: dict[str, str]) -> Filter | None:
    terms = tuple(Term(key=key, op=Op.EQ, pieces=(value,), position=0) for key, value in asked.items())
    return Filter(text="", node=And(terms)) if terms else None
