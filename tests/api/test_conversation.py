"""A trace's transcript over the API: bounded, fresh, and nobody else's."""

from __future__ import annotations

import json

import pytest
from pytest_django import DjangoAssertNumQueries

from ecoa_web.accounts.models import Project
from tests.api.conftest import CHAT, Api
from tests.builders import Sent, make_span, make_trace, send
from traces.span import Kind


def many_calls(project: Project, calls: int) -> str:
    """A trace of an agent that asks its model so many times, each time with the whole history; its id."""
    named = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "clerk"}
    sent = [Sent(name="invoke_agent clerk", id=1, duration_ms=calls * 10, attributes=named)]
    history: list[dict[str, object]] = []
    for n in range(calls):
        history.append({"role": "user", "parts": [{"type": "text", "content": f"question {n}"}]})
        answer: dict[str, object] = {"role": "assistant", "parts": [{"type": "text", "content": f"answer {n}"}]}
        told: dict[str, str | int | float | bool] = {
            "gen_ai.input.messages": json.dumps(history),
            "gen_ai.output.messages": json.dumps([answer]),
        }
        sent.append(Sent(name="chat", id=n + 2, parent=1, start_ms=n * 10, duration_ms=5, attributes=CHAT | told))
        history.append(answer)
    return send(project.pk, sent)


def test_a_trace_reads_as_a_transcript(api: Api, order: str) -> None:
    """The agent's thread with its question, its answer and its failed tools; usage and spans to look at."""
    told = api.get(f"traces/{order}/conversation")

    assert (told["trace_id"], told["calls"], told["all_calls"], told["truncated"]) == (order, 1, 1, False)
    [agent] = told["entries"]
    assert (agent["agent"], agent["calls"], agent["input_tokens"], agent["span_id"][-1]) == ("triage", 1, 100, "2")
    kinds = [(entry["type"], entry.get("role") or entry["name"]) for entry in agent["entries"]]
    assert kinds == [("message", "user"), ("message", "assistant"), ("tool", "refund"), ("tool", "refund")]
    assert agent["entries"][0]["parts"] == [{"type": "text", "text": "Where is my order?"}]
    assert agent["entries"][2]["error"]["type"] == "PaymentError"
    assert agent["entries"][2]["duration_ms"] == 100.0


def test_a_long_trace_is_read_as_far_as_asked(api: Api, project: Project) -> None:
    """The first calls, 200 unless told; the rest by asking for more."""
    trace = many_calls(project, 205)

    first = api.get(f"traces/{trace}/conversation")
    whole = api.get(f"traces/{trace}/conversation", calls=300)

    assert (first["calls"], first["all_calls"], first["truncated"]) == (200, 205, True)
    assert (whole["calls"], whole["truncated"]) == (205, False)
    assert len(first["entries"][0]["entries"]) == 400
    texts = [entry["parts"][0]["text"] for entry in whole["entries"][0]["entries"]]
    assert texts == [f"{word} {n}" for n in range(205) for word in ("question", "answer")]


def test_words_that_are_no_longer_kept_are_counted(api: Api, project: Project) -> None:
    """A trace outlives its batches: then there is nothing to read, and the answer says so."""
    trace = make_trace(project.pk)
    make_span(project.pk, trace, kind=int(Kind.LLM))

    told = api.get(f"traces/{trace}/conversation")

    assert (told["entries"], told["unread_spans"]) == ([], 1)


def test_an_unchanged_trace_is_not_read_again(api: Api, order: str) -> None:
    """Its ETag is that of the trace."""
    answer = api.raw(f"traces/{order}/conversation")

    again = api.raw(f"traces/{order}/conversation", headers={"If-None-Match": answer.headers["ETag"]})

    assert again.status_code == 304


def test_another_projects_transcript_does_not_exist(outsider: Api, order: str) -> None:
    """A stranger's key gets the same 404 as for a trace that never was."""
    answer = outsider.get(f"traces/{order}/conversation", status=404)

    assert answer == outsider.get(f"traces/{'0' * 31}1/conversation", status=404)


@pytest.mark.parametrize("calls", ["0", "1001", "many"])
def test_how_many_calls_is_bounded(api: Api, order: str, calls: str) -> None:
    """1 to 1,000."""
    assert api.get(f"traces/{order}/conversation", status=400, calls=calls)["error"]["field"] == "calls"


def test_a_transcript_takes_few_queries(
    api: Api, project: Project, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """However many calls there are: its row, its spans, their log records, their batches; and three for the key."""
    trace = many_calls(project, 30)
    api.get(f"traces/{trace}/conversation")

    with django_assert_num_queries(4 + 3):
        api.get(f"traces/{trace}/conversation")
