"""Runs that are started and stopped over HTTP or on a page are traced like any other."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest

from ecoa.agent import agent
from ecoa.orchestrator import Pipeline
from ecoa.trace import ids
from ecoa_web.accounts.models import Project
from pipelines.verbs import engine
from pipelines.verbs.runs import Caller, cancel_run, start_run
from tests.ecoa_trace.conftest import Collector


@pytest.fixture
def project(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A project whose runs are started by the web."""
    monkeypatch.setenv("ECOA_PROJECT", "traced")
    yield Project.objects.create(slug="traced", name="Traced")
    engine.close()


def test_a_run_shows_from_its_start_and_ends_with_its_cancellation(project: Project, collector: Collector) -> None:
    """Announced although no worker has begun with it; over when it is cancelled, and told once."""

    @agent(name="traced-waiting")
    async def waiting(text: str) -> str:
        return text

    pipeline, ann = Pipeline("traced-web", waiting), Caller(name="ann")
    run_id, _ = start_run(project, pipeline.name, "x", by=ann)
    marker = collector.awaited(lambda span: span.pending)
    for _ in range(2):
        cancel_run(project, UUID(run_id), reason="enough", by=ann)

    run = collector.named("invoke_workflow traced-web")
    assert marker.parent_id == run.span_id == f"{ids.run_span(run_id):016x}"
    assert (run.attributes["ecoa.status"], run.attributes["error.type"]) == ("cancelled", "CancelledError")
    assert [span.span_id for span in collector.spans if not span.pending] == [run.span_id]
