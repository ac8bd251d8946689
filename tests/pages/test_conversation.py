"""The Conversation tab of a trace's page: where its transcript comes from."""

from __future__ import annotations

from django.contrib.staticfiles import finders
from django.test import Client

from ecoa_web.accounts.models import Project
from tests.builders import make_trace
from tests.pages.conftest import call


def test_the_tab_stands_between_waterfall_and_log(project: Project, viewer: Client) -> None:
    """It names the API's transcript of this trace, within this project."""
    trace = call(project, "planner")

    html = viewer.get(f"/p/shop/traces/{trace}/").content.decode()

    places = [html.index(f'id="tab-{name}"') for name in ("waterfall", "conversation", "log", "raw")]
    assert places == sorted(places)
    assert f'data-url="/api/v1/traces/{trace}/conversation?project=shop"' in html
    assert finders.find("js/conversation/view.js")


def test_a_viewers_browser_may_read_what_the_tab_asks_for(project: Project, viewer: Client, outsider: Client) -> None:
    """With the session that opened the page; somebody else's gets nothing."""
    trace = call(project, "planner")
    address = f"/api/v1/traces/{trace}/conversation?project=shop"

    assert viewer.get(address).json()["all_calls"] == 1
    assert outsider.get(address).status_code == 404


def test_the_pages_header_leads_to_the_session(project: Project, viewer: Client) -> None:
    """A trace of a session names it beside its own name."""
    trace = make_trace(project.pk, sessions=["conv/1"])

    html = viewer.get(f"/p/shop/traces/{trace}/").content.decode()

    assert 'href="/p/shop/sessions/conv/1/"' in html
