"""Sessions: the list, and one of them as the conversation across its traces."""

from __future__ import annotations

import json
import re
import time
from urllib.parse import quote

import pytest
from django.test import Client

from ecoa_web.accounts.models import Project
from tests.builders import Sent, make_trace, send
from tests.pages.conftest import MODEL_CALL, call

URL = "/p/shop/sessions/"


def page(client: Client, session: str = "", status: int = 200, **asked: str) -> str:
    answer = client.get(f"{URL}{quote(session, safe='')}/" if session else URL, asked)
    assert answer.status_code == status
    return answer.content.decode()


def turn(
    project: Project, session: str, question: str, answer: str = "", *, ago_s: float = 60, error: str | None = None
) -> str:
    """Store a trace of two agents, the first of which sorts and the second of which answers; its id."""
    about = {"gen_ai.conversation.id": session, "user.id": "ada"}
    agent = {"gen_ai.operation.name": "invoke_agent"}
    sorter, clerk = agent | {"gen_ai.agent.name": "sorter"}, agent | {"gen_ai.agent.name": "clerk"}
    sorted_out = MODEL_CALL | said(question, '{"intent": "order"}')
    answered = MODEL_CALL | said(f"sorted: {question}", answer)
    spans = [
        Sent(name="handle", id=1, duration_ms=900, attributes=about, error=error),
        Sent(name="invoke_agent sorter", id=2, parent=1, duration_ms=200, attributes=sorter),
        Sent(name="chat", id=3, parent=2, start_ms=10, duration_ms=150, attributes=sorted_out),
        Sent(name="agent", id=4, parent=1, start_ms=300, duration_ms=500, attributes=clerk),
        Sent(name="chat", id=5, parent=4, start_ms=310, duration_ms=400, attributes=answered, error=error),
    ]
    return send(project.pk, spans, ago_s=ago_s)


def said(question: str, answer: str) -> dict[str, str | int | float | bool]:
    told: dict[str, str | int | float | bool] = {
        "gen_ai.input.messages": json.dumps([{"role": "user", "parts": [{"type": "text", "content": question}]}])
    }
    if answer:
        output = [{"role": "assistant", "parts": [{"type": "text", "content": answer}]}]
        told["gen_ai.output.messages"] = json.dumps(output)
    return told


def turns(html: str) -> list[str]:
    return re.findall(r'id="turn-([0-9a-f]{32})"', html)


def test_an_outsider_sees_no_sessions(project: Project, outsider: Client) -> None:
    """Another project's sessions do not exist, in any part of their pages."""
    turn(project, "conv-1", "Hello?", "Hi.")

    for part in ("", "live"):
        page(outsider, status=404, part=part)
        page(outsider, "conv-1", status=404, part=part)


def test_a_session_of_another_project_is_not_found_under_ours(viewer: Client) -> None:
    """A session is looked for within the project of the address."""
    turn(Project.objects.create(slug="other", name="Other"), "conv-1", "Hello?", "Hi.")

    page(viewer, "conv-1", status=404)
    page(viewer, "\0", status=404)


def test_without_sessions_the_page_says_how_to_have_some(project: Project, viewer: Client) -> None:
    """Before anything arrived, and when nothing of it says a session."""
    assert "No trace has arrived yet" in page(viewer)
    call(project, "planner")
    assert "gen_ai.conversation.id" in page(viewer)


def test_a_row_tells_a_session(project: Project, viewer: Client) -> None:
    """Its state, users, agents, turns, failures and tokens, and the way to it."""
    turn(project, "conv/1", "Hello?", "Hi.", ago_s=120)
    turn(project, "conv/1", "And now?", error="TimeoutError")

    html = page(viewer)

    assert 'href="/p/shop/sessions/conv/1/"' in html
    for told in ("Error", "ada", "+1", "4,800"):
        assert told in html


def test_a_filter_narrows_the_list_and_a_wrong_one_is_explained(project: Project, viewer: Client) -> None:
    """q is the filter language, over the traces of sessions."""
    turn(project, "good", "Hello?", "Hi.")
    turn(project, "bad", "Hello?", error="TimeoutError")

    html = page(viewer, q="status:error")

    assert "/sessions/bad/" in html
    assert "/sessions/good/" not in html
    assert "No session has a trace that matches" in page(viewer, q="agent:nobody")
    assert "Expected" in page(viewer, status=400, q="status:(")


