"""Sessions over the API: the list by newest trace, one session turn by turn, and nobody else's."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import quote

import pytest
from pytest_django import DjangoAssertNumQueries

from ecoa_web.accounts.models import Project
from tests.api.conftest import CHAT, Api
from tests.api.test_schema import fields_of
from tests.builders import Sent, make_trace, send

MINUTE = 60 * 10**9


def turn(project: Project, session: str, question: str, answer: str, *, ago_s: float, error: str | None = None) -> str:
    """Store a trace of an agent that is asked and answers, within a session; its id."""
    about = {"gen_ai.conversation.id": session, "user.id": "ada"}
    asked = json.dumps([{"role": "user", "parts": [{"type": "text", "content": question}]}])
    answered = json.dumps([{"role": "assistant", "parts": [{"type": "text", "content": answer}]}])
    call = CHAT | {"gen_ai.input.messages": asked, "gen_ai.output.messages": answered}
    agent = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "clerk"}
    spans = [
        Sent(name="handle", id=1, duration_ms=900, attributes=about, error=error),
        Sent(name="invoke_agent clerk", id=2, parent=1, duration_ms=800, attributes=agent),
        Sent(name="chat", id=3, parent=2, start_ms=10, duration_ms=500, attributes=call),
    ]
    return send(project.pk, spans, ago_s=ago_s)


def test_a_session_adds_up_its_traces(api: Api, project: Project) -> None:
    """Traces, failures, users, agents, tokens, and from its first start to its last end."""
    turn(project, "conv-1", "Hello?", "Hi.", ago_s=600)
    turn(project, "conv-1", "And now?", "Sorry.", ago_s=300, error="TimeoutError")

    [session] = api.get("sessions")["results"]

    assert set(session) == fields_of("Session")
    assert (session["session_id"], session["trace_count"], session["failed_count"]) == ("conv-1", 2, 1)
    assert (session["span_count"], session["error_count"], session["status"]) == (6, 1, "error")
    assert (session["users"], session["agents"]) == (["ada"], ["clerk"])
    assert (session["input_tokens"], session["output_tokens"]) == (200, 40)
    assert abs(session["duration_ms"] - 300_900) < 1000


def test_a_session_is_told_turn_by_turn(api: Api, project: Project) -> None:
    """In order, each with what was asked, what was answered in the end, and what failed."""
    first = turn(project, "conv-1", "Hello?", "Hi.", ago_s=600)
    second = turn(project, "conv-1", "And now?", "Sorry.", ago_s=300, error="TimeoutError")

    session = api.get("sessions/conv-1")

    assert set(session) == fields_of("SessionDetail")
    assert set(session["turns"][0]) == fields_of("SessionTurn")
    told = [(turn["trace_id"], turn["input"], turn["output"]) for turn in session["turns"]]
    assert told == [(first, "Hello?", "Hi."), (second, "And now?", "Sorry.")]
    assert session["turns"][0]["error"] is None
    assert session["turns"][1]["error"] == {"type": "TimeoutError", "message": "it broke"}
    assert session["next"] is None


def test_turns_come_page_by_page(api: Api, project: Project) -> None:
    """Each once, in order, equal starts told apart, while new ones arrive."""
    start = time.time_ns() - 60 * MINUTE
    made = [make_trace(project.pk, sessions=["s"], start_ns=start + place // 2) for place in range(9)]

    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = api.get("sessions/s", limit=2, cursor=cursor)
        seen += [turn["trace_id"] for turn in page["turns"]]
        cursor = page["next"]

    assert len(seen) == 9
    assert set(seen) == set(made)


def test_pages_hold_each_session_once(api: Api, project: Project) -> None:
    """By their newest trace, newest first; sessions of one moment by name; a trace may belong to two."""
    start = time.time_ns() - 60 * MINUTE
    for place in range(7):
        make_trace(project.pk, sessions=[f"s{place}"], start_ns=start + place // 2)
    make_trace(project.pk, sessions=["s0", "both"], start_ns=start + 10)

    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = api.get("sessions", limit=2, cursor=cursor)
        seen += [row["session_id"] for row in page["results"]]
        cursor = page["next"]

    assert seen == ["both", "s0", "s6", "s4", "s5", "s2", "s3", "s1"]


def test_a_filter_chooses_sessions_and_leaves_their_figures_whole(api: Api, project: Project) -> None:
    """A session is found by one of its traces; what is told is of all of them."""
    turn(project, "good", "Hello?", "Hi.", ago_s=600)
    turn(project, "bad", "Hello?", "Hi.", ago_s=600)
    turn(project, "bad", "And now?", "Sorry.", ago_s=300, error="TimeoutError")

    [found] = api.get("sessions", q="status:error")["results"]

    assert (found["session_id"], found["trace_count"]) == ("bad", 2)


def test_a_window_chooses_by_the_start_of_traces(api: Api, project: Project) -> None:
    """The last 24 hours unless told."""
    make_trace(project.pk, sessions=["old"], start_ns=time.time_ns() - 3 * 24 * 60 * MINUTE)
    make_trace(project.pk, sessions=["new"])

    assert [row["session_id"] for row in api.get("sessions")["results"]] == ["new"]
    assert [row["session_id"] for row in api.get("sessions", start="-7d")["results"]] == ["new", "old"]


def test_a_running_trace_makes_a_running_session(api: Api, project: Project) -> None:
    """Whatever failed before."""
    make_trace(project.pk, sessions=["s"], status=2, error_count=1)
    make_trace(project.pk, sessions=["s"], status=0, end_ns=None)

    assert api.get("sessions/s")["status"] == "running"


@pytest.mark.parametrize("name", ["a/b/c", "a b?c#d", "ключ", "..", "x" * 200, "a\nb", '"%"'])
def test_a_session_may_be_called_anything(api: Api, project: Project, name: str) -> None:
    """Its id stands in the path as its sender wrote it."""
    make_trace(project.pk, sessions=[name])

    assert api.get(f"sessions/{quote(name, safe='')}")["session_id"] == name


def test_another_projects_session_does_not_exist(api: Api, outsider: Api, project: Project) -> None:
    """A stranger lists nothing, and gets the same 404 as for a session that never was."""
    make_trace(project.pk, sessions=["conv-1"])

    assert outsider.get("sessions")["results"] == []
    assert outsider.get("sessions/conv-1", status=404) == outsider.get("sessions/none", status=404)
    assert api.get("sessions/%00", status=404)["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    ("path", "asked", "field"),
    [
        ("sessions", {"limit": "1001"}, "limit"),
        ("sessions", {"cursor": "!"}, "cursor"),
        ("sessions", {"cursor": "AAAA"}, "cursor"),
        ("sessions", {"cursor": "AAAAAAAAAAD_"}, "cursor"),
        ("sessions", {"q": "nonsense:1"}, "q"),
        ("sessions/s", {"limit": "101"}, "limit"),
        ("sessions/s", {"cursor": "AAAA"}, "cursor"),
    ],
)
def test_a_wrong_parameter_is_named(api: Api, project: Project, path: str, asked: dict[str, Any], field: str) -> None:
    """400, with the parameter in `field`."""
    make_trace(project.pk, sessions=["s"])

    assert api.get(path, status=400, **asked)["error"]["field"] == field


@pytest.mark.parametrize(("path", "queries"), [("sessions", 1), ("sessions/conv-1", 4)])
def test_an_answer_takes_few_queries(
    api: Api, project: Project, django_assert_num_queries: DjangoAssertNumQueries, path: str, queries: int
) -> None:
    """However many turns there are: these, and three for the key, its use and its project."""
    for place in range(5):
        turn(project, "conv-1", f"question {place}", "answer", ago_s=600 - place)
    api.get(path)

    with django_assert_num_queries(queries + 3):
        api.get(path)
