"""One trace: its header, and the frame in which the browser draws the waterfall, the log and the raw JSON."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from ecoa_web.accounts.access import visible_project
from ecoa_web.accounts.models import Project
from traces.pages.log import log_of
from traces.queries.log import trace_log
from traces.queries.traces import TraceRow, trace_summary
from traces.queries.window import to_datetime

NO_SPAN = "0" * 16  # where the browser puts a span's id
# What the waterfall imports: named in the page, so that the browser does not find them one after another.
WATERFALL = (
    *("acts", "axis", "critical", "dom", "keys", "layout", "minimap", "minimap-paths", "pointer", "row", "rows"),
    *("ruler", "scale", "search", "skeleton", "source", "spans", "split", "state", "ticks", "tree", "view", "words"),
)
SPAN_PANEL = ("cost", "mapping", "markdown", "messages", "panel", "prose", "sections", "values")
MODULES = (
    *("js/format.js", "js/pace.js", "js/behaviours/waterfall.js", "js/behaviours/trace-tabs.js"),
    *(f"js/waterfall/{name}.js" for name in WATERFALL),
    *(f"js/span/{name}.js" for name in SPAN_PANEL),
)
BONES = (80, 60, 70, 50, 60, 40, 70, 50, 60, 40, 50, 60)
TRACE_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TracePage:
    """What the page shows before its spans are loaded, and where they come from."""

    row: TraceRow
    started: datetime
    skeleton_url: str
    span_url: str
    conversation_url: str
    raw_url: str
    session_url: str
    server_now: int  # Unix milliseconds
    last_seen: int
    bones: tuple[int, ...] = BONES
    modules: tuple[str, ...] = MODULES

    @property
    def has_tokens(self) -> bool:
        """Whether any model call told its usage."""
        return self.row.input_tokens is not None or self.row.output_tokens is not None


@require_safe
def trace(request: HttpRequest, slug: str, trace_id: str) -> HttpResponse:
    """The page, its live header, or its log."""
    project = visible_project(request.user, slug)
    row = trace_summary(project.pk, trace_id) if TRACE_ID.fullmatch(trace_id) else None
    if row is None:
        raise Http404("There is no such trace, or it is older than what is kept.")
    if request.GET.get("part") == "log":
        return render(request, "traces/trace_log.html", {"log": log_of(trace_log(project.pk, row), row.start_ns)})
    part = "#head" if request.GET.get("part") == "head" else ""
    return render(request, f"traces/trace.html{part}", {"project": project, "page": page_of(project, row)})


def page_of(project: Project, row: TraceRow) -> TracePage:
    """The page of a trace."""
    query = urlencode({"project": project.slug})
    return TracePage(
        row=row,
        started=to_datetime(row.start_ns),
        skeleton_url=f"{reverse('api-trace-skeleton', args=[row.trace_id])}?{query}",
        span_url=f"{reverse('api-span', args=[row.trace_id, NO_SPAN])}?{query}",
        conversation_url=f"{reverse('api-trace-conversation', args=[row.trace_id])}?{query}",
        raw_url=f"{reverse('api-trace', args=[row.trace_id])}?{query}",
        session_url=session_url(project, row.sessions[0]) if row.sessions else "",
        server_now=int(timezone.now().timestamp() * 1000),
        last_seen=int(row.last_seen.timestamp() * 1000),
    )


def session_url(project: Project, session: str) -> str:
    """The page of a session."""
    return reverse("session", args=[project.slug, session])