def test_the_newest_come_first_and_the_rest_by_cursor(project: Project, viewer: Client) -> None:
    """Going on brings every session once."""
    start = time.time_ns() - 10**12
    for n in range(60):
        make_trace(project.pk, sessions=[f"s{n:02}"], start_ns=start + n)

    first = page(viewer)
    found = re.search(r'href="\?cursor=([\w-]+)"', first)
    assert found
    rest = page(viewer, cursor=found[1])

    assert re.findall(r"/sessions/(s\d\d)/", first + rest) == [f"s{n:02}" for n in reversed(range(60))]
    assert page(viewer, status=400, cursor="!") == "There is no such place in the list."


def test_a_session_reads_turn_by_turn(project: Project, viewer: Client) -> None:
    """In order: what the user asked first of all, what was answered last, and the ways to each trace."""
    made = [turn(project, "conv-1", f"Question {n}?", f"Answer {n}.", ago_s=600 - n) for n in range(3)]

    html = page(viewer, "conv-1")

    assert turns(html) == made
    said = re.findall(r'<p class="prose" dir="auto">(.*?)</p>', html)
    assert said == [text for n in range(3) for text in (f"Question {n}?", f"Answer {n}.")]
    assert f"/p/shop/traces/{made[0]}/?tab=conversation" in html


def test_a_failed_turn_shows_no_answer_of_an_agent_before(project: Project, viewer: Client) -> None:
    """The answering agent said nothing: what the sorting agent said is no answer; the error is told."""
    turn(project, "conv-1", "Where is it?", error="TimeoutError")

    html = page(viewer, "conv-1")

    assert "What was answered is not recorded." in html
    assert "intent" not in html
    assert "TimeoutError" in html


def test_a_long_session_opens_at_its_end(project: Project, viewer: Client) -> None:
    """The last turns, the earlier ones by cursor; from the first on as well; every turn has its number."""
    start = time.time_ns() - 10**12
    made = [make_trace(project.pk, sessions=["s"], start_ns=start + n // 2) for n in range(45)]
    by_place = sorted(made, key=lambda trace: (made.index(trace) // 2, trace))

    html = page(viewer, "s")
    seen = turns(html)
    while found := re.search(r'href="\?before=([\w-]+)"', html):
        html = page(viewer, "s", before=found[1])
        seen = turns(html) + seen

    assert [trace.replace("-", "") for trace in by_place] == seen
    first = page(viewer, "s", after="first")
    assert turns(first) == seen[:20]
    assert '<b class="turn-number dim">20</b>' in first
    assert "?after=" in first
    page(viewer, "s", status=400, before="!")


@pytest.mark.parametrize("name", ["a/b", "a b?c#d", "مرحبا", "a\nb", "<script>alert(1)</script>"])
def test_a_session_may_be_called_anything(project: Project, viewer: Client, name: str) -> None:
    """Its name leads to it, and stays text."""
    make_trace(project.pk, sessions=[name], name="<script>alert(1)</script>", input_preview="<script>alert(1)</script>")

    for html in (page(viewer), page(viewer, name)):
        assert "<script>alert" not in html
        assert not re.search(r"<[^>]+\s(style|on[a-z]+)=", html)


def test_the_live_part_is_the_pages_own(project: Project, viewer: Client) -> None:
    """What a hint pulls equals what a fresh page shows."""
    turn(project, "conv-1", "Hello?", "Hi.")

    for session in ("", "conv-1"):
        live = page(viewer, session, part="live")
        assert "<html" not in live
        assert len(live) > 500
    assert page(viewer, "conv-1", part="live").strip() in page(viewer, "conv-1")


def test_the_search_box_leads_to_a_session(project: Project, viewer: Client) -> None:
    """A session's id is found as it is written."""
    make_trace(project.pk, sessions=["conv/1"])

    assert viewer.get("/p/shop/search/", {"q": "conv/1"}).headers["Location"] == "/p/shop/sessions/conv/1/"


def test_a_session_costs_few_statements(
    project: Project, viewer: Client, django_assert_max_num_queries: object
) -> None:
    """However many turns there are."""
    for n in range(6):
        turn(project, "conv-1", f"Question {n}?", "Answer.", ago_s=600 - n)

    with django_assert_max_num_queries(12):  # type: ignore[operator]
        page(viewer, "conv-1")
    with django_assert_max_num_queries(9):  # type: ignore[operator]
        page(viewer)
