"""The lists of pipelines, runs and reviews."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from ecoa_web.accounts.models import Project
from tests.pipelines_pages.building import define, make_breaker, make_node, make_run, paused_run

UUID = r"[0-9a-f]{8}-[0-9a-f-]{27}"


def page(client: Client, path: str, *, code: int = 200, **asked: Any) -> str:
    answer = client.get(f"/p/shop/{path}", asked)
    assert answer.status_code == code
    return answer.content.decode()


def test_without_pipelines_the_page_has_a_program_to_copy(project: Project, viewer: Client) -> None:
    """The smallest one, and what comes after it."""
    html = page(viewer, "pipelines/")

    assert "Pipeline(&quot;tickets&quot;, classify).review(by=&quot;reviewers&quot;)" in html
    assert "ECOA_PIPELINES=shop" in html


def test_what_hurts_most_comes_first(project: Project, viewer: Client) -> None:
    """A held run before an open breaker, that before errors, those before peace."""
    for name in ("calm", "failing", "held", "tripped"):
        make_run(project.pk, pipeline=name)
    make_run(project.pk, pipeline="failing", status="error")
    make_run(project.pk, pipeline="held", status="held")
    define("tripped-code")
    breaker = [{"name": "pay", "kind": "step", "policies": {"breaker": {"name": "payments"}}}]
    make_run(project.pk, pipeline="tripped", definition=define("tripped", breaker))
    make_breaker(project.pk, "payments", state="open")

    html = page(viewer, "pipelines/")

    assert re.findall(r'<a href="/p/shop/pipelines/(\w+)/', html) == ["held", "tripped", "failing", "calm"]
    assert "1 open" in html
    assert '50.0<span class="unit">' in html


def test_a_pipeline_page_draws_its_graph_with_live_counts_and_says_its_policies(
    project: Project, viewer: Client
) -> None:
    """Steps, branches, the review, where runs are, what holds for them."""
    run, _ = paused_run(project.pk, path="big[yes].review")
    make_node(run, "parcels[customer-7].weigh", status="leased")

    html = page(viewer, "pipelines/order/")

    for told in ("stock-checker", "parcels · for each, 10 at a time", "checks · side by side, all of them"):
        assert told in html
    assert 'title="1 paused"' in html
    assert 'title="1 running"' in html
    assert "5 attempts, full jitter, waits 1, 2, 4, 8 s." in html
    assert "Breaker stock opens after 3 failures in 60\N{NO-BREAK SPACE}s" in html
    assert "A run takes at most 10\N{NO-BREAK SPACE}min." in html


def test_names_are_only_ever_text(project: Project, viewer: Client) -> None:
    """A script in a name, an error, an input or a path stays a text."""
    evil = "<script>alert(1)</script>"
    digest = define(evil, [{"name": evil, "kind": "step", "agent": evil}])
    run = make_run(
        project.pk, pipeline=evil, definition=digest, status="error", error={"type": evil, "message": evil}, input=evil
    )
    make_node(run, evil.replace("/", "%2F"), status="error", error={"type": evil, "message": evil})
    _, review = paused_run(project.pk, title=evil, reason=evil, payload={evil: evil}, schema={"title": evil})

    for path in (
        "pipelines/",
        "runs/",
        f"runs/{run}/",
        f"reviews/{review}/",
        "reviews/",
        "pipelines/%3Cscript%3Ealert(1)%3C%2Fscript%3E/",
    ):
        assert evil not in page(viewer, path)


def test_runs_are_filtered(project: Project, viewer: Client) -> None:
    """By pipeline, status, session, and by a text: an id, a trace, a key."""
    old = make_run(project.pk, pipeline="order", status="paused", ago_s=90_000, key="order-88204")
    new = make_run(project.pk, pipeline="refund", status="error", session="user-7")

    def shown(**asked: Any) -> list[str]:
        return re.findall(rf'href="/p/shop/runs/({UUID})/"', page(viewer, "runs/", **asked))

    assert shown() == [str(new)]
    assert shown(status="paused") == [str(old)]
    assert shown(status="unfinished") == [str(old)]
    assert shown(pipeline="refund", range="24h") == [str(new)]
    assert shown(session="user-7") == [str(new)]
    assert shown(q="88204") == shown(q=str(old)) == shown(q=str(old)[:8]) == [str(old)]
    assert shown(q="100%") == []
    assert "No run matches" in page(viewer, "runs/", status="held")


def test_runs_go_on_by_cursor(project: Project, viewer: Client) -> None:
    """Every run once, also those that began at the same moment."""
    made = [str(make_run(project.pk, ago_s=10 + n // 3, took_s=0.1)) for n in range(120)]

    html = page(viewer, "runs/")
    seen = re.findall(rf'href="/p/shop/runs/({UUID})/"', html)
    while found := re.search(r'href="\?cursor=([\w-]+)"[^>]*>Older', html):
        html = page(viewer, "runs/", cursor=found[1])
        seen += re.findall(rf'href="/p/shop/runs/({UUID})/"', html)

    assert sorted(seen) == sorted(made)
    assert page(viewer, "runs/", code=400, cursor="!") == "There is no such place in the list."


def test_the_queue_has_the_earliest_deadline_first(project: Project, reviewer: Client) -> None:
    """Those without one come last."""
    for name, due in (("late", 7200.0), ("never", None), ("soon", 60.0)):
        paused_run(project.pk, title=name, due_s=due)

    assert re.findall(r'<b class="cut" dir="auto" title="(\w+)"', page(reviewer, "reviews/")) == [
        "soon",
        "late",
        "never",
    ]


def test_the_queue_is_mine_my_groups_or_all(project: Project, reviewer: Client) -> None:
    """Claimed by me or asked of me by name; of my groups; everybody's."""
    paused_run(project.pk, title="everybody")
    paused_run(project.pk, title="owners", groups=("owners",))
    paused_run(project.pk, title="byname", groups=("rob@example.com",))

    def shown(**asked: Any) -> set[str]:
        return set(re.findall(r'<b class="cut" dir="auto" title="(\w+)"', page(reviewer, "reviews/", **asked)))

    assert shown() == {"everybody", "owners", "byname"}
    assert shown(scope="groups") == {"everybody", "byname"}
    assert shown(scope="mine") == {"byname"}
    assert shown(pipeline="nobody") == set()


