"""The overview: what is wrong now, six figures, the agents by what hurts most, the newest failing traces."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from ecoa_web.accounts.access import visible_project
from ecoa_web.accounts.models import Project
from ecoa_web.ranges import TimeRange, time_range
from traces.filters import parse
from traces.pages.agents_table import AgentsTable, agents_table
from traces.pages.figures import Card, Trend, cards
from traces.pages.start import start_of
from traces.pages.verdict import Evidence, Verdict, verdict
from traces.queries.agents import AgentRow, agent_figures
from traces.queries.ingest import Ledger, ledger
from traces.queries.overview import Newest, figures, newest, over_time
from traces.queries.traces import TraceRow, count_over_time, newest_traces
from traces.queries.window import MINUTE_NS, Window, to_datetime

POINTS = 60  # of a sparkline
FAILING = 8
MOST = 500  # agents that are looked at
RECENT_MINUTES = 15  # how far back "now" goes in a range that follows the clock
PREVIOUS = {"15m": "the 15 minutes before", "1h": "the hour before", "24h": "the day before", "7d": "the week before"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What the page shows of a project that has traces."""

    verdict: Verdict
    cards: list[Card]
    agents: AgentsTable
    failing: list[TraceRow]
    ledger: Ledger
    spans_per_second: float
    newest_at: datetime
    rejected: int
    empty: bool  # nothing came in this range
    previous: str


@require_safe
def overview(request: HttpRequest, slug: str) -> HttpResponse:
    """The page, or its live part for a pull."""
    project = visible_project(request.user, slug)
    shown = time_range(request.GET, timezone.now())
    latest = newest(project.pk)
    context = {"project": project, "range": shown}
    if latest is None:
        return render(request, "traces/overview_empty.html", context | {"start": start_of(request, project)})
    part = "#live" if request.GET.get("part") == "live" else ""
    return render(request, f"traces/overview.html{part}", context | {"page": overview_of(project, shown, latest)})


def overview_of(project: Project, shown: TimeRange, latest: Newest) -> Overview:
    """All of it; the range before is read too, to compare with."""
    window, before = (Window.between(each.start, each.end) for each in (shown, shown.previous))
    both = Window(start_ns=before.start_ns, end_ns=window.end_ns)
    now, was = figures(project.pk, window=window), figures(project.pk, window=before)
    rows, rows_before = (agent_figures(project.pk, window=each, limit=MOST) for each in (window, before))
    trend = Trend(
        bars=count_over_time(project.pk, window=both, bars=2 * POINTS),
        slices=over_time(project.pk, window=both, points=2 * POINTS),
        start_ns=both.start_ns,
        boundary_ns=window.start_ns,
        end_ns=window.end_ns,
    )
    arrived = ledger(project.pk, window=window)
    previous = PREVIOUS.get(shown.key, "the range before")
    seen = Evidence(
        now=now,
        agents=recent(project, window) if shown.live else rows,
        when=f" in the last {RECENT_MINUTES}\N{NO-BREAK SPACE}min" if shown.live else "",
        before={row.agent: row for row in rows_before},
        previous=previous,
        ledger=arrived,
    )
    failing = newest_traces(project.pk, window=window, filter=parse("status:error"), limit=FAILING)
    return Overview(
        verdict=verdict(seen),
        cards=cards(now, was, trend=trend, ledger=arrived, minutes=shown.width.total_seconds() / 60),
        agents=agents_table(rows),
        failing=failing.rows,
        ledger=arrived,
        spans_per_second=trend.newest_received_per_second,
        newest_at=to_datetime(latest.start_ns),
        rejected=sum(arrived.rejected_spans.values()),
        empty=not now.traces and not rows,
        previous=previous,
    )


def recent(project: Project, window: Window) -> list[AgentRow]:
    """The agents of late: what began minutes ago is wrong now, however good the rest of the day was."""
    start_ns = max(window.start_ns, window.end_ns - RECENT_MINUTES * MINUTE_NS)
    return agent_figures(project.pk, window=Window(start_ns=start_ns, end_ns=window.end_ns), limit=MOST)
