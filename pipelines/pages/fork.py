"""Forking a run at a step: a new run, with an answer for every effect that was done from there on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from ecoa.engine.plan import locate
from ecoa.errors import NotFound
from ecoa.graph.node import Each, Parallel
from pipelines.pages.acts import caller, done, run_for
from pipelines.pages.value_field import ValueField, checked
from pipelines.pages.values import pretty
from pipelines.queries.run import EffectRow, Node, effects, node_value, nodes
from pipelines.verbs import runs as verbs
from pipelines.verbs.definitions import known

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ecoa.engine.forking import Answer
    from ecoa.engine.plan import Place
    from ecoa.graph.node import Chain
    from pipelines.verbs.definitions import Known

MOST = 2_000  # steps to choose from
ANSWERS = ("reuse", "again")
BESIDE = {"join", "fork", "gate", "compensate", "undo"}  # kinds of nodes at which nothing forks


@require_http_methods(["GET", "HEAD", "POST"])
def fork(request: HttpRequest, slug: str, run_id: UUID) -> HttpResponse:
    """Choose the step (?at=), answer for each effect, begin."""
    project, run = run_for(request, slug, run_id)
    at = (request.POST.get("at") or request.GET.get("at", "")).replace("\0", "")
    some = nodes(project.pk, run_id, limit=MOST)
    places = places_to_fork(some, known(project, run.row.pipeline))
    at = nearest(places, at, [node.path for node in some])
    asked = effects_from(some, effects(project.pk, run_id), at)
    answers = {effect.path: request.POST.get(f"effect:{effect.path}", "") for effect in asked}
    text = input_of(request, project.pk, run_id, at)
    context: dict[str, Any] = {
        "project": project,
        "run": run,
        "places": places,
        "at": at,
        "effects": [(effect, answers[effect.path]) for effect in asked],
        "value": ValueField(name="input", text=text),
        "unsaid": request.method == "POST" and any(word not in ANSWERS for word in answers.values()),
    }
    problems = checked(text, None) if request.method == "POST" else []
    if request.method != "POST" or context["unsaid"] or problems:
        context["value"] = ValueField(name="input", text=text, problems=problems)
        return render(request, "pipelines/run_fork.html", context, status=422 if request.method == "POST" else 200)
    made: list[str] = []
    given: Mapping[str, Answer] = {path: cast("Answer", word) for path, word in answers.items()}
    changed = {} if text == pretty(input_text(project.pk, run_id, at)) else {"value": json.loads(text)}
    by = caller(request)
    went = done(request, lambda: made.append(verbs.fork_run(project, run_id, at, effects=given, by=by, **changed)))
    if not went:
        return render(request, "pipelines/run_fork.html", context, status=422)
    messages.success(request, "This is the fork: a run of its own, which takes over what was done before the step.")
    return redirect("run", slug, made[0])


def places_to_fork(some: Sequence[Node], now: Known | None) -> list[str]:
    """Steps at which a run can fork: those that there still are, not inside of branches, which belong together."""
    chain = now.chain if now is not None else None
    return [node.path for node in some if chain is not None and node.kind not in BESIDE and _forks(chain, node.path)]


def nearest(places: Sequence[str], at: str, made: Sequence[str]) -> str:
    """The step asked for, else the last one before it at which the run can fork, else the first one."""
    before = made[: made.index(at) + 1] if at in made else ()
    return next((path for path in reversed(before) if path in places), places[0] if places else "")


def _forks(chain: Chain, path: str) -> bool:
    try:
        place: Place | None = locate(chain, path)
    except NotFound:
        return False
    if place is None or place.role != "node":
        return False
    while (place := place.parent) is not None:
        if isinstance(place.node, Parallel | Each):
            return False
    return True


def effects_from(some: Sequence[Node], ledger: Sequence[EffectRow], at: str) -> list[EffectRow]:
    """What was done to the world by the step and those after it."""
    begun = next((node.seq for node in some if node.path == at), 0)
    later = {node.path for node in some if node.seq >= begun}
    return [effect for effect in ledger if effect.status == "done" and effect.path in later]


def input_of(request: HttpRequest, project_id: int, run_id: UUID, at: str) -> str:
    """What was typed, or what the step was given."""
    if request.method == "POST" and "input" in request.POST:
        return request.POST["input"].replace("\0", "")
    return pretty(input_text(project_id, run_id, at))


def input_text(project_id: int, run_id: UUID, at: str) -> str | None:
    """What the step was given, as stored."""
    return node_value(project_id, run_id, at, "input") if at else None
