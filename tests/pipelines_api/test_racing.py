"""Many people decide the same requests over HTTP, each of them twice, while a worker goes on with what is decided."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from django.db import connection

from ecoa_web.accounts.models import Project, Role, Scope
from pipelines.verbs import engine
from tests.pipelines_api.conftest import Caller, machine, person
from tests.pipelines_api.working import shipped, work

if TYPE_CHECKING:
    from collections.abc import Iterator

REVIEWS, PEOPLE = 20, 5


@pytest.fixture
def project(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    monkeypatch.setenv("ECOA_PROJECT", "shop")
    shipped.clear()
    yield Project.objects.create(slug="shop", name="Shop")
    engine.close()


def vote(caller: Caller, review: str) -> int:
    answer = caller.client.post(
        f"/api/v1/reviews/{review}/decision", '{"decision": "approve", "version": 1}', content_type="application/json"
    )
    return answer.status_code


@pytest.mark.slow  # 200 decisions over HTTP
def test_two_hundred_decisions_on_twenty_reviews_let_each_run_go_on_once(project: Project) -> None:
    """One decision each, one resume each, one delivery each; everybody else is told who was first."""
    deploy = machine(project, Scope.RUN)
    people = [person(project, f"person{n}@example.com", Role.REVIEWER) for n in range(PEOPLE)]
    runs = [
        deploy.post("runs", {"pipeline": "api-pay", "input": "x" * (n + 20)}, code=201)["id"] for n in range(REVIEWS)
    ]
    work(project)
    asked = [row["id"] for row in people[0].get("reviews")["results"]]

    def decide(caller: Caller) -> Counter[int]:
        try:
            return Counter(vote(caller, review) for review in asked for _ in ("click", "click again"))
        finally:
            connection.close()

    with ThreadPoolExecutor(PEOPLE + 1) as threads:
        deciding = [threads.submit(decide, caller) for caller in people]
        working = threads.submit(lambda: [work(project) for _ in range(5)])
        codes = sum((one.result() for one in deciding), Counter[int]())
        working.result()
    work(project)

    assert codes == {200: REVIEWS, 409: REVIEWS * (PEOPLE * 2 - 1)}
    assert sorted(shipped) == sorted(str(n + 20) for n in range(REVIEWS))
    assert {deploy.get(f"runs/{run}")["status"] for run in runs} == {"success"}
