"""One review on one screen: what is asked and why, what it is about, the run so far, like cases, and the decision."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ecoa_web.accounts.access import visible_project
from ecoa_web.accounts.models import Project, User
from ecoa_web.accounts.pages.shell import signed_in
from pipelines.pages.graph import FORKS, place_in, places_of
from pipelines.pages.reviews import Queue, may_decide, queue_of
from pipelines.pages.value_field import Problem, ValueField
from pipelines.pages.values import Fact, facts, likeness, pretty, read, short
from pipelines.people import groups_of
from pipelines.queries import reviews as stored
from pipelines.queries.pipelines import definition
from pipelines.queries.reviews import EarlierRow, Review, ReviewRow, VoteRow
from pipelines.queries.run import Node, nodes

LIKE = 4  # earlier decisions shown
LEAST_LIKE = 0.3
PATH = 60  # steps of the run so far
NO_STEPS = {"parallel", "each", "when", "loop", "branch"}
NEXT = 4  # steps that come after
EFFECTS = {  # of the step after: what cannot be taken back is said
    "none": "",
    "transactional": ", which writes to the application's own database",
    "keyed": " and does something outside, once, which approving again does not repeat and nobody takes back by itself",
    "guarded": " and does something outside at most once, which cannot be called back",
}
REASONS = ("Wrong figures", "Not allowed by policy", "Something is missing", "Duplicate", "Looks like fraud", "Other")


@dataclass(frozen=True, slots=True, kw_only=True)
class Like:
    """An earlier decision and how alike its case is."""

    row: EarlierRow
    alike: float
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Why a decision was not taken, and what was filled in."""

    status: int = 200
    problem: str = ""
    problems: Sequence[Problem] = ()
    typed: str | None = None  # the edit
    comment: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What the page shows."""

    review: Review
    queue: Queue
    given: list[Fact]
    proposed: list[Fact]
    field: ValueField
    votes: list[VoteRow]
    likes: list[Like]
    so_far: list[Node]
    coming: list[str]
    problem: str = ""  # why a decision was not taken
    comment: str = ""
    reason: str = ""
    decider: bool  # whether the reader may decide this one
    me: str
    reasons: tuple[str, ...] = REASONS

    @property
    def row(self) -> ReviewRow:
        """What lists show of it."""
        return self.review.row

    @property
    def open(self) -> bool:
        """Whether a decision can be given now."""
        return self.row.pending and not self.row.overdue

    @property
    def confidence(self) -> float | None:
        """How sure the agent is, 0 to 1."""
        told = self.review.context.get("confidence")
        return float(told) if isinstance(told, int | float) else None

    @property
    def threshold(self) -> float | None:
        """How sure it has to be."""
        told = self.review.context.get("threshold")
        return float(told) if isinstance(told, int | float) else None

    @property
    def agent(self) -> str:
        """Whose output it is."""
        return str(self.review.context.get("agent") or "")

    @property
    def effect(self) -> str:
        """What will happen, in words."""
        told = str(self.review.context.get("effect") or "")
        if told and told not in EFFECTS:
            return told
        following = unquote(self.coming[0].rpartition(".")[2]) if self.coming else ""
        after = f"{following} goes on with it" if following else "the run ends with it as its result"
        return f"If you approve, {after}{EFFECTS.get(told, '')}."

    @property
    def why(self) -> str:
        """Why it was stopped, as a sentence."""
        told = self.row.reason or "its pipeline asks for a person here"
        return f"{told[:1].upper()}{told[1:]}{'' if told[-1:] in '.!?' else '.'}"

    @property
    def expiry(self) -> str:
        """What comes after the deadline."""
        rungs = self.review.escalate[self.row.escalated :]
        if rungs and self.review.on_expire == "escalate":
            return f"then {rungs[0][1]} are asked"
        return {"reject": "then it counts as rejected", "hold": "then the run is held"}.get(self.review.on_expire, "")

    @property
    def place(self) -> int:
        """Its place in the queue, from 1; 0 when it is not in it."""
        return next((n for n, row in enumerate(self.queue.rows, start=1) if row.id == self.row.id), 0)

    @property
    def after(self) -> ReviewRow | None:
        """The next one in the queue."""
        others = [row for row in self.queue.rows if row.id != self.row.id]
        later = self.queue.rows[self.place :] if self.place else []
        return next(iter(later or others), None)

    @property
    def before(self) -> ReviewRow | None:
        """The one before it in the queue."""
        return self.queue.rows[self.place - 2] if self.place > 1 else None

    @property
    def given_json(self) -> str:
        """What the agent was given, whole."""
        return pretty(self.review.input)

    @property
    def proposed_json(self) -> str:
        """What it proposes, whole."""
        return pretty(self.review.payload)

    @property
    def output_json(self) -> str:
        """What went on, whole; empty when it is what was proposed."""
        out = self.review.output
        return pretty(out) if out is not None and out != self.review.payload else ""


@require_safe
def review(request: HttpRequest, slug: str, review_id: UUID) -> HttpResponse:
    """The page, or its live part."""
    user = signed_in(request)
    project = visible_project(user, slug)
    part = "#live" if request.GET.get("part") == "live" else ""
    return render(
        request,
        f"pipelines/review.html{part}",
        {"project": project, "case": case_of(request, project, user, review_id)},
    )


def case_of(
    request: HttpRequest,
    project: Project,
    user: User,
    review_id: UUID,
    *,
    refused: Refused | None = None,
) -> Case:
    """The case, with what was typed when a decision was refused."""
    refused = refused or Refused()
    found = stored.review_of(project.pk, review_id)
    if found is None:
        raise Http404("There is no such review, or it is older than what is kept.")
    row = found.row
    proposed = read(found.payload)
    so_far = nodes(project.pk, row.run_id, limit=PATH)
    allowed = set(groups_of(user, project))
    given = found.context.get("input", read(found.input))
    return Case(
        review=found,
        queue=queue_of(request, project, user),
        given=facts(given),
        proposed=facts(proposed),
        field=ValueField(
            name="output",
            text=pretty(found.payload) if refused.typed is None else refused.typed,
            schema=found.schema,
            problems=refused.problems,
            original=proposed,
        ),
        votes=stored.votes(review_id),
        likes=likes_of(project, found, proposed),
        so_far=[node for node in so_far if node.path != row.path][:PATH],
        coming=coming_of(project, found),
        problem=refused.problem,
        comment=refused.comment,
        reason=refused.reason,
        decider=may_decide(user, project) and bool(allowed & {group.lower() for group in row.groups}),
        me=user.email,
    )


def likes_of(project: Project, found: Review, proposed: Any) -> list[Like]:  # decoded JSON
    """Earlier decisions of this step, the most alike first."""
    rows = stored.earlier(project.pk, pipeline=found.row.pipeline, place=step_of(found.row.path), but=found.row.id)
    judged = [Like(row=row, alike=likeness(proposed, read(row.payload)), about=about(row)) for row in rows]
    close = [like for like in judged if like.alike >= LEAST_LIKE]
    return sorted(close, key=lambda like: -like.alike)[:LIKE]


def about(row: EarlierRow) -> str:
    """What an earlier case was, on one line: its title where it says more than this one's."""
    told = row.comment or ", ".join(
        f"{fact.label.lower()} {fact.text}"
        for fact in facts(read(row.payload))[:4]
        if fact.look != "none" and len(fact.text) < 60
    )
    return short(told or row.title, 120)


def coming_of(project: Project, found: Review) -> list[str]:
    """The steps after this one, by the definition."""
    kept = definition(project.pk, found.definition_hash)
    steps = (kept.definition.get("steps") or []) if kept else []
    return steps_after(place_in(found.row.path, steps), steps)[:NEXT]


def steps_after(here: str, steps: Sequence[Mapping[str, Any]]) -> list[str]:
    """Places of the steps after this one, without those of the branches beside its own."""
    listed = places_of(steps)
    forks = [place for place, node in listed if node.get("kind") in FORKS and here.startswith(f"{place}.")]
    own = {fork: f"{fork}.{here[len(fork) + 1 :].partition('.')[0]}." for fork in forks}
    order = [
        place
        for place, node in listed
        if node.get("kind") not in NO_STEPS
        and not place.startswith(f"{here}.")  # where it goes on when it is rejected
        and all(place.startswith(own[fork]) for fork in forks if place.startswith(f"{fork}."))
    ]
    return order[order.index(here) + 1 :] if here in order else []


def step_of(path: str) -> str:
    """A node's path without branches, the keys of items and the rounds of loops, as earlier reviews are asked for."""
    return re.sub(r"\[[^\]]*\]|@\d+", "", path)
