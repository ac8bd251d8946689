"""Runs over HTTP: started once a key, looked at, steered, on a real database with a real engine beside."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from ecoa_web.accounts.models import AuditEntry, Project, Role, Scope
from pipelines.verbs import engine, reviews
from tests.pipelines_api.conftest import Caller, machine, person
from tests.pipelines_api.working import shipped, work

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = "018f0000-0000-7000-8000-000000000000"


@pytest.fixture
def project(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    monkeypatch.setenv("ECOA_PROJECT", "shop")
    shipped.clear()
    yield Project.objects.create(slug="shop", name="Shop")
    engine.close()


@pytest.fixture
def outsider(transactional_db: None) -> Caller:
    return person(Project.objects.create(slug="elsewhere", name="Elsewhere"), "eve@example.com", Role.OWNER)


@pytest.fixture
def deploy(project: Project) -> Caller:
    """A machine that may start and steer runs."""
    return machine(project, Scope.RUN)


def start(caller: Caller, pipeline: str = "api-direct", given: Any = "abc", *, code: int = 201, **more: Any) -> Any:
    return caller.post("runs", {"pipeline": pipeline, "input": given, **more}, code=code)


def test_a_started_run_is_done_by_a_worker(project: Project, deploy: Caller) -> None:
    """Queued at first; then with its result, its steps, its effects and its history."""
    begun = start(deploy)

    assert (begun["status"], begun["created"], begun["started_by"]) == ("queued", True, "key deploy")
    work(project)

    run = deploy.get(f"runs/{begun['id']}")
    assert (run["status"], run["input"], run["result"]) == ("success", "abc", "shipped 3")
    assert [node["path"] for node in run["nodes"]] == ["price", "ship"]
    assert [(effect["path"], effect["status"]) for effect in run["effects"]] == [("ship", "done")]
    assert run["node_counts"] == {"done": 2}
    assert shipped == ["3"]


def test_a_run_waits_for_its_reviewer_and_goes_on(project: Project, deploy: Caller, ann: Caller) -> None:
    """Started over HTTP, paused, edited over HTTP, finished: the edited number is shipped, once."""
    begun = start(deploy, "api-pay")
    work(project)
    paused = deploy.get(f"runs/{begun['id']}")
    [asked] = paused["reviews"]

    shown = ann.get(f"reviews/{asked['id']}")
    wrong = {"decision": "edit", "version": 1, "output": "two"}
    refusal = ann.post(f"reviews/{asked['id']}/decision", wrong, code=422)
    ann.post(f"reviews/{asked['id']}/decision", {**wrong, "output": 2})
    ann.post(f"reviews/{asked['id']}/decision", {**wrong, "output": 2}, code=409)
    work(project)

    assert (paused["status"], shown["payload"], shown["schema"]) == ("paused", 3, {"type": "integer"})
    assert refusal["error"]["problems"] == [{"path": "", "message": "'two' is not of type 'integer'"}]
    run = deploy.get(f"runs/{begun['id']}")
    assert (run["status"], run["result"], run["resumed"]) == ("success", "shipped 2", True)
    assert shipped == ["2"]


def test_a_rejected_run_ends(project: Project, deploy: Caller, ann: Caller) -> None:
    """With the reason; nothing is shipped."""
    begun = start(deploy, "api-pay")
    work(project)
    [asked] = deploy.get(f"runs/{begun['id']}")["reviews"]

    ann.post(f"reviews/{asked['id']}/decision", {"decision": "reject", "version": 1, "comment": "too dear"})
    work(project)

    run = deploy.get(f"runs/{begun['id']}")
    assert (run["status"], run["error"]["message"], shipped) == ("rejected", "too dear", [])


def test_the_same_key_begins_one_run(project: Project, deploy: Caller) -> None:
    """By header or field; the same key with another input is refused."""
    first = deploy.post("runs", {"pipeline": "api-direct", "input": "abc"}, code=201, **{"Idempotency-Key": "T-17"})
    again = start(deploy, idempotency_key="T-17", code=200)
    other = start(deploy, given="abcd", idempotency_key="T-17", code=422)
    work(project)
    finished = start(deploy, idempotency_key="T-17", code=200)

    assert (again["id"], again["created"]) == (first["id"], False)
    assert other["error"]["code"] == "idempotency_conflict"
    assert finished["status"] == "success"
    assert shipped == ["3"]


def test_starts_at_once_with_one_key_are_one_run(project: Project, deploy: Caller) -> None:
    """One of eight makes it, the others find it."""

    def begin(_: int) -> tuple[str, bool]:
        answer = deploy.client.post(
            "/api/v1/runs",
            '{"pipeline": "api-direct", "input": "abc", "idempotency_key": "k"}',
            content_type="application/json",
            headers=deploy.headers,
        )
        connection.close()
        return answer.json()["id"], answer.json()["created"]

    with ThreadPoolExecutor(8) as threads:
        begun = list(threads.map(begin, range(8)))

    assert len({run for run, _ in begun}) == 1
    assert sum(created for _, created in begun) == 1


def test_an_input_must_fit_the_schema(deploy: Caller) -> None:
    """422 with what does not."""
    error = start(deploy, given=7, code=422)["error"]

    assert (error["code"], error["problems"][0]["path"]) == ("invalid_input", "")


def test_an_unknown_pipeline_cannot_be_started(deploy: Caller) -> None:
    """409 says that nobody knows it."""
    assert start(deploy, "nothing", code=409)["error"]["code"] == "unstartable"


@pytest.mark.parametrize("body", [{}, {"pipeline": "api-direct"}, {"pipeline": "", "input": 1}, [], 7])
def test_a_start_says_what_is_missing(deploy: Caller, body: Any) -> None:
    """400."""
    deploy.post("runs", body, code=400)


def test_a_pipeline_can_be_started_from_its_stored_definition(
    project: Project, deploy: Caller, monkeypatch: Any
) -> None:
    """Where the server does not have the code; the worker has it."""
    start(deploy)
    monkeypatch.setenv("ECOA_PROJECT", "another")

    begun = start(deploy, given="abcd")
    work(project)

    assert deploy.get(f"runs/{begun['id']}")["result"] == "shipped 4"
    assert deploy.get("pipelines/api-direct")["here"] is False


def test_a_paused_run_is_cancelled_at_once(project: Project, deploy: Caller, ann: Caller) -> None:
    """Its review is closed and tells who decided so; nothing goes on."""
    begun = start(deploy, "api-pay")
    work(project)
    [asked] = deploy.get(f"runs/{begun['id']}")["reviews"]

    run = deploy.post(f"runs/{begun['id']}/cancel", {"reason": "changed my mind"})
    refused = ann.post(f"reviews/{asked['id']}/decision", {"decision": "approve", "version": 1}, code=409)

    assert run["status"] == "cancelled"
    assert refused["error"]["decided"]["decision"] == "cancelled"
    assert work(project) == 0
    assert AuditEntry.objects.get(action="cancelled the run").detail["reason"] == "changed my mind"
    assert deploy.post(f"runs/{begun['id']}/cancel")["status"] == "cancelled"


def test_a_cancel_and_a_decision_at_once_have_one_outcome(project: Project, deploy: Caller, ann: Caller) -> None:
    """Either it is cancelled and the decision refused, or decided, and then cancelled before it goes on."""
    for _ in range(6):
        begun = start(deploy, "api-pay")
        work(project)
        [asked] = deploy.get(f"runs/{begun['id']}")["reviews"]

        def cancel(run: str = begun["id"]) -> int:
            try:
                deploy.post(f"runs/{run}/cancel")
            finally:
                connection.close()
            return 200

        def decide(review: str = asked["id"]) -> int:
            answer = ann.client.post(
                f"/api/v1/reviews/{review}/decision",
                '{"decision": "approve", "version": 1}',
                content_type="application/json",
            )
            connection.close()
            return answer.status_code

        with ThreadPoolExecutor(2) as threads:
            ended = [threads.submit(act) for act in (cancel, decide)]
            codes = [one.result() for one in ended]
        work(project)

        assert codes[1] in (200, 409)
        assert deploy.get(f"runs/{begun['id']}")["status"] == "cancelled"
    assert shipped == []


def test_a_failed_run_is_retried_from_where_it_failed(project: Project, deploy: Caller) -> None:
    """What is done stays done."""
    begun = start(deploy, given="a" * 13)
    work(project)
    failed = deploy.get(f"runs/{begun['id']}")

    retried = deploy.post(f"runs/{begun['id']}/retry")
    turns = work(project)

    assert (failed["status"], failed["error"]["message"]) == ("error", "unlucky")
    assert retried["status"] == "running"
    assert turns == 1
    deploy.post(f"runs/{begun['id']}/retry", {"path": "nowhere"}, code=404)


def test_a_run_that_succeeded_is_not_retried(project: Project, deploy: Caller) -> None:
    """409 says so."""
    begun = start(deploy)
    work(project)

    assert "succeeded" in deploy.post(f"runs/{begun['id']}/retry", code=409)["error"]["message"]


def test_a_fork_needs_an_answer_for_every_effect(project: Project, deploy: Caller) -> None:
    """Reuse what was shipped, or ship again."""
    begun = start(deploy)
    work(project)
    where = f"runs/{begun['id']}/fork"

    silent = deploy.post(where, {"path": "ship"}, code=422)
    reused = deploy.post(where, {"path": "ship", "effects": {"ship": "reuse"}}, code=201)
    again = deploy.post(where, {"path": "ship", "effects": {"ship": "again"}, "input": 8}, code=201)
    work(project)

    assert "ship" in silent["error"]["message"]
    assert deploy.get(f"runs/{reused['id']}")["result"] == "shipped 3"
    assert deploy.get(f"runs/{again['id']}")["result"] == "shipped 8"
    assert deploy.get(f"runs/{again['id']}")["forked_from"] == begun["id"]
    assert shipped == ["3", "8"]


def test_a_signal_is_taken_once(project: Project, deploy: Caller) -> None:
    """Before or after somebody waits for it; the same key again changes nothing."""
    begun = start(deploy, "api-gated")
    where = f"runs/{begun['id']}/signal"

    assert deploy.post(where, {"name": "paid", "value": 5, "key": "p-1"}) == {"fresh": True}
    assert deploy.post(where, {"name": "paid", "value": 6, "key": "p-1"}) == {"fresh": False}
    work(project)

    assert deploy.get(f"runs/{begun['id']}")["result"] == "shipped 5"


def test_a_step_in_doubt_goes_on_by_a_persons_word(project: Project, deploy: Caller, editor: Caller) -> None:
    """It happened, with this output; nothing is done again."""
    begun = start(deploy)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM pipelines_ready WHERE run_id = %s", [begun["id"]])
        cursor.execute(
            "UPDATE pipelines_node SET path = 'ship', status = 'unknown', state = %s WHERE run_id = %s",
            ['{"doubtful": true}', begun["id"]],
        )
        cursor.execute("UPDATE pipelines_run SET status = 'held', active = 0 WHERE id = %s", [begun["id"]])
    where = f"runs/{begun['id']}/release"

    editor.post(where, {"path": "ship", "word": "maybe"}, code=400)
    editor.post(where, {"path": "price", "word": "done"}, code=404)
    editor.post(where, {"path": "ship", "word": "done", "output": "shipped by hand"})
    work(project)

    assert deploy.get(f"runs/{begun['id']}")["result"] == "shipped by hand"
    assert shipped == []
    assert AuditEntry.objects.get(action="said how a step goes on").detail["word"] == "done"


def test_runs_are_listed_newest_first_and_filtered(project: Project, deploy: Caller) -> None:
    """In pages."""
    runs = [start(deploy, given="x" * n)["id"] for n in (1, 2, 3)]

    first = deploy.get("runs", limit=2)
    rest = deploy.get("runs", limit=2, cursor=first["next"])

    assert [row["id"] for row in first["results"] + rest["results"]] == runs[::-1]
    assert deploy.get("runs", status="success")["results"] == []
    assert len(deploy.get("runs", status="unfinished", pipeline="api-direct")["results"]) == 3
    assert [row["id"] for row in deploy.get("runs", q=runs[1])["results"]] == [runs[1]]
    deploy.get("runs", status="odd", code=400)


def test_pipelines_are_listed_with_their_health(project: Project, deploy: Caller) -> None:
    """And one of them with its definition."""
    start(deploy)
    work(project)

    [row] = deploy.get("pipelines")["results"]
    one = deploy.get("pipelines/api-direct")

    assert (row["name"], row["runs"], row["finished"], row["errors"]) == ("api-direct", 1, 1, 0)
    assert [step["name"] for step in one["definition"]["steps"]] == ["price", "ship"]
    assert one["here"] is True
    deploy.get("pipelines/none", code=404)


@pytest.mark.parametrize("verb", ["release", "retry"])
def test_a_review_that_nobody_decided_is_asked_anew(project: Project, deploy: Caller, ann: Caller, verb: str) -> None:
    """Whoever lets the held step go on does not decide for the reviewers."""
    begun = start(deploy, "api-pay")
    where = f"runs/{begun['id']}"
    work(project)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pipelines_review SET expires_at = now() - interval '1 s'")
    reviews.expire_due()
    assert deploy.get(where)["status"] == "held"

    deploy.post(f"{where}/release", {"path": "review", "word": "done", "output": 3}, code=410)
    deploy.post(f"{where}/{verb}", {"path": "review", "word": "again"})
    work(project)

    assert [row["status"] for row in deploy.get(where)["reviews"]] == ["expired", "pending"]
    assert shipped == []


def test_a_rejected_run_that_is_retried_asks_anew(project: Project, deploy: Caller, ann: Caller) -> None:
    """The rejection is not repeated, and not forgotten either: both requests are told."""
    begun = start(deploy, "api-pay")
    work(project)
    [asked] = deploy.get(f"runs/{begun['id']}")["reviews"]
    ann.post(f"reviews/{asked['id']}/decision", {"decision": "reject", "version": 1, "comment": "no"})
    work(project)

    deploy.post(f"runs/{begun['id']}/retry")
    work(project)

    run = deploy.get(f"runs/{begun['id']}")
    assert (run["status"], [row["status"] for row in run["reviews"]]) == ("paused", ["rejected", "pending"])
    assert shipped == []


STEERING = ["cancel", "retry", "fork", "release", "signal"]
BODIES = {
    "fork": {"path": "ship"},
    "release": {"path": "ship", "word": "again"},
    "signal": {"name": "n", "value": 1, "key": "k"},
}


def test_outsiders_neither_see_nor_steer(deploy: Caller, outsider: Caller) -> None:
    """404, whatever they own elsewhere, and by whatever key."""
    run = start(deploy)["id"]
    other = machine(Project.objects.create(slug="third", name="Third"), Scope.RUN, Scope.READ)

    for caller in (outsider, other):
        caller.get(f"runs/{run}", code=404)
        for verb in STEERING:
            caller.post(f"runs/{run}/{verb}", BODIES.get(verb), code=404)
        assert caller.get("runs")["results"] == []
        assert caller.get("pipelines")["results"] == []
        caller.get("pipelines/api-direct", code=404)


def test_reviewers_and_readers_do_not_steer(project: Project, deploy: Caller, ann: Caller, viewer: Caller) -> None:
    """403 for a role or scope too low; they see the run."""
    run = start(deploy)["id"]
    reader = machine(project, Scope.READ, Scope.REVIEW, Scope.INGEST)

    for caller in (ann, viewer, reader):
        assert caller.get(f"runs/{run}")["id"] == run
        start(caller, code=403)
        for verb in STEERING:
            caller.post(f"runs/{run}/{verb}", BODIES.get(verb), code=403)


@pytest.mark.parametrize("verb", STEERING)
def test_a_run_that_is_not_there_is_a_404(deploy: Caller, verb: str) -> None:
    """For every verb."""
    deploy.post(f"runs/{NOBODY}/{verb}", BODIES.get(verb), code=404)
