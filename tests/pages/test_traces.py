"""The list of traces: its rows, counts, facets and parts; and what it says when there is nothing, or a wrong filter."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from ecoa_web.accounts.models import Project
from tests.builders import Sent, send
from tests.pages.conftest import call

URL = "/p/shop/traces/"


def page(client: Client, status: int = 200, **asked: str) -> str:
    answer = client.get(URL, asked)
    assert answer.status_code == status
    return answer.content.decode()


def ids(html: str) -> list[str]:
    return re.findall(r'data-trace="([0-9a-f]{32})"', html)


def test_an_outsider_sees_no_list(project: Project, outsider: Client) -> None:
    """Another project's traces do not exist, in any part of the page."""
    for part in ("", "rows", "counts"):
        assert outsider.get(URL, {"part": part}).status_code == 404


def test_a_stranger_is_sent_to_sign_in(project: Project, client: Client) -> None:
    """Without a sign-in there is nothing to see."""
    assert client.get(URL).status_code == 302


def test_without_traces_the_page_leads_to_get_started(viewer: Client) -> None:
    """The first visit says what to do next."""
    assert "/p/shop/start/" in page(viewer)


def test_rows_tell_what_happened(project: Project, viewer: Client) -> None:
    """A row has the trace's state, name, agents, spans, errors and tokens."""
    trace = call(project, "credit-check", duration_ms=4200, error="no answer")

    html = page(viewer)

    assert ids(html) == [trace]
    assert f"/p/shop/traces/{trace}/" in html
    for told in ("Error", "invoke_agent credit-check", "1,200", "4.2"):
        assert told in html


def test_the_newest_come_first_and_the_rest_by_cursor(project: Project, viewer: Client) -> None:
    """Scrolling brings every trace once."""
    sent = [call(project, "planner", ago_s=3000 - n) for n in range(60)]

    first = page(viewer)
    found = re.search(r'data-next="([^"]+)"', first)
    assert found
    rest = page(viewer, part="rows", cursor=found[1])

    assert ids(first) + ids(rest) == sent[::-1]
    assert "data-next" not in rest


def test_a_filter_narrows_rows_counts_and_facets(project: Project, viewer: Client) -> None:
    """q is the filter language, and the count without it is told beside."""
    failed = call(project, "planner", error="boom")
    call(project, "writer")

    html = page(viewer, q="status:error")

    assert ids(html) == [failed]
    assert "of 2 traces match" in html
    assert 'value="status:error"' in html


def test_facets_lead_to_the_same_page_with_a_value_chosen(project: Project, viewer: Client) -> None:
    """A facet's link adds its term; a chosen one takes it away."""
    call(project, "planner")

    html = page(viewer, q="duration>1ms")
    assert 'href="?q=duration%3E1ms+agent%3Aplanner"' in html
    chosen = page(viewer, q="agent:planner")
    assert re.search(r'aria-checked="true" href="\?"[^>]*>.{0,300}?planner', chosen, re.DOTALL)


def test_a_wrong_filter_says_where_and_what_was_expected(project: Project, viewer: Client) -> None:
    """The answer is 400, with a caret under the place, and keeps what was typed."""
    html = page(viewer, status=400, q="status:error (agent:")

    assert 'value="status:error (agent:"' in html
    assert "ends too early" in html
    assert "Expected" in html


def test_no_match_offers_wider_ranges(project: Project, viewer: Client) -> None:
    """An empty answer says what to try."""
    call(project, "planner")

    html = page(viewer, q="agent:nobody", range="15m")

    assert ids(html) == []
    assert "No trace matches" in html
    assert "range=30d&amp;q=agent%3Anobody" in html


def test_a_row_asked_for_by_id_comes_alone(project: Project, viewer: Client) -> None:
    """A live page asks again for rows that were still running."""
    sent = [call(project, "planner") for _ in range(3)]

    assert ids(page(viewer, part="rows", ids=f"{sent[1]},nonsense")) == [sent[1]]


def test_a_cursor_of_nobody_is_refused(project: Project, viewer: Client) -> None:
    """A made-up place in the list is a 400, not an error of ours."""
    call(project, "planner")

    page(viewer, status=400, part="rows", cursor="nonsense")


def test_hostile_names_are_only_text(project: Project, viewer: Client) -> None:
    """A span's name cannot become markup, nor can a session, an agent or a model."""
    hostile = '"><img src=x onerror=alert(1)>'
    attributes = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": hostile, "session.id": hostile}
    send(project.pk, [Sent(name=hostile, id=1, attributes=attributes)])

    for html in (page(viewer), page(viewer, part="rows"), page(viewer, part="counts")):
        assert "<img" not in html


@pytest.mark.parametrize(("asked", "most"), [({}, 12), ({"q": "status:error"}, 13), ({"part": "rows"}, 8)])
def test_queries_do_not_grow_with_rows(
    project: Project, viewer: Client, django_assert_max_num_queries: object, asked: dict[str, str], most: int
) -> None:
    """The page costs the same number of statements for one trace and for fifty."""
    for n in range(20):
        call(project, f"agent-{n}")

    with django_assert_max_num_queries(most):  # type: ignore[operator]
        viewer.get(URL, asked)
