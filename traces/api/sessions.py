"""Sessions as JSON: the list, and one with its traces in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers as s
from rest_framework.decorators import api_view

from ecoa_web.accounts.access import api_project
from traces import serializers
from traces.api import asked, forms
from traces.api.documented import CURSOR, END, LIMIT, START, TRACE_FILTER, documented
from traces.filters import of_traces
from traces.queries.cursor import SessionCursor
from traces.queries.sessions import newest_sessions, session_summary, turns_after
from traces.queries.turns import turns_of

if TYPE_CHECKING:
    from django.http import HttpResponse
    from rest_framework.request import Request

    from traces.queries.sessions import SessionRow
    from traces.queries.turns import Turn

MOST_TURNS = 100
SESSION_ID = OpenApiParameter("session_id", OpenApiTypes.STR, OpenApiParameter.PATH, description="Its id, as sent.")
TURNS = OpenApiParameter("limit", int, description="Traces at once, 1 to 100, by default 20.")
MAYBE: dict[str, Any] = {"allow_null": True}


class Session(s.Serializer[object]):
    session_id = s.CharField()
    users = s.ListField(child=s.CharField())
    agents = s.ListField(child=s.CharField())
    trace_count = s.IntegerField(help_text="All of its traces, whatever the window; so are the other figures.")
    failed_count = s.IntegerField(help_text="Traces whose status is error.")
    span_count = s.IntegerField()
    error_count = s.IntegerField(help_text="Spans that failed.")
    status = s.ChoiceField(
        serializers.TRACE_STATUSES, help_text="Running or waiting while a trace is, else error if any failed."
    )
    start_time = s.DateTimeField(help_text="Of its first trace.")
    end_time = s.DateTimeField(**MAYBE, help_text="When the last of its traces ended.")
    last_time = s.DateTimeField(help_text="The start of its newest trace; in a list, of its newest that matches.")
    duration_ms = s.FloatField(**MAYBE)
    input_tokens = s.IntegerField(**MAYBE)
    output_tokens = s.IntegerField(**MAYBE)
    cost_usd = s.FloatField(**MAYBE)
    unpriced_calls = s.IntegerField()


class SessionTurn(serializers.Trace):
    input = s.CharField(**MAYBE, help_text="What the user asked, to 20,000 characters; null where no span says it.")
    output = s.CharField(**MAYBE, help_text="What was answered in the end.")
    error = serializers.SpanError(**MAYBE)


class SessionDetail(Session):
    turns = SessionTurn(many=True)
    next = s.CharField(**MAYBE, help_text="The cursor of the turns after these.")


@documented(serializers.page_of(Session), START, END, TRACE_FILTER, LIMIT, CURSOR, id="list_sessions")
@api_view(["GET"])
def session_list(request: Request) -> HttpResponse:
    """Sessions with a trace that started in the window and matches, by the newest such trace, newest first."""
    project = api_project(request)
    page = newest_sessions(
        project.pk,
        window=asked.window(request),
        filter=asked.filter(request, means=of_traces),
        cursor=asked.cursor(request, SessionCursor),
        limit=asked.limit(request),
    )
    return forms.listed(map(session_form, page.rows), cursor=page.next)


@documented(SessionDetail, SESSION_ID, TURNS, CURSOR, id="get_session")
@api_view(["GET"])
def session(request: Request, session_id: str) -> HttpResponse:
    """A session and its traces in order, each as a turn: what was asked, what was answered in the end."""
    project = api_project(request)
    found = asked.found(session_summary(project.pk, session_id) if "\0" not in session_id else None, "session")
    limit = asked.whole(request, "limit", default=20, least=1, most=MOST_TURNS)
    page = turns_after(project.pk, session_id, cursor=asked.cursor(request), limit=limit)
    turns = [turn_form(turn) for turn in turns_of(project.pk, page.rows)]
    return forms.answer(session_form(found) | {"turns": turns, "next": page.later})


def session_form(row: SessionRow) -> forms.Json:
    """A session as lists show it."""
    return {
        "session_id": row.session,
        "users": row.users,
        "agents": row.agents,
        "trace_count": row.trace_count,
        "failed_count": row.failed_count,
        "span_count": row.span_count,
        "error_count": row.error_count,
        "status": row.status,
        "start_time": forms.rfc3339(row.start_ns),
        "end_time": None if row.end_ns is None else forms.rfc3339(row.end_ns),
        "last_time": forms.rfc3339(row.newest_ns),
        "duration_ms": row.duration_ms,
        "input_tokens": row.input_tokens,
        "output_tokens": row.output_tokens,
        "cost_usd": row.cost_usd,
        "unpriced_calls": row.unpriced_calls,
    }


def turn_form(turn: Turn) -> forms.Json:
    """A turn: its trace, and what was said."""
    failed = turn.error_type is not None or turn.error_message is not None
    error = {"type": turn.error_type, "message": turn.error_message} if failed else None
    return forms.trace_form(turn.row) | {"input": turn.question, "output": turn.answer, "error": error}
