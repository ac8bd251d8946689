"""Runs: start one, list them, look at one, steer it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import Http404, HttpResponse
from drf_spectacular.utils import OpenApiParameter
from rest_framework.decorators import api_view
from rest_framework.exceptions import ValidationError

from ecoa_web.accounts.access import api_project
from ecoa_web.accounts.models import Scope
from pipelines.api import asked, forms, serializers
from pipelines.api.documented import RUN_ID, documented
from pipelines.api.errors import told
from pipelines.people import caller_name
from pipelines.queries import run as stored
from pipelines.queries.reviews import reviews_of_run
from pipelines.queries.runs import FINISHED, UNFINISHED, Asked, newest_runs
from pipelines.verbs import runs as verbs
from traces.api.asked import cursor, limit, whole, window
from traces.api.documented import CURSOR, END, LIMIT, START
from traces.api.forms import answer, listed
from traces.queries.window import to_datetime
from traces.serializers import page_of

if TYPE_CHECKING:
    from rest_framework.request import Request

    from ecoa_web.accounts.models import Project

STATUS = OpenApiParameter("status", str, description="One status, or unfinished: those whenever they began.")
PIPELINE = OpenApiParameter("pipeline", str, description="A pipeline's name.")
TEXT = OpenApiParameter("q", str, description="A run's id, trace id or key, or a part of its key or session.")
SESSION = OpenApiParameter("session", str, description="The owner of its session.")
NODES_AFTER = OpenApiParameter("nodes_after", int, description="The nodes_after of the page before.")
EVENTS_BEFORE = OpenApiParameter("events_before", int, description="The events_before of the page before.")
KEY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, description="Instead of idempotency_key.")
NODES, EVENTS = 500, 100
LAST = 10**10 - 1
STATUSES = (*UNFINISHED, *FINISHED, "unfinished")


def run_list(request: Request) -> HttpResponse:
    """Runs that began in the window, newest first; unfinished ones and those asked for by name whenever they began."""
    project = asked.readable_project(request, Scope.RUN)
    between = window(request)
    wanted = Asked(
        pipeline=asked.text(request, "pipeline") or "",
        status=_status(request),
        text=asked.text(request, "q") or "",
        session=asked.text(request, "session") or "",
        start=to_datetime(between.start_ns),
        end=to_datetime(between.end_ns),
    )
    page = newest_runs(project.pk, wanted, cursor=cursor(request), limit=limit(request))
    return listed(map(forms.run_form, page.rows), cursor=page.next)


def start(request: Request) -> HttpResponse:
    """Start a run: 201, or 200 with the run that this key began. 422 for the same key with another input."""
    project = api_project(request, Scope.RUN)
    wanted = asked.body(request, serializers.StartInput)
    with told():
        run_id, created = verbs.start_run(
            project,
            wanted["pipeline"],
            wanted["input"],
            by=_caller(request),
            key=_key(request, wanted),
            priority=wanted["priority"],
        )
    return _started(project, run_id, created=created)


@documented(
    page_of(serializers.Run),
    START,
    END,
    STATUS,
    PIPELINE,
    TEXT,
    SESSION,
    LIMIT,
    CURSOR,
    id="list_runs",
    method="GET",
    description=run_list.__doc__,
)
@documented(
    serializers.Started,
    KEY,
    id="start_run",
    takes=serializers.StartInput,
    status=201,
    refusals=(409, 422),
    method="POST",
    description=start.__doc__,
)
@api_view(["GET", "POST"])
def runs(request: Request) -> HttpResponse:
    """Runs: GET lists them, POST starts one."""
    return start(request) if request.method == "POST" else run_list(request)


@documented(serializers.WholeRun, RUN_ID, NODES_AFTER, EVENTS_BEFORE, id="get_run")
@api_view(["GET"])
def run(request: Request, run_id: UUID) -> HttpResponse:
    """A run with its steps, what it waits for, its effects and its history."""
    return _whole(request, asked.readable_project(request, Scope.RUN), run_id)


@documented(serializers.WholeRun, RUN_ID, id="cancel_run", takes=serializers.CancelInput, refusals=(409,))
@api_view(["POST"])
def cancel(request: Request, run_id: UUID) -> HttpResponse:
    """Nothing more of it begins and its reviews are closed; what is under way ends first."""
    project = api_project(request, Scope.RUN)
    wanted = asked.body(request, serializers.CancelInput)
    with told():
        verbs.cancel_run(project, run_id, reason=wanted["reason"], by=_caller(request))
    return _whole(request, project, run_id)


@documented(serializers.WholeRun, RUN_ID, id="retry_run", takes=serializers.RetryInput, refusals=(409,))
@api_view(["POST"])
def retry(request: Request, run_id: UUID) -> HttpResponse:
    """Steps that failed go again; what is done stays done."""
    project = api_project(request, Scope.RUN)
    wanted = asked.body(request, serializers.RetryInput)
    with told():
        verbs.retry_run(project, run_id, by=_caller(request), path=wanted.get("path"))
    return _whole(request, project, run_id)


@documented(serializers.Started, RUN_ID, id="fork_run", takes=serializers.ForkInput, status=201, refusals=(409, 422))
@api_view(["POST"])
def fork(request: Request, run_id: UUID) -> HttpResponse:
    """Begin a new run at a step of this one: what was before is taken over, what was done after is decided about."""
    project = api_project(request, Scope.RUN)
    wanted = asked.body(request, serializers.ForkInput)
    with told():
        forked = verbs.fork_run(
            project,
            run_id,
            wanted["path"],
            effects=wanted["effects"],
            by=_caller(request),
            value=wanted.get("input", verbs.SAME),
        )
    return _started(project, forked, created=True)


@documented(serializers.WholeRun, RUN_ID, id="release_node", takes=serializers.ReleaseInput, refusals=(409, 422))
@api_view(["POST"])
def release(request: Request, run_id: UUID) -> HttpResponse:
    """Say how a step goes on that is held, or whose effect is in doubt."""
    project = api_project(request, Scope.RUN)
    wanted = asked.body(request, serializers.ReleaseInput)
    with told():
        verbs.release_node(
            project, run_id, wanted["path"], word=wanted["word"], output=wanted["output"], by=_caller(request)
        )
    return _whole(request, project, run_id)


@documented(serializers.Signalled, RUN_ID, id="signal_run", takes=serializers.SignalInput, refusals=(409, 422))
@api_view(["POST"])
def signal(request: Request, run_id: UUID) -> HttpResponse:
    """Give it what a step waits for, now or later. The same key is one signal."""
    project = api_project(request, Scope.RUN)
    wanted = asked.body(request, serializers.SignalInput)
    with told():
        fresh = verbs.signal_run(project, run_id, wanted["name"], wanted["value"], key=wanted["key"])
    return answer({"fresh": fresh})


def _started(project: Project, run_id: str, *, created: bool) -> HttpResponse:
    response = answer(forms.run_form(_found(project, UUID(run_id)).row) | {"created": created})
    response.status_code = 201 if created else 200
    return response


def _whole(request: Request, project: Project, run_id: UUID) -> HttpResponse:
    after = whole(request, "nodes_after", default=0, least=0, most=LAST)
    before = whole(request, "events_before", default=LAST, least=0, most=LAST)
    found = _found(project, run_id)
    nodes = stored.nodes(project.pk, run_id, after=after, limit=NODES)
    events = stored.history(project.pk, run_id, before=before, limit=EVENTS)
    form = forms.whole_run_form(found, given=_value(project, found, "input"), result=_value(project, found, "result"))
    return answer(
        form
        | {
            "nodes": [forms.node_form(node) for node in nodes],
            "nodes_after": nodes[-1].seq if len(nodes) == NODES else None,
            "node_counts": stored.node_counts(run_id),
            "reviews": [forms.review_of_run_form(row) for row in reviews_of_run(project.pk, run_id)],
            "effects": [forms.effect_form(effect) for effect in stored.effects(project.pk, run_id)],
            "events": [forms.event_form(event) for event in events],
            "events_before": events[-1].id if len(events) == EVENTS else None,
        }
    )


def _found(project: Project, run_id: UUID) -> stored.Run:
    found = stored.run_of(project.pk, run_id)
    if found is None:
        raise Http404("There is no such run.")
    return found


def _value(project: Project, found: stored.Run, what: str) -> str | None:
    """The whole text: the row has its beginning."""
    text: str | None = getattr(found, what)
    length: int | None = getattr(found, f"{what}_length")
    return text if text is None or length == len(text) else stored.run_value(project.pk, found.row.id, what)


def _status(request: Request) -> str:
    status = request.query_params.get("status", "")
    if status and status not in STATUSES:
        raise ValidationError({"status": [f"One of {', '.join(STATUSES)}."]}, code="invalid")
    return status


def _key(request: Request, wanted: dict[str, Any]) -> str | None:  # checked fields
    key: str | None = request.headers.get("Idempotency-Key") or wanted.get("idempotency_key")
    if key is not None and (len(key) > serializers.MOST_KEY or not key.isprintable()):
        raise ValidationError({"idempotency_key": ["At most 255 characters that can be printed."]}, code="invalid")
    return key


def _caller(request: Request) -> verbs.Caller:
    return verbs.Caller(name=caller_name(request), request=request._request)
