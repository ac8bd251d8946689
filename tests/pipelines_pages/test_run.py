"""One run, and what an editor does to it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from django.test import Client

from ecoa_web.accounts.models import Project, Role
from pipelines.verbs import engine
from tests.pipelines_pages.building import (
    ORDER_SCHEMA,
    define,
    make_breaker,
    make_effect,
    make_event,
    make_node,
    make_run,
    paused_run,
    value_of,
)
from tests.pipelines_pages.conftest import member


def page(client: Client, where: str, **asked: str) -> str:
    answer = client.get(f"/p/shop/{where}", asked)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_run_tells_its_steps_attempts_waits_and_effects(project: Project, viewer: Client) -> None:
    """In the order of the tree, with what is done to the world; an effect in doubt is loud."""
    run = make_run(project.pk, status="held", key="order-7", session="user-7", by="key shop")
    make_node(run, "fan", kind="container", status="open")
    make_node(run, "late", status="ready")
    make_node(run, "fan[customer-17].extract", attempt=3)
    make_node(run, "mail", status="unknown", error={"type": "EffectUnknown", "message": "worker lost"})
    make_effect(project.pk, run, "fan[customer-17].extract")
    make_effect(project.pk, run, "mail", status="unknown", effect="guarded")

    html = page(viewer, f"runs/{run}/")

    assert html.index('title="fan"') < html.index('title="fan[customer-17].extract"') < html.index('title="late"')
    for told in ("3 attempts", "effect done", "effect unknown", "order-7", "user-7", "key shop", "Did this happen?"):
        assert told in html


def test_a_step_and_its_values_are_loaded_when_they_are_opened(project: Project, viewer: Client) -> None:
    """Not with the page: values may be huge."""
    run = make_run(project.pk, input={"text": "y" * 100_000})
    make_node(run, "classify", input={"n": 1}, output={"$ecoa": "decimal", "v": "9.90"})
    make_event(
        project.pk, run, "retry_wait", path="classify", seconds=1.4, error={"type": "RateLimited", "message": "429"}
    )

    assert len(page(viewer, f"runs/{run}/")) < 60_000
    step = page(viewer, f"runs/{run}/", part="step", path="classify")
    assert "waits 1.4\N{NO-BREAK SPACE}s, RateLimited: 429" in step
    value = page(viewer, f"runs/{run}/", part="value", path="classify", what="output")
    assert json.loads(value) == "9.90"
    assert len(json.loads(page(viewer, f"runs/{run}/", part="value", what="input"))["text"]) == 100_000


def test_a_long_run_is_shown_in_parts(project: Project, viewer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first steps, and a way to those after them."""
    monkeypatch.setattr("pipelines.pages.run.STEPS", 3)
    run = make_run(project.pk)
    for n in range(5):
        make_node(run, f"step-{n}")

    html = page(viewer, f"runs/{run}/")

    assert 'title="step-2"' in html
    assert 'title="step-3"' not in html
    after = value_of("SELECT seq FROM pipelines_node WHERE run_id = %s AND path = 'step-2'", run)
    assert f"?after={after}" in html
    assert 'title="step-4"' in page(viewer, f"runs/{run}/", after=str(after))


def test_without_spans_the_page_says_how_to_have_some(project: Project, viewer: Client) -> None:
    """A run has a trace id in any case."""
    assert "ECOA_TRACE=true" in page(viewer, f"runs/{make_run(project.pk)}/")


def test_history_is_told_in_words(project: Project, viewer: Client) -> None:
    """Who decided what, and through which channel."""
    run, _ = paused_run(project.pk)
    make_event(
        project.pk, run, "decision", path="review", by="ann@example.com", decision="reject", via="slack", comment="no"
    )

    assert "ann@example.com rejected via slack: no" in page(viewer, f"runs/{run}/", part="history")


