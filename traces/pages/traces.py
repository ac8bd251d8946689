"""The traces of a project: how many over time, what they have in common, the newest first, live."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from ecoa_web.accounts.access import visible_project
from ecoa_web.accounts.models import Project
from ecoa_web.ranges import KEYS, LABELS, TimeRange, time_range
from traces.filters import Filter, FilterError, of_traces, parse
from traces.pages.count_chart import CountChart, count_chart
from traces.pages.facets import Facet, facet_list
from traces.pages.terms import term
from traces.pages.trace import TRACE_ID
from traces.queries.cursor import CursorError
from traces.queries.overview import newest
from traces.queries.traces import TracePage, TraceRow, count_over_time, facets, matching, newest_traces
from traces.queries.window import Window, to_datetime

BARS = 60
ROWS = 50
AGAIN = 50  # rows asked for anew at once
SHORTEST_MS, LONGEST_MS = 10, 600_000  # the ends of the duration bars' log scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A trace as its table row shows it."""

    trace: TraceRow
    started: datetime
    bar: str  # length of its duration bar in percent, "" when it has none

    @property
    def more_agents(self) -> int:
        """How many agents have no chip."""
        return len(self.trace.agents) - 1

    @property
    def tokens(self) -> int | None:
        """Input and output."""
        told = [count for count in (self.trace.input_tokens, self.trace.output_tokens) if count is not None]
        return sum(told) if told else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked for: a range of time and a filter, or what is wrong with its text."""

    range: TimeRange
    text: str
    filter: Filter | None
    problem: FilterError | None

    @property
    def window(self) -> Window:
        """The range in nanoseconds."""
        return Window.between(self.range.start, self.range.end)

    def address(self, text: str, **more: str) -> str:
        """The page's address with another filter."""
        return "?" + urlencode({**self.range.params, **({"q": text} if text else {}), **more})

    @property
    def here(self) -> str:
        """The address of this very question."""
        return self.address(self.text)

    @property
    def cleared(self) -> str:
        """The address without a filter; it names the range, since an empty address would be this one."""
        return self.address("") if self.range.params else f"?range={self.range.key}"

    @property
    def said(self) -> str:
        """What is wrong, as a sentence."""
        return f"{self.problem.message[:1].upper()}{self.problem.message[1:]}." if self.problem else ""

    @property
    def mark(self) -> str:
        """As many spaces as stand before what is wrong, to put a caret under it."""
        return " " * (self.problem.position if self.problem and self.problem.position is not None else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many there are: over time, by what they have in common, and without the filter."""

    chart: CountChart
    facets: list[Facet]
    unfiltered: int | None  # None: there is no filter
    unindexed: int  # batches that a search for text reads without the index
    back_to: datetime | None  # of what started before it nothing is counted; None: all is


@require_safe
def traces(request: HttpRequest, slug: str) -> HttpResponse:
    """The page, or the part of it that a live page or an endless scroll pulls."""
    project = visible_project(request.user, slug)
    asked = question(request)
    context = {"project": project, "range": asked.range, "asked": asked}
    if asked.problem is not None:
        return render(request, "traces/traces_wrong.html", context, status=400)
    part = PARTS.get(request.GET.get("part", ""))
    if part is not None:
        return part(request, project, asked, context)
    if newest(project.pk) is None:
        return render(request, "traces/traces_empty.html", context)
    rows = rows_of(newest_traces(project.pk, window=asked.window, filter=asked.filter, limit=ROWS))
    whole = {"counts": counts_of(project, asked), "wider": wider(asked)}
    return render(request, "traces/traces.html", context | rows | whole)


def counts_part(request: HttpRequest, project: Project, asked: Question, context: dict[str, object]) -> HttpResponse:
    """The chart and the facets."""
    return render(request, "traces/traces.html#counts", context | {"counts": counts_of(project, asked)})


def rows_part(request: HttpRequest, project: Project, asked: Question, context: dict[str, object]) -> HttpResponse:
    """Rows: the newest, those after a cursor, or those of the ids given."""
    asked_for = [text for text in request.GET.get("ids", "").split(",") if TRACE_ID.fullmatch(text)][:AGAIN]
    filter = parse(" or ".join(term("trace", text) for text in asked_for)) if asked_for else asked.filter
    try:
        cursor = request.GET.get("cursor") or None
        page = newest_traces(project.pk, window=asked.window, filter=filter, cursor=cursor, limit=ROWS)
    except CursorError:
        return HttpResponse("There is no such place in the list.", status=400, content_type="text/plain")
    return render(request, "traces/traces_rows.html", context | rows_of(page))


PARTS: dict[str, Callable[[HttpRequest, Project, Question, dict[str, object]], HttpResponse]] = {
    "counts": counts_part,
    "rows": rows_part,
}


def question(request: HttpRequest) -> Question:
    """What an address asks for."""
    text = request.GET.get("q", "").strip()
    shown = time_range(request.GET, timezone.now())
    try:
        filter = parse(text)
        of_traces(filter)
    except FilterError as problem:
        return Question(range=shown, text=text, filter=None, problem=problem)
    return Question(range=shown, text=text, filter=filter, problem=None)


def counts_of(project: Project, asked: Question) -> Counts:
    """The chart, the facets, and the count without the filter when there is one."""
    window = asked.window
    matches = matching(project.pk, window=window, filter=asked.filter)
    searched = matches.searched
    bars = count_over_time(project.pk, window=window, matches=matches, bars=BARS)
    unfiltered = None
    if asked.filter is not None:
        [whole] = count_over_time(project.pk, window=window, bars=1)
        unfiltered = whole.ok + whole.error + whole.running + whole.waiting
    return Counts(
        chart=count_chart(bars, end=asked.range.end),
        facets=facet_list(facets(project.pk, window=window, matches=matches), asked.text, address=asked.address),
        unfiltered=unfiltered,
        unindexed=0 if searched is None else searched.unindexed,
        back_to=None if searched is None or searched.back_to_ns is None else to_datetime(searched.back_to_ns),
    )


def rows_of(page: TracePage) -> dict[str, object]:
    """A page of traces as its template's variables."""
    rows = [Row(trace=row, started=to_datetime(row.start_ns), bar=bar_of(row.duration_ms)) for row in page.rows]
    return {"rows": rows, "next": page.next or ""}


def bar_of(ms: float | None) -> str:
    """How long a duration is on the log scale, in percent."""
    if ms is None:
        return ""
    share = math.log(max(ms, SHORTEST_MS) / SHORTEST_MS) / math.log(LONGEST_MS / SHORTEST_MS)
    return f"{max(2.0, min(share, 1.0) * 100):.1f}%"


def wider(asked: Question) -> list[tuple[str, str]]:
    """Longer ranges to look in, as words and addresses."""
    longer = [key for key, width in KEYS.items() if width > asked.range.width]
    return [(f"Last {LABELS[key]}", "?" + urlencode({"range": key, "q": asked.text})) for key in longer[-3:]]
