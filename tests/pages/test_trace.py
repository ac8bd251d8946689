"""One trace's page: its header, where its spans come from, its log."""

from __future__ import annotations

import re
from pathlib import Path

from django.contrib.staticfiles import finders
from django.test import Client

from ecoa_web.accounts.models import Project
from tests.builders import Sent, send
from tests.pages.conftest import call
from traces.pages.trace import MODULES


def page(client: Client, trace: str, status: int = 200, **asked: str) -> str:
    answer = client.get(f"/p/shop/traces/{trace}/", asked)
    assert answer.status_code == status
    return answer.content.decode()


def test_an_outsider_sees_no_trace(project: Project, outsider: Client) -> None:
    """Another project's trace does not exist, in any part of its page."""
    trace = call(project, "planner")

    for part in ("", "head", "log"):
        page(outsider, trace, status=404, part=part)


def test_a_trace_of_another_project_is_not_found_under_ours(project: Project, viewer: Client) -> None:
    """An id is looked for within the project of the address."""
    elsewhere = Project.objects.create(slug="other", name="Other")

    page(viewer, call(elsewhere, "planner"), status=404)


def test_what_is_no_trace_id_is_not_found(project: Project, viewer: Client) -> None:
    """Any text may stand in the address."""
    for text in ("0" * 32, "nonsense", "F" * 33, "%00"):
        page(viewer, text, status=404)


def test_the_header_tells_the_trace(project: Project, viewer: Client) -> None:
    """Name, state, duration, spans, errors, tokens, and the way to its spans."""
    trace = call(project, "credit-check", duration_ms=4200, error="no answer")

    html = page(viewer, trace)

    for told in ("invoke_agent credit-check", "Error", trace, "1,000", "200"):
        assert told in html
    assert f'data-skeleton-url="/api/v1/traces/{trace}/skeleton?project=shop"' in html
    assert f"/api/v1/traces/{trace}/spans/0000000000000000?project=shop" in html


def test_the_live_header_is_the_pages_own(project: Project, viewer: Client) -> None:
    """What a hint pulls equals what a fresh page shows."""
    trace = call(project, "planner")

    head = page(viewer, trace, part="head")

    assert "<html" not in head
    assert head.strip() in page(viewer, trace)


def test_the_log_holds_events_and_exceptions_by_time(project: Project, viewer: Client) -> None:
    """Each with its span; an exception with its type, message and stack."""
    trace = send(project.pk, [Sent(name="work", id=1, error="ConnectionResetError")])

    html = page(viewer, trace, part="log")

    assert "<html" not in html
    for told in ("ConnectionResetError", "it broke", "work", "?span=0000000000000001"):
        assert told in html


def test_every_module_the_page_names_is_there() -> None:
    """Each preloaded file exists, and every file of the waterfall and the panel is named."""
    for module in MODULES:
        assert finders.find(module), module
    root = Path(str(finders.find("js/app.js"))).parent
    for folder in ("waterfall", "span"):
        assert {f"js/{folder}/{path.name}" for path in (root / folder).glob("*.js")} <= set(MODULES)


def test_the_page_has_no_inline_style_or_script(project: Project, viewer: Client) -> None:
    """The content security policy would refuse them."""
    html = page(viewer, call(project, "planner"))

    assert not re.search(r"<[^>]+\sstyle=", html)
    assert not re.search(r"<script(?![^>]*\ssrc=)", html)
    assert not re.search(r"<[^>]+\son[a-z]+=", html)


def test_a_trace_costs_few_statements(project: Project, viewer: Client, django_assert_max_num_queries: object) -> None:
    """The page reads the summary only; spans are the API's."""
    trace = call(project, "planner")

    with django_assert_max_num_queries(9):  # type: ignore[operator]
        page(viewer, trace)
