"""One pipeline: its graph with live counts, its policies in words, its newest runs, and a form that starts one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from ecoa_web.accounts.access import role_in, visible_project
from ecoa_web.accounts.models import Project, Role
from ecoa_web.accounts.pages.shell import signed_in
from ecoa_web.ranges import TimeRange, time_range
from pipelines.pages.graph import Box, Drawing, Frame, branch_pattern, draw, places_of
from pipelines.pages.known import known_definition
from pipelines.pages.pipelines import Line, idle, line_of
from pipelines.pages.policies import pipeline_in_words, policies_in_words
from pipelines.pages.runs import Row
from pipelines.pages.start import Start
from pipelines.queries.breakers import not_closed
from pipelines.queries.pipelines import Place, newest_definition, pipeline_health, places
from pipelines.queries.runs import Asked, newest_runs

NEWEST = 12
KIND_ICONS = {
    "step": "agent",
    "review": "human",
    "pipeline": "pipeline",
    "timer": "other",
    "signal": "other",
    "loop": "chain",
}
LOUD = ("held", "unknown", "error", "paused", "running", "waiting")


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """So many instances of a node are in a status."""

    status: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A node or a container of the graph with its live counts."""

    part: Box | Frame
    icon: str
    about: str  # what stands under its name
    counts: tuple[Count, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """The drawn definition."""

    drawing: Drawing
    boxes: tuple[Marked, ...]
    frames: tuple[Marked, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A step and what is said about it."""

    place: str
    name: str
    kind: str
    icon: str
    agent: str
    sentences: list[str]


@require_http_methods(["GET", "HEAD", "POST"])
def pipeline(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """The page, or its live part; a POST starts a run."""
    user = signed_in(request)
    project = visible_project(user, slug, Role.EDITOR if request.method == "POST" else Role.VIEWER)
    context = page_of(project, name, time_range(request.GET, timezone.now()))
    if context is None:
        raise Http404("No pipeline of this name has run here.")
    if request.GET.get("part") == "live":
        return render(request, "pipelines/pipeline.html#live", context)
    asked = Start.read(request, context["definition"].get("input_schema"))
    if request.method == "POST" and (run_id := asked.begin(request, project, name)):
        return redirect("run", slug, run_id)
    may_start = (role_in(user, project) or 0) >= Role.EDITOR
    start = {"form": asked.form, "value": asked.value, "may_start": may_start}
    return render(request, "pipelines/pipeline.html", context | start)


def page_of(project: Project, name: str, shown: TimeRange) -> dict[str, Any] | None:
    """What the page shows; None when nobody knows the pipeline."""
    stored = newest_definition(project.pk, name) if "\0" not in name else None
    definition = known_definition(project, name)
    if definition is None and stored is not None:
        definition = stored.definition
    if definition is None:
        return None
    steps = definition.get("steps") or []
    runs = newest_runs(project.pk, Asked(pipeline=name, start=shown.start, end=shown.end), limit=NEWEST)
    counts = places(project.pk, name, branches=branch_pattern(steps), start=shown.start, end=shown.end)
    return {
        "project": project,
        "range": shown,
        "name": name,
        "definition": definition,
        "line": health_of(project, name, definition, shown),
        "graph": graph_of(steps, counts),
        "policies": policy_list(steps),
        "whole": pipeline_in_words(definition.get("policies") or {}),
        "rows": [Row(run=row, now=timezone.now()) for row in runs.rows],
    }


def health_of(project: Project, name: str, definition: Mapping[str, Any], shown: TimeRange) -> Line:
    """Its figures over the range."""
    rows = pipeline_health(project.pk, start=shown.start, end=shown.end)
    row = next((row for row in rows if row.pipeline == name), None) or idle(name, definition)
    return line_of(row, not_closed(project.pk))


def graph_of(steps: Sequence[Mapping[str, Any]], counts: Sequence[Place]) -> Graph:
    """The definition, drawn, with counts where its nodes are."""
    drawing = draw(steps) if steps else Drawing(width=0, height=0, mid=0)
    by_place: dict[str, dict[str, int]] = {}
    for at in counts:
        by_place.setdefault(at.place, {})[at.status] = at.count
    return Graph(
        drawing=drawing,
        boxes=tuple(_box(box, by_place) for box in drawing.boxes),
        frames=tuple(
            Marked(part=frame, icon="", about="", counts=_counts(by_place.get(frame.place))) for frame in drawing.frames
        ),
    )


def policy_list(steps: Sequence[Mapping[str, Any]]) -> list[Policy]:
    """Every node about which there is something to say."""
    found = []
    for place, node in places_of(steps):
        sentences = policies_in_words({**(node.get("policies") or {}), **_own(node)}, effect=node.get("effect"))
        if sentences:
            kind = str(node.get("kind", "step"))
            agent = str(node.get("agent") or "")
            name = str(node.get("name", ""))
            icon = KIND_ICONS.get(kind, "chain")
            found.append(Policy(place=place, name=name, kind=kind, icon=icon, agent=agent, sentences=sentences))
    return found


def _own(node: Mapping[str, Any]) -> dict[str, Any]:
    """Policies that stand in the node itself: those of a review."""
    if node.get("kind") == "review" and not (node.get("policies") or {}).get("review"):
        return {"review": {**(node.get("policies") or {}), **node}}
    return {}


def _box(box: Box, by_place: Mapping[str, Mapping[str, int]]) -> Marked:
    agent = str(box.node.get("agent") or "")
    about = (
        agent if agent and agent != box.name else box.kind if box.kind != "step" else str(box.node.get("effect") or "")
    )
    if box.kind == "review":
        about = (
            ", ".join(str(group) for group in (box.node.get("policies") or {}).get("by") or ()) or "a person decides"
        )
    about = "" if about == "none" else about
    return Marked(
        part=box, icon=KIND_ICONS.get(box.kind, "chain"), about=about, counts=_counts(by_place.get(box.place))
    )


def _counts(found: Mapping[str, int] | None) -> tuple[Count, ...]:
    return tuple(Count(status=status, count=found[status]) for status in LOUD if found and found.get(status))