def test_the_queue_goes_on_by_cursor(project: Project, reviewer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every review once, with and without a deadline."""
    monkeypatch.setattr("pipelines.pages.reviews.ROWS", 2)
    for n in range(5):
        paused_run(project.pk, title=f"r{n}", due_s=60.0 * n + 60 if n % 2 else None)

    html, seen = page(reviewer, "reviews/"), set()
    for _ in range(5):
        seen |= set(re.findall(r'title="(r\d)"', html))
        found = re.search(r'href="\?cursor=([\w-]+)"[^>]*>Later', html)
        if not found:
            break
        html = page(reviewer, "reviews/", cursor=found[1])

    assert seen == {"r0", "r1", "r2", "r3", "r4"}


def test_the_rail_says_how_many_wait(project: Project, viewer: Client) -> None:
    """Nothing when nobody is waited for."""
    assert "badge" not in page(viewer, "reviews/badge/")
    paused_run(project.pk)
    assert ">1<" in page(viewer, "reviews/badge/")


@pytest.mark.parametrize(
    ("path", "queries"),
    [
        ("pipelines/", 7 + 3),
        ("runs/", 7 + 3),
        ("reviews/", 10 + 3),
        ("breakers/", 9 + 3),
        ("pipelines/order/", 11 + 3),
        ("reviews/badge/", 5 + 3),
    ],
)
def test_lists_cost_the_same_however_long_they_are(
    path: str,
    queries: int,
    project: Project,
    viewer: Client,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    """No statement for each row."""
    for _ in range(15):
        run, _ = paused_run(project.pk)
        make_node(run, "classify")
        make_breaker(project.pk, f"breaker-{run}", state="open")

    with django_assert_num_queries(queries):
        page(viewer, path)
