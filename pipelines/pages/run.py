"""One run: its steps, what it did to the world, its history, its session and its trace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from ecoa_web.accounts.access import role_in, visible_project
from ecoa_web.accounts.models import Project, Role
from pipelines.pages.changed import Changed, changed_of
from pipelines.pages.history import Line, history_lines
from pipelines.pages.steps import Step, steps_of
from pipelines.pages.values import pretty
from pipelines.queries.reviews import ReviewRow, reviews_of_run
from pipelines.queries.run import (
    EffectRow,
    Relative,
    Run,
    SessionValue,
    attention,
    effects,
    history,
    node_counts,
    node_value,
    nodes,
    nodes_at,
    relatives,
    run_of,
    run_value,
    session_values,
)
from traces.pages.trace import TracePage
from traces.pages.trace import page_of as trace_page_of
from traces.queries.traces import trace_summary

STEPS = 500
EVENTS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    """What the page shows but for its history, session and trace."""

    run: Run
    now: datetime
    steps: list[Step]
    next: int | None  # the sequence number after which steps are left out
    counts: dict[str, int]
    attention: list[tuple[str, str]]  # path and status of what waits for a person's word
    effects: list[EffectRow]
    reviews: list[ReviewRow]
    relatives: list[Relative]
    changed: Changed | None  # when it is held because its pipeline changed

    @property
    def duration_ms(self) -> float:
        """From its start to its end, or to now."""
        return self.run.row.duration_ms(self.now)

    @property
    def pending(self) -> list[ReviewRow]:
        """Its reviews that somebody has to decide."""
        return [review for review in self.reviews if review.pending]

    @property
    def doubtful(self) -> list[EffectRow]:
        """Effects of which nobody knows whether they happened."""
        settled = self.run.row.finished or bool(self.attention)
        return [effect for effect in self.effects if effect.status == "unknown" or (settled and effect.doubtful)]

    @property
    def in_question(self) -> list[tuple[str, str]]:
        """What waits for a person's word and is told in no other note."""
        told = self.changed.paths if self.changed else set()
        return [
            (path, status)
            for path, status in self.attention
            if path not in told and (status == "held" or not self.doubtful)
        ]

    @property
    def node_count(self) -> int:
        """All its nodes."""
        return sum(self.counts.values())

    @property
    def error(self) -> str:
        """Why it failed or is held."""
        told = self.run.row.error or {}
        return ": ".join(str(told[name]) for name in ("type", "message") if told.get(name))

    @property
    def retriable(self) -> bool:
        """Whether its failed steps can be set going again."""
        return self.run.row.status in {"error", "rejected", "cancelled"}

    @property
    def cancellable(self) -> bool:
        """Whether there is something to cancel."""
        return not self.run.row.finished and not self.run.row.cancel_requested


@require_safe
def run(request: HttpRequest, slug: str, run_id: UUID) -> HttpResponse:
    """The page, its live part, or one of the views that are loaded when they are opened."""
    project = visible_project(request.user, slug)
    match request.GET.get("part", ""):
        case "step":
            return step(request, project, run_id)
        case "value":
            return value(request, project, run_id)
        case "history":
            found = _found(project, run_id)
            return render(
                request, "pipelines/run_history.html", {"project": project, "lines": lines_of(project, found)}
            )
    page = page_of(project, run_id, after=_number(request.GET.get("after", "")))
    role = role_in(request.user, project) or Role.VIEWER
    context: dict[str, Any] = {"project": project, "page": page, "editor": role >= Role.EDITOR}
    if request.GET.get("part") == "live":
        return render(request, "pipelines/run.html#live", context)
    return render(
        request, "pipelines/run.html", context | {"trace": trace_of(project, page.run)} | session_of(project, page.run)
    )


def page_of(project: Project, run_id: UUID, *, after: int = 0) -> RunPage:
    """The run with its steps."""
    found = _found(project, run_id)
    now = timezone.now()
    some = nodes(project.pk, run_id, after=after, limit=STEPS + 1)
    waits = attention(run_id)
    ledger, asked = effects(project.pk, run_id), reviews_of_run(project.pk, run_id)
    start, end = found.row.started_at or found.row.created_at, found.row.finished_at or now
    return RunPage(
        run=found,
        now=now,
        steps=steps_of(some[:STEPS], start=start, end=end, effects=ledger, reviews=asked),
        next=some[STEPS - 1].seq if len(some) > STEPS else None,
        counts=node_counts(run_id),
        attention=waits,
        effects=ledger,
        reviews=asked,
        relatives=relatives(project.pk, run_id),
        changed=changed_of(project, found) if any(status == "held" for _, status in waits) else None,
    )


def step(request: HttpRequest, project: Project, run_id: UUID) -> HttpResponse:
    """What is known of one step: loaded when it is opened."""
    found, path = _found(project, run_id), request.GET.get("path", "")
    node = next(iter(nodes_at(project.pk, run_id, path.replace("\0", ""))), None)
    if node is None:
        raise Http404("There is no such step in this run.")
    role = role_in(request.user, project) or Role.VIEWER
    own = [line for line in history_lines(history(project.pk, run_id, limit=2_000)) if line.path == path]
    context = {
        "project": project,
        "run": found,
        "node": node,
        "lines": own[:50],
        "effects": [
            effect
            for effect in effects(project.pk, run_id)
            if effect.path == path or effect.path.startswith(f"{path}/")
        ],
        "editor": role >= Role.EDITOR,
        "reviews": [review for review in reviews_of_run(project.pk, run_id) if review.path == path],
    }
    return render(request, "pipelines/run_step.html", context)


def value(request: HttpRequest, project: Project, run_id: UUID) -> HttpResponse:
    """A value as indented JSON, for the viewer and for the download."""
    _found(project, run_id)
    path, what = request.GET.get("path"), request.GET.get("what", "")
    text = run_value(project.pk, run_id, what) if path is None else node_value(project.pk, run_id, path, what)
    if text is None:
        raise Http404("There is no such value.")
    return HttpResponse(pretty(text), content_type="application/json; charset=utf-8")


def lines_of(project: Project, found: Run) -> list[Line]:
    """Its history, newest first."""
    return history_lines(history(project.pk, found.row.id, limit=EVENTS))


def trace_of(project: Project, found: Run) -> TracePage | None:
    """Its trace, when spans of it have arrived."""
    row = trace_summary(project.pk, found.row.trace_id.hex)
    return None if row is None else trace_page_of(project, row)


def session_of(project: Project, found: Run) -> dict[str, list[SessionValue] | str]:
    """What its session holds now."""
    owner = found.row.session
    if owner is None:
        return {"session": []}
    return {"session": session_values(project.pk, owner), "session_url": reverse("session", args=[project.slug, owner])}


def _found(project: Project, run_id: UUID) -> Run:
    found = run_of(project.pk, run_id)
    if found is None:
        raise Http404("There is no such run, or it is older than what is kept.")
    return found


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 19 else 0
