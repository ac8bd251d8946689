"""The pipelines of a project, what hurts most first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from ecoa_web.accounts.access import visible_project
from ecoa_web.accounts.models import Project
from ecoa_web.ranges import time_range
from pipelines.pages.known import known_definitions
from pipelines.queries.breakers import not_closed
from pipelines.queries.pipelines import Health, pipeline_health

SMALLEST = """\
# shop.py
from ecoa.agent import agent
from ecoa.orchestrator import Pipeline

@agent
async def classify(text: str) -> str:
    return "return" if "broken" in text else "order"

flow = Pipeline("tickets", classify).review(by="reviewers")

# ECOA_PIPELINES=shop .venv/bin/python manage.py worker"""
BAD_RATE, WARN_RATE = 0.05, 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A pipeline with what its row says."""

    health: Health
    steps: int
    breakers: tuple[str, ...]  # of its own, that are not closed

    @property
    def state(self) -> str:
        """Of its error rate: bad, warn or none."""
        rate = self.health.error_rate or 0
        return "bad" if rate >= BAD_RATE else "warn" if rate >= WARN_RATE else ""

    @property
    def hurt(self) -> tuple[float, ...]:
        """What it is sorted by: held runs, open breakers, the error rate, errors, people waited for."""
        health = self.health
        return (
            health.held > 0,
            len(self.breakers) > 0,
            health.error_rate or 0,
            health.errors,
            health.paused,
            health.runs,
        )


@require_safe
def pipelines(request: HttpRequest, slug: str) -> HttpResponse:
    """The list, or its live part."""
    project = visible_project(request.user, slug)
    shown = time_range(request.GET, timezone.now())
    lines = lines_of(project, start=shown.start, end=shown.end)
    context = {"project": project, "range": shown, "lines": lines, "smallest": SMALLEST}
    part = "#live" if request.GET.get("part") == "live" else ""
    return render(request, f"pipelines/pipelines.html{part}", context)


def lines_of(project: Project, *, start: datetime, end: datetime) -> list[Line]:
    """Every pipeline that ran here or is known here."""
    health = {row.pipeline: row for row in pipeline_health(project.pk, start=start, end=end)}
    for name, definition in known_definitions(project).items():
        health.setdefault(name, idle(name, definition))
    troubled = not_closed(project.pk)
    lines = [line_of(row, troubled) for row in health.values()]
    return sorted(lines, key=lambda line: (*(-value for value in line.hurt), line.health.pipeline))


def line_of(health: Health, troubled: Mapping[str, str]) -> Line:
    """One pipeline; its breakers are found by their names in its definition."""
    definition = health.definition or {}
    own = breaker_names(definition) & troubled.keys()
    return Line(health=health, steps=step_count(definition), breakers=tuple(sorted(own)))


def breaker_names(part: Any) -> set[str]:  # JSON
    """The names of the breakers that a definition speaks of."""
    if isinstance(part, list):
        return {name for item in part for name in breaker_names(item)}
    if not isinstance(part, Mapping):
        return set()
    own = part.get("breaker")
    named = own.get("name") if isinstance(own, Mapping) else own
    inside = {name for item in part.values() for name in breaker_names(item)}
    return inside | ({named} if isinstance(named, str) else set())


def step_count(definition: Mapping[str, Any]) -> int:
    """How many nodes a definition has, containers with what they hold."""
    nodes = [*(definition.get("steps") or ())]
    count = 0
    while nodes:
        node = nodes.pop()
        if isinstance(node, list):
            nodes += node
        elif isinstance(node, Mapping):
            count += 1
            nodes += node.get("children") or ()
    return count


def idle(name: str, definition: Mapping[str, Any]) -> Health:
    return Health(
        pipeline=name,
        runs=0,
        finished=0,
        errors=0,
        rejected=0,
        p50_ms=None,
        p95_ms=None,
        running=0,
        paused=0,
        held=0,
        newest_at=None,
        definition=definition,
    )
