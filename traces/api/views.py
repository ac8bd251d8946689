"""The routes: who asks, what, one query, its form."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from django.http import HttpResponse
from rest_framework.decorators import api_view

from ecoa_web.accounts.access import api_project
from traces import serializers
from traces.api import asked, forms
from traces.api.documented import (
    AFTER,
    CURSOR,
    END,
    FIGURE_FILTER,
    GROUP_BY,
    LIMIT,
    SPAN_ID,
    START,
    TRACE_FILTER,
    TRACE_ID,
    documented,
)
from traces.api.tags import tagged, unchanged_since
from traces.filters import of_rollups, of_traces
from traces.queries.agents import agent_figures
from traces.queries.compact import agent_spans
from traces.queries.ingest import ledger
from traces.queries.latency import GroupBy, latency
from traces.queries.models import model_figures
from traces.queries.pricing import span_pricing
from traces.queries.span import whole_span
from traces.queries.trace import skeleton, trace_spans
from traces.queries.traces import newest_traces

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase
    from rest_framework.request import Request


@documented(
    serializers.page_of(serializers.Trace, search=serializers.Search(required=False)),
    START,
    END,
    TRACE_FILTER,
    LIMIT,
    CURSOR,
    id="list_traces",
)
@api_view(["GET"])
def trace_list(request: Request) -> HttpResponse:
    """Traces that started in the window and match, newest first."""
    project = api_project(request)
    page = newest_traces(
        project.pk,
        window=asked.window(request),
        filter=asked.filter(request, means=of_traces),
        cursor=asked.cursor(request),
        limit=asked.limit(request),
    )
    return forms.found(page)


@documented(serializers.TraceDetail, TRACE_ID, AFTER, id="get_trace")
@api_view(["GET"])
def trace(request: Request, trace_id: str) -> HttpResponseBase:
    """A trace with its spans, by start. Its ETag changes when it does."""
    project = api_project(request)
    trace_id = asked.trace_id(trace_id)
    if unchanged := unchanged_since(request, project.pk, trace_id):
        return unchanged
    detail = asked.found(trace_spans(project.pk, trace_id, after_seq=asked.after(request)), "trace")
    return tagged(HttpResponse(forms.detail_bytes(detail), content_type="application/json"), detail.summary)


@documented(serializers.Skeleton, TRACE_ID, AFTER, id="get_trace_skeleton")
@api_view(["GET"])
def trace_skeleton(request: Request, trace_id: str) -> HttpResponseBase:
    """A trace as the waterfall draws it: spans by start in columns, texts as places in one table of strings."""
    project = api_project(request)
    trace_id = asked.trace_id(trace_id)
    if unchanged := unchanged_since(request, project.pk, trace_id):
        return unchanged
    found = asked.found(skeleton(project.pk, trace_id, after_seq=asked.after(request)), "trace")
    return tagged(forms.answer(forms.skeleton_form(found)), found.summary)


@documented(serializers.WholeSpan, TRACE_ID, SPAN_ID, id="get_span")
@api_view(["GET"])
def span(request: Request, trace_id: str, span_id: str) -> HttpResponse:
    """A span whole, with its messages and everything its sender said."""
    project = api_project(request)
    trace_id = asked.trace_id(trace_id)
    found = asked.found(whole_span(project.pk, trace_id, asked.span_id(span_id)), "span")
    pricing = span_pricing(project.pk, trace_id, found.row, mapping=found.mapping)
    return forms.answer(forms.whole_span_form(found) | {"pricing": pricing})


@documented(serializers.CompactTrace, TRACE_ID, id="get_trace_agents")
@api_view(["GET"])
def trace_agents(request: Request, trace_id: str) -> HttpResponse:
    """The compact form: one line for each time an agent worked, with the tokens of its own model calls."""
    project = api_project(request)
    trace_id = asked.trace_id(trace_id)
    return forms.answer({"trace_id": trace_id, "spans": asked.found(agent_spans(project.pk, trace_id), "trace")})


@documented(serializers.page_of(serializers.Agent), START, END, FIGURE_FILTER, LIMIT, id="list_agents")
@api_view(["GET"])
def agent_list(request: Request) -> HttpResponse:
    """Figures per agent, most calls first, from rollups: a bucket that touches the window counts whole."""
    project = api_project(request)
    filter = asked.filter(request, means=of_rollups)
    rows = agent_figures(project.pk, window=asked.window(request), filter=filter, limit=asked.limit(request))
    return forms.listed({k: v for k, v in asdict(row).items() if k != "histogram"} for row in rows)


@documented(serializers.page_of(serializers.Latency), GROUP_BY, START, END, FIGURE_FILTER, LIMIT, id="list_latency")
@api_view(["GET"])
def latency_list(request: Request) -> HttpResponse:
    """Latency per group, most calls first. Agents and versions: agent spans; kinds and services: all spans."""
    project = api_project(request)
    rows = latency(
        project.pk,
        window=asked.window(request),
        group_by=asked.choice(request, "group_by", GroupBy, default=GroupBy.AGENT),
        filter=asked.filter(request, means=of_rollups),
        limit=asked.limit(request),
    )
    return forms.listed(rows)


@documented(serializers.page_of(serializers.Model), START, END, FIGURE_FILTER, LIMIT, id="list_models")
@api_view(["GET"])
def model_list(request: Request) -> HttpResponse:
    """Figures per model, most calls first, from rollups: a bucket that touches the window counts whole."""
    project = api_project(request)
    filter = asked.filter(request, means=of_rollups)
    rows = model_figures(project.pk, window=asked.window(request), filter=filter, limit=asked.limit(request))
    return forms.listed(rows)


@documented(serializers.Ledger, START, END, id="get_ingest")
@api_view(["GET"])
def ingest(request: Request) -> HttpResponse:
    """What became of the spans that arrived in the window: stored, duplicate, rejected, dead or still pending."""
    project = api_project(request)
    return forms.answer(ledger(project.pk, window=asked.window(request)))
