"""The search box knows runs by their id."""

from __future__ import annotations

from uuid import uuid4

from django.test import Client

from ecoa_web.accounts.models import Project
from tests.pipelines_pages.building import make_run


def test_a_run_is_found_by_its_id(project: Project, viewer: Client) -> None:
    """With or without its dashes, as it is copied from a page or a log."""
    run = make_run(project.pk)

    for text in (str(run), f" {run.hex.upper()} "):
        assert viewer.get("/p/shop/search/", {"q": text}).headers["Location"] == f"/p/shop/runs/{run}/"


def test_an_id_of_no_run_here_is_a_traces(project: Project, viewer: Client, outsider: Client) -> None:
    """Also that of a run of another project; an outsider is told nothing."""
    trace = uuid4()

    assert viewer.get("/p/shop/search/", {"q": trace.hex}).headers["Location"] == f"/p/shop/traces/{trace.hex}/"
    assert outsider.get("/p/shop/search/", {"q": str(make_run(project.pk))}).status_code == 404
