"""The queue of reviews: the earliest deadline first; mine, my groups' or all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from ecoa_web.accounts.access import role_in, visible_project
from ecoa_web.accounts.models import Project, Role, User
from ecoa_web.accounts.pages.shell import signed_in
from pipelines.people import groups_of
from pipelines.queries import reviews as stored
from pipelines.queries.reviews import Person, ReviewRow, Scopes
from traces.queries.cursor import CursorError

ROWS = 100
SMALLEST = """order = (
    Pipeline("order", extract, check)
    .review(by="reviewers", expires=timedelta(hours=4))
    .then(place_order)
)"""
SCOPES = (("all", "All"), ("groups", "My groups"), ("mine", "Mine"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """Pending reviews as asked for, and how many there are."""

    rows: list[ReviewRow]
    next: str | None
    scope: str
    pipeline: str
    scopes: list[tuple[str, str, int]]  # key, word, count
    counts: Scopes
    pipelines: list[str]
    me: str

    @property
    def today(self) -> str:
        """What was decided today."""
        told = [
            (self.counts.approved, "approved"),
            (self.counts.edited, "edited"),
            (self.counts.rejected, "rejected"),
        ]
        return ", ".join(f"{count} {word}" for count, word in told if count) or "nothing decided yet"

    @property
    def query(self) -> dict[str, str]:
        """What narrows it, for addresses."""
        asked = {"scope": self.scope if self.scope != "all" else "", "pipeline": self.pipeline}
        return {name: value for name, value in asked.items() if value}


@require_safe
def reviews(request: HttpRequest, slug: str) -> HttpResponse:
    """The queue, or its live part; ?show=decided for those that are decided."""
    user = signed_in(request)
    project = visible_project(user, slug)
    try:
        queue = queue_of(request, project, user, cursor=request.GET.get("cursor") or None)
    except CursorError:
        return HttpResponse("There is no such place in the list.", status=400, content_type="text/plain")
    show = "decided" if request.GET.get("show") == "decided" else "pending"
    context: dict[str, Any] = {"project": project, "queue": queue, "show": show, "smallest": SMALLEST}
    context["reviewer"] = may_decide(user, project)
    if show == "decided":
        person = person_of(user, project)
        context["decided"] = stored.decided(project.pk, person=person, scope=queue.scope, pipeline=queue.pipeline)
    part = "#live" if request.GET.get("part") == "live" else ""
    return render(request, f"pipelines/reviews.html{part}", context)


@require_safe
def badge(request: HttpRequest, slug: str) -> HttpResponse:
    """How many wait, for the rail."""
    project = visible_project(request.user, slug)
    return render(request, "pipelines/reviews_badge.html", {"waiting": stored.pending(project.pk)})


def queue_of(
    request: HttpRequest, project: Project, user: User, *, cursor: str | None = None, limit: int = ROWS
) -> Queue:
    """What the address asks for."""
    person = person_of(user, project)
    scope = request.GET.get("scope", "all")
    scope = scope if scope in dict(SCOPES) else "all"
    pipeline = request.GET.get("pipeline", "").replace("\0", "")[:300]
    page = stored.queue(project.pk, person=person, scope=scope, pipeline=pipeline, cursor=cursor, limit=limit)
    counts = stored.scopes(
        project.pk, person=person, today=timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    )
    sizes = {"mine": counts.mine, "groups": counts.groups, "all": counts.all}
    return Queue(
        rows=page.rows,
        next=page.next,
        scope=scope,
        pipeline=pipeline,
        scopes=[(key, word, sizes[key]) for key, word in SCOPES],
        counts=counts,
        pipelines=stored.pending_pipelines(project.pk),
        me=person.name,
    )


def person_of(user: User, project: Project) -> Person:
    """Who looks, with their groups in the project."""
    return Person(name=user.email, groups=groups_of(user, project))


def may_decide(user: User, project: Project) -> bool:
    """Whether they may decide anything here."""
    return (role_in(user, project) or Role.VIEWER) >= Role.REVIEWER
