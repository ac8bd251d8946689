"""Sessions of a project: the newest ones, and one of them as the conversation across its traces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ecoa_web.accounts.access import visible_project
from ecoa_web.accounts.models import Project
from traces.pages.terms import term
from traces.pages.traces import Question, question
from traces.queries.cursor import CursorError
from traces.queries.overview import newest
from traces.queries.sessions import (
    SessionPage,
    SessionRow,
    TurnPage,
    newest_sessions,
    session_summary,
    turns_after,
    turns_before,
)
from traces.queries.turns import Turn, turns_of

ROWS = 50
TURNS = 20
FIRST = "first"  # ?after=first: from the first turn on


@require_safe
def sessions(request: HttpRequest, slug: str) -> HttpResponse:
    """The list, or its live part; ?q= narrows it, ?cursor= goes on."""
    project = visible_project(request.user, slug)
    asked = question(request)
    context = {"project": project, "range": asked.range, "asked": asked}
    if asked.problem is not None:
        return render(request, "traces/sessions.html", context, status=400)
    try:
        page = page_of(project, asked, cursor=request.GET.get("cursor") or None)
    except CursorError:
        return HttpResponse("There is no such place in the list.", status=400, content_type="text/plain")
    part = "#live" if request.GET.get("part") == "live" else ""
    known = bool(page.rows) or newest(project.pk) is not None
    return render(request, f"traces/sessions.html{part}", context | {"page": page, "known": known})


def page_of(project: Project, asked: Question, *, cursor: str | None) -> SessionPage:
    """What the address asks for."""
    return newest_sessions(project.pk, window=asked.window, filter=asked.filter, cursor=cursor, limit=ROWS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One session as its page shows it: what all its traces add up to, and some of its turns."""

    row: SessionRow
    page: TurnPage
    turns: Sequence[Turn]
    newest: bool  # its last turns are shown: new ones join them

    @property
    def numbered(self) -> list[tuple[int, Turn]]:
        """The turns with their numbers, the session's first being 1."""
        return list(enumerate(self.turns, start=self.page.number))

    @property
    def last(self) -> int:
        """The number of the last turn shown."""
        return self.page.number + len(self.turns) - 1

    @property
    def query(self) -> str:
        """Its traces, in the filter language."""
        return term("session", self.row.session)


@require_safe
def session(request: HttpRequest, slug: str, session: str) -> HttpResponse:
    """One session: its last turns, those before a place (?before=) or after one (?after=); or the live part."""
    project = visible_project(request.user, slug)
    try:
        found = session_of(
            project, session, before=request.GET.get("before") or None, after=request.GET.get("after") or None
        )
    except CursorError:
        return HttpResponse("There is no such place in the session.", status=400, content_type="text/plain")
    if found is None:
        raise Http404("No trace of this session has been seen here, or it is older than what is kept.")
    part = "#live" if request.GET.get("part") == "live" else ""
    return render(request, f"traces/session.html{part}", {"project": project, "session": found})


def session_of(project: Project, session: str, *, before: str | None, after: str | None) -> Session | None:
    """The session with the turns asked for; None when no trace belongs to it."""
    row = session_summary(project.pk, session) if "\0" not in session else None
    if row is None:
        return None
    if after:
        page = turns_after(project.pk, session, cursor=None if after == FIRST else after, limit=TURNS)
    else:
        page = turns_before(project.pk, session, cursor=before, limit=TURNS)
    return Session(row=row, page=page, turns=turns_of(project.pk, page.rows), newest=page.later is None)
