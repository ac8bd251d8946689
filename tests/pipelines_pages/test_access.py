"""Who sees and who does what."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.test import Client

from ecoa_web.accounts.models import Project
from tests.pipelines_pages.building import make_breaker, paused_run, value_of

PAGES = (
    *(
        "pipelines/",
        "pipelines/?part=live",
        "pipelines/order/",
        "pipelines/order/?part=live",
        "runs/",
        "runs/?part=live",
    ),
    *("runs/{run}/", "runs/{run}/?part=live", "runs/{run}/?part=history", "runs/{run}/?part=step&path=review"),
    *("runs/{run}/?part=value&what=input", "runs/{run}/?part=value&what=input&path=review"),
    *("breakers/", "breakers/?part=live"),
    *("reviews/", "reviews/?part=live", "reviews/?show=decided", "reviews/badge/", "reviews/{review}/"),
    "reviews/{review}/?part=live",
)
EDITORS = ("runs/{run}/cancel/", "runs/{run}/fork/", "runs/{run}/resolve/?path=review", "breakers/open/?name=payments")
ACTS = (
    *("pipelines/order/", "runs/{run}/cancel/", "runs/{run}/retry/", "runs/{run}/fork/", "runs/{run}/resolve/"),
    *("breakers/open/", "breakers/close/", "reviews/{review}/decide/", "reviews/{review}/claim/"),
)


@pytest.fixture
def ids(project: Project) -> dict[str, object]:
    run, review = paused_run(project.pk)
    make_breaker(project.pk)
    return {"run": run, "review": review}


def url(page: str, ids: dict[str, object], slug: str = "shop") -> str:
    return f"/p/{slug}/{page.format(**ids)}"


@pytest.mark.parametrize("page", (*PAGES, *EDITORS))
def test_an_outsider_sees_nothing(page: str, ids: dict[str, object], outsider: Client, client: Client) -> None:
    """Another project's pages do not exist, nor its things under one's own; nobody signed in sees the sign-in page."""
    assert outsider.get(url(page, ids)).status_code == 404
    if "{" in page:
        assert outsider.get(url(page, ids, slug="elsewhere")).status_code == 404
    assert "/login" in client.get(url(page, ids)).headers["Location"]


@pytest.mark.parametrize("page", ACTS)
def test_an_outsider_does_nothing(page: str, ids: dict[str, object], outsider: Client) -> None:
    """Nor does a POST tell that it is there."""
    assert outsider.post(url(page, ids)).status_code == 404
    assert value_of("SELECT status FROM pipelines_review WHERE id = %s", ids["review"]) == "pending"


@pytest.mark.parametrize("page", PAGES)
def test_a_viewer_sees(page: str, ids: dict[str, object], viewer: Client) -> None:
    """Every page that only shows."""
    assert viewer.get(url(page, ids)).status_code == 200


@pytest.mark.parametrize("page", ACTS)
def test_a_viewer_does_nothing(page: str, ids: dict[str, object], viewer: Client) -> None:
    """Deciding needs a reviewer, the rest an editor."""
    assert viewer.post(url(page, ids)).status_code == 403


@pytest.mark.parametrize("page", [page for page in ACTS if "reviews" not in page])
def test_a_reviewer_only_decides(page: str, ids: dict[str, object], reviewer: Client) -> None:
    """Runs and breakers are an editor's."""
    assert reviewer.post(url(page, ids)).status_code == 403


@pytest.mark.parametrize("page", [page for page in ACTS if "pipelines" not in page])
def test_a_get_never_acts(page: str, ids: dict[str, object], editor: Client) -> None:
    """It asks, leads to the page that asks, or is not allowed."""
    before = value_of("SELECT count(*) FROM pipelines_event")

    assert editor.get(url(page, ids), {"name": "payments", "path": "review"}).status_code in {200, 302, 405}

    assert value_of("SELECT status FROM pipelines_run WHERE id = %s", ids["run"]) == "paused"
    assert value_of("SELECT status FROM pipelines_review WHERE id = %s", ids["review"]) == "pending"
    assert value_of("SELECT state FROM pipelines_breaker") == "closed"
    assert value_of("SELECT count(*) FROM pipelines_event") == before


def test_a_decision_without_its_token_is_refused(ids: dict[str, object], reviewer: Client) -> None:
    """A page of somebody else cannot decide for a reviewer."""
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = reviewer.cookies

    assert strict.post(url("reviews/{review}/decide/", ids), {"decision": "approve", "version": 1}).status_code == 403


def test_what_is_not_there_is_not_found(project: Project, editor: Client) -> None:
    """Runs, reviews, pipelines, steps, values."""
    for page in (
        f"runs/{uuid4()}/",
        f"reviews/{uuid4()}/",
        "pipelines/nobody/",
        "pipelines/%00/",
        f"runs/{uuid4()}/fork/",
    ):
        assert editor.get(f"/p/shop/{page}").status_code == 404
