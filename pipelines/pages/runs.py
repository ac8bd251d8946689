"""The runs of a project: filtered, newest first, going on by cursor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from ecoa_web.accounts.access import visible_project
from ecoa_web.ranges import TimeRange, time_range
from pipelines.queries.runs import FINISHED, UNFINISHED, Asked, RunRow, newest_runs, pipeline_names
from traces.queries.cursor import CursorError

ROWS = 50
LONGEST = 300  # characters of a filter
STATUSES = ("unfinished", *UNFINISHED, *FINISHED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A run as its table row shows it."""

    run: RunRow
    now: datetime

    @property
    def duration_ms(self) -> float:
        """From its start to its end, or to now."""
        return self.run.duration_ms(self.now)

    @property
    def error(self) -> str:
        """What went wrong, if anything did."""
        told = self.run.error or {}
        return ": ".join(str(told[name]) for name in ("type", "message") if told.get(name))


@require_safe
def runs(request: HttpRequest, slug: str) -> HttpResponse:
    """The list, or its live part; ?cursor= goes on."""
    project = visible_project(request.user, slug)
    shown = time_range(request.GET, timezone.now())
    asked = asked_for(request, shown)
    try:
        page = newest_runs(project.pk, asked, cursor=request.GET.get("cursor") or None, limit=ROWS)
    except CursorError:
        return HttpResponse("There is no such place in the list.", status=400, content_type="text/plain")
    now = timezone.now()
    context = {
        "project": project,
        "range": shown,
        "asked": asked,
        "rows": [Row(run=row, now=now) for row in page.rows],
        "next": page.next,
        "statuses": STATUSES,
        "names": pipeline_names(project.pk),
    }
    part = "#live" if request.GET.get("part") == "live" else ""
    return render(request, f"pipelines/runs.html{part}", context)


def asked_for(request: HttpRequest, shown: TimeRange) -> Asked:
    """Which runs the address asks for; a status that does not exist is none."""
    told = {name: _clean(request.GET.get(name, "")) for name in ("pipeline", "status", "q", "session")}
    return Asked(
        pipeline=told["pipeline"],
        status=told["status"] if told["status"] in STATUSES else "",
        text=told["q"],
        session=told["session"],
        start=shown.start,
        end=shown.end,
    )


def _clean(text: str) -> str:
    return text.strip().replace("\0", "")[:LONGEST]