class TestActs:
    """Verbs commit on connections of the engine's own: so do these tests."""

    @pytest.fixture
    def project(self, transactional_db: None) -> Iterator[Project]:
        yield Project.objects.create(slug="shop", name="Shop")
        engine.close()

    @pytest.fixture
    def editor(self, project: Project) -> Client:
        return member(project, "ed@example.com", Role.EDITOR)

    def test_a_run_is_started_from_the_page_once_for_each_key(self, project: Project, editor: Client) -> None:
        """The input is checked; the same key leads to the same run, with another input it is refused."""
        make_run(project.pk, definition=define(schema=ORDER_SCHEMA))
        good = {"order": "A-1", "amount": 5, "express": False}

        def start(value: object, key: str) -> tuple[int, str]:
            answer = editor.post("/p/shop/pipelines/order/", {"input": json.dumps(value), "key": key})
            return answer.status_code, answer.headers.get("Location") or answer.content.decode()

        assert "is a required property" in start({}, "k1")[1]
        first = start(good, "k1")
        assert first[0] == 302
        assert first == start(good, "k1")
        assert "began a run with another input" in start({**good, "amount": 6}, "k1")[1]
        assert value_of("SELECT count(*) FROM pipelines_run WHERE idempotency_key = 'k1'") == 1
        assert value_of("SELECT started_by FROM pipelines_run WHERE idempotency_key = 'k1'") == "ed@example.com"

    def test_a_run_is_cancelled_after_asking(self, project: Project, editor: Client) -> None:
        """Its open review is closed with it."""
        run, review = paused_run(project.pk)

        assert "Cancel the run" in page(editor, f"runs/{run}/cancel/")
        editor.post(f"/p/shop/runs/{run}/cancel/", {"reason": "wrong customer"})

        assert value_of("SELECT status FROM pipelines_run WHERE id = %s", run) == "cancelled"
        assert value_of("SELECT status FROM pipelines_review WHERE id = %s", review) == "cancelled"

    def test_a_failed_step_goes_again(self, project: Project, editor: Client) -> None:
        """What is done stays done."""
        run = make_run(project.pk, status="error")
        make_node(run, "classify")
        make_node(run, "place", status="error", error={"type": "X", "message": "x"})

        editor.post(f"/p/shop/runs/{run}/retry/")

        assert value_of("SELECT status FROM pipelines_node WHERE run_id = %s AND path = 'place'", run) == "ready"
        assert value_of("SELECT status FROM pipelines_node WHERE run_id = %s AND path = 'classify'", run) == "done"

    def test_a_doubtful_step_goes_on_by_a_persons_word(self, project: Project, editor: Client) -> None:
        """It has to be said; nothing is chosen beforehand."""
        run = make_run(project.pk, status="held")
        make_node(run, "mail", status="unknown")
        make_effect(project.pk, run, "mail", status="unknown", effect="guarded")
        place = f"/p/shop/runs/{run}/resolve/"

        assert " checked>" not in page(editor, f"runs/{run}/resolve/", path="mail")
        assert editor.post(place, {"path": "mail", "output": "1"}).status_code == 422
        assert editor.post(place, {"path": "mail", "word": "done", "output": "{"}).status_code == 422
        assert editor.post(place, {"path": "mail", "word": "done", "output": '{"sent": true}'}).status_code == 302

        said = value_of("SELECT decision FROM pipelines_node WHERE run_id = %s", run)
        assert (said["decision"], said["output"], said["by"]) == ("done", {"sent": True}, "ed@example.com")

    def test_a_fork_needs_an_answer_for_every_effect(self, project: Project, editor: Client) -> None:
        """Reuse its result, or do it again: neither is chosen beforehand."""
        steps = [{"name": name, "kind": "step", "agent": name} for name in ("classify", "place")]
        run = make_run(project.pk, definition=define(steps=steps))
        make_node(run, "classify", input="x", output="y")
        make_node(run, "place", input="y", output={"order": 1})
        make_effect(project.pk, run, "place")
        form = {"at": "place", "input": '"y"'}

        assert " checked>" not in page(editor, f"runs/{run}/fork/", at="place")
        assert editor.post(f"/p/shop/runs/{run}/fork/", form).status_code == 422
        answer = editor.post(f"/p/shop/runs/{run}/fork/", {**form, "effect:place": "reuse"})

        assert answer.status_code == 302, answer.content.decode()[-3000:]
        made = value_of("SELECT id FROM pipelines_run WHERE forked_from = %s AND forked_at = 'place'", run)
        assert answer.headers["Location"] == f"/p/shop/runs/{made}/"

    def test_a_breaker_is_opened_and_closed_by_hand_with_a_reason(self, project: Project, editor: Client) -> None:
        """It is in its history, with the person."""
        make_breaker(project.pk, "payments/eu")
        form = {"name": "payments/eu", "reason": "maintenance until 14:00"}

        assert editor.post("/p/shop/breakers/open/", {**form, "reason": " "}).status_code == 422
        editor.post("/p/shop/breakers/open/", form)
        html = page(editor, "breakers/")
        assert "held by <bdi>ed@example.com</bdi>" in html
        assert "maintenance until 14:00" in html
        editor.post("/p/shop/breakers/close/", {**form, "reason": "done"})

        assert value_of("SELECT state FROM pipelines_breaker") == "closed"
        assert value_of("SELECT count(*) FROM pipelines_breaker_change WHERE by = 'ed@example.com'") == 2
