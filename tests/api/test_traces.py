"""The API of traces: lists, one trace, one span."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from ecoa_web.accounts.models import Membership, Project, User
from tests.api.conftest import Api
from tests.builders import Sent, make_span, make_trace, send

LISTED = [
    "trace_id", "name", "status", "start_time", "duration_ms", "span_count", "error_count", "input_tokens",
    "output_tokens", "cost_usd", "agents", "models", "service", "session_id", "user_id", "root_missing",
]  # fmt: skip
SPAN = [
    "span_id", "parent_span_id", "name", "kind", "status", "agent", "agent_inherited", "model", "request_model",
    "provider", "tool", "service", "session_id", "user_id", "start_ns", "end_ns", "duration_ms", "self_ms", "critical",
    "attempt", "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens",
    "usage_counted", "cost_usd", "ttft_ms", "error", "error_origin", "pending",
]  # fmt: skip
MODEL = "gpt-5-mini-2025-08-07"


def test_a_list_shows_each_trace_as_the_contract_says(api: Api, order: str) -> None:
    """Exactly the promised fields, with tokens and names summed over the trace."""
    page = api.get("traces")

    assert list(page) == ["results", "next"]
    assert page["next"] is None
    [row] = page["results"]
    assert list(row) == LISTED
    assert row | {"start_time": None} == {
        "trace_id": order,
        "name": "invoke_workflow order",
        "status": "ok",  # its root ended well, though a tool failed
        "start_time": None,
        "duration_ms": 1000.0,
        "span_count": 5,
        "error_count": 2,
        "input_tokens": 100,
        "output_tokens": 20,
        "cost_usd": 0.00005825,
        "agents": ["triage"],
        "models": [MODEL],
        "service": "shop",
        "session_id": "conv-1",
        "user_id": "ada",
        "root_missing": False,
    }
    assert row["start_time"].endswith("Z")
    assert "." in row["start_time"]


def test_a_trace_has_its_spans_by_start(api: Api, order: str) -> None:
    """Exactly the promised fields, the spans placed in their tree, whose agent comes from above."""
    trace = api.get(f"traces/{order}")

    assert list(trace) == [*LISTED, "sessions", "users", "seq", "truncated", "spans"]
    assert (trace["sessions"], trace["users"], trace["truncated"]) == (["conv-1"], ["ada"], False)
    assert all(list(span) == SPAN for span in trace["spans"])
    root, agent, chat, first, second = trace["spans"]
    assert [span["kind"] for span in trace["spans"]] == ["pipeline", "agent", "llm", "tool", "tool"]
    assert root["parent_span_id"] is None
    assert second["span_id"] == "fffffffffffffffb"
    assert {span["parent_span_id"] for span in (chat, first, second)} == {agent["span_id"]} == {"0000000000000002"}
    assert (agent["agent"], agent["agent_inherited"]) == ("triage", False)
    assert (chat["agent"], chat["agent_inherited"]) == ("triage", True)
    assert int(root["end_ns"]) - int(root["start_ns"]) == 10**9
    assert (root["self_ms"], agent["self_ms"]) == (200.0, 200.0)
    assert all(span["critical"] for span in trace["spans"])
    assert [span["attempt"] for span in (first, second)] == [1, 2]


def test_a_model_call_shows_its_tokens(api: Api, order: str) -> None:
    """Input includes what was cached, output what was reasoned; unknown is null."""
    chat = api.get(f"traces/{order}")["spans"][2]

    assert (chat["input_tokens"], chat["cache_read_tokens"], chat["cache_write_tokens"]) == (100, 30, None)
    assert (chat["output_tokens"], chat["reasoning_tokens"]) == (20, 5)
    assert chat["usage_counted"] is True
    assert (chat["model"], chat["request_model"], chat["provider"]) == (MODEL, "gpt-5-mini", "openai")


def test_an_error_says_its_type_and_where_it_began(api: Api, order: str) -> None:
    """Type and message, on the span where it began; null on a span that did not fail."""
    spans = api.get(f"traces/{order}")["spans"]

    assert spans[3]["error"] == {"type": "PaymentError", "message": "it broke"}
    assert spans[3]["error_origin"] is True
    assert spans[2]["error"] is None


def test_only_what_was_written_since_is_sent(api: Api, project: Project) -> None:
    """A page that has a trace up to its seq pulls only newer spans, and at the newest seq none."""
    trace = send(project.pk, [Sent(name="child", id=2, parent=1)])
    seq = api.get(f"traces/{trace}")["seq"]
    send(project.pk, [Sent(name="root", id=1)], trace_id=trace)

    newer = api.get(f"traces/{trace}", after=seq)

    assert [span["name"] for span in newer["spans"]] == ["root"]
    assert newer["seq"] > seq
    assert api.get(f"traces/{trace}", after=newer["seq"])["spans"] == []


def test_an_unchanged_trace_is_not_sent_again(api: Api, order: str) -> None:
    """With the ETag of before, a trace and its skeleton answer 304 and nothing else."""
    for path in (f"traces/{order}", f"traces/{order}/skeleton"):
        etag = api.raw(path).headers["ETag"]

        again = api.raw(path, headers={"If-None-Match": etag})

        assert (again.status_code, again.content) == (304, b"")
        assert api.raw(path, headers={"If-None-Match": 'W/"0-ok"'}).status_code == 200


def test_a_skeleton_holds_the_same_spans_in_columns(api: Api, order: str) -> None:
    """Every column is as long as there are spans, and its texts are places in the table of strings."""
    trace = api.get(f"traces/{order}")
    skeleton = api.get(f"traces/{order}/skeleton")

    columns, strings = skeleton["columns"], skeleton["strings"]
    assert {len(column) for column in columns.values()} == {5}
    assert columns["id"] == [span["span_id"] for span in trace["spans"]]
    assert columns["parent"] == [span["parent_span_id"] for span in trace["spans"]]
    assert [strings[place] for place in columns["name"]] == [span["name"] for span in trace["spans"]]
    assert [None if place is None else strings[place] for place in columns["agent"]] == [
        span["agent"] for span in trace["spans"]
    ]
    starts = [int(skeleton["start_ns"]) + offset for offset in columns["start"]]
    assert starts == [int(span["start_ns"]) for span in trace["spans"]]
    assert columns["input_tokens"] == [span["input_tokens"] for span in trace["spans"]]
    assert len(set(strings)) == len(strings)
    assert api.get(f"traces/{order}/skeleton", after=skeleton["seq"])["columns"]["id"] == []


def test_a_span_is_shown_whole(api: Api, order: str) -> None:
    """Attributes, resource, scope, events, links, messages and where each field was read from."""
    span = api.get(f"traces/{order}/spans/0000000000000003")

    place = {"self_ms", "critical", "error_origin"}
    more = ["attributes", "resource", "scope", "events", "links", "messages", "mapping", "warnings", "pricing"]
    assert list(span) == [*(name for name in SPAN if name not in place), *more]
    assert span["attributes"]["gen_ai.usage.input_tokens"] == 100
    assert span["resource"] == {"service.name": "shop"}
    assert span["scope"]["name"] == "tests"
    assert list(span["messages"]) == ["system", "input", "output"]
    assert span["messages"]["input"][0]["parts"] == [{"type": "text", "text": "Where is my order?"}]
    assert span["messages"]["output"][0]["finish_reason"] == "stop"
    assert span["mapping"]["model"] == "gen_ai.response.model"


def test_a_failed_span_keeps_its_exception(api: Api, order: str) -> None:
    """Events come with their time and attributes."""
    [event] = api.get(f"traces/{order}/spans/fffffffffffffffb")["events"]

    assert event["name"] == "exception"
    assert event["attributes"]["exception.type"] == "PaymentError"
    assert int(event["time_ns"]) > 0


def test_a_span_outlives_its_batch(api: Api, project: Project) -> None:
    """When its batch is no longer kept, its row is shown, with a warning."""
    trace = make_trace(project.pk)
    make_span(project.pk, trace, span_id=7, name="old")

    span = api.get(f"traces/{trace}/spans/0000000000000007")

    assert (span["name"], span["scope"], span["attributes"]) == ("old", None, {})
    assert span["warnings"] == ["batch_not_kept"]


def test_the_compact_form_has_a_line_for_each_time_an_agent_worked(api: Api, order: str) -> None:
    """With the tokens of its own model calls and the error it ended with."""
    compact = api.get(f"traces/{order}/agents")

    assert compact["trace_id"] == order
    [line] = compact["spans"]
    assert abs(line.pop("start_time") - (time.time() - 60)) < 60
    assert line == {
        "agent": "triage",
        "duration_ms": 800.0,
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "error": None,
    }


@pytest.mark.parametrize("part", ["", "/skeleton", "/agents", "/spans/0000000000000001"])
def test_another_projects_trace_does_not_exist(order: str, outsider: Api, part: str) -> None:
    """A stranger's key gets the same 404 as for a trace that never was."""
    answer = outsider.get(f"traces/{order}{part}", status=404)

    assert answer == outsider.get(f"traces/{'0' * 31}1{part}", status=404)
    assert answer["error"]["code"] == "not_found"


def test_an_outsider_lists_nothing(order: str, outsider: Api) -> None:
    """A project's list holds its own traces only."""
    assert outsider.get("traces")["results"] == []


@pytest.mark.parametrize("name", ["zz", "0" * 31, "g" * 32, "a" * 33])
def test_what_cannot_be_an_id_is_found_nowhere(api: Api, order: str, name: str) -> None:
    """A malformed trace or span id is a 404 in the API's own form."""
    assert api.get(f"traces/{name}", status=404)["error"]["code"] == "not_found"
    assert api.get(f"traces/{order}/spans/{name}", status=404)["error"]["code"] == "not_found"


def test_ids_may_be_written_in_capitals(api: Api, order: str) -> None:
    """Hex digits have no case."""
    assert api.get(f"traces/{order.upper()}")["trace_id"] == order


def test_pages_hold_each_trace_once_while_new_ones_arrive(api: Api, project: Project) -> None:
    """Newest first; a trace that arrives between two pages moves nothing; equal starts are told apart."""
    start = time.time_ns() - 10**9
    made = {make_trace(project.pk, start_ns=start - place // 3) for place in range(10)}

    seen: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = api.get("traces", limit=3, cursor=cursor or "")
        seen += page["results"]
        cursor = page["next"]
        make_trace(project.pk, start_ns=start + 1)
        if cursor is None:
            break

    assert len(seen) == 10
    assert {row["trace_id"] for row in seen} == made
    assert [row["start_time"] for row in seen] == sorted((row["start_time"] for row in seen), reverse=True)


def test_a_window_is_half_open(api: Api, project: Project) -> None:
    """A trace that starts at `start` is in, one that starts at `end` is not; the default is the last 24 hours."""
    hour = 3_600 * 10**9
    at_noon = 1_700_000_000 * 10**9 // hour * hour
    first, second = (make_trace(project.pk, start_ns=at_noon + place * hour) for place in range(2))

    def found(start: str = "", end: str = "") -> list[str]:
        return [row["trace_id"] for row in api.get("traces", start=start, end=end)["results"]]

    assert found("2023-11-14T22:00:00Z", "2023-11-14T23:00:00Z") == [first]
    assert found("2023-11-14T23:00:00Z", "2023-11-15T00:00:00+00:00") == [second]
    assert found() == []


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"limit": "٣"}, "limit"),
        ({"start": "yesterday"}, "start"),
        ({"end": "-1y"}, "end"),
        ({"start": "-1h", "end": "-2h"}, "start"),
        ({"start": "9999-12-31T00:00:00Z"}, "start"),
        ({"start": "-999999w"}, "start"),
        ({"cursor": "!"}, "cursor"),
        ({"cursor": "AAAA"}, "cursor"),
        ({"q": "nonsense:1"}, "q"),
        ({"q": "duration>3"}, "q"),
    ],
)
def test_a_wrong_parameter_is_named(api: Api, asked: dict[str, Any], field: str) -> None:
    """400, with the parameter in `field` and words in `message`."""
    error = api.get("traces", status=400, **asked)["error"]

    assert error["field"] == field
    assert error["message"]


def test_a_wrong_filter_says_where_and_what_was_expected(api: Api) -> None:
    """The position in `q`, in characters, and what could have stood there."""
    error = api.get("traces", status=400, q="status:ok (agent:x")["error"]

    assert error["code"] == "invalid_filter"
    assert error["position"] == 18
    assert ")" in error["expected"]


def test_times_far_away_are_no_failure(api: Api) -> None:
    """A window that ends past what nanoseconds can count is cut, not refused."""
    assert api.get("traces", start="1971-01-01T00:00:00Z", end="8999-01-01T00:00:00Z")["results"] == []


ROUTES = ["traces", "sessions", "agents", "latency", "models", "ingest", "schema/"]


@pytest.mark.django_db
@pytest.mark.parametrize("route", ROUTES)
def test_without_a_key_nothing_is_told(route: str) -> None:
    """401 with a challenge, in the API's own form."""
    answer = Client().get(f"/api/v1/{route}")

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["error"]["code"] == "not_authenticated"


@pytest.mark.parametrize("route", [route for route in ROUTES if route != "schema/"])
def test_a_key_that_may_only_send_reads_nothing(sender: Api, route: str) -> None:
    """403, naming the scope."""
    assert "read" in sender.get(route, status=403)["error"]["message"]


def test_a_person_reads_with_their_session(project: Project, order: str) -> None:
    """A viewer's cookie does for the API what a key does; of a project they are not in there is nothing."""
    person = User.objects.create_user("ada@example.com")
    Membership.objects.create(user=person, project=project)
    Project.objects.create(slug="elsewhere", name="Elsewhere")
    browser = Client()
    browser.force_login(person)

    assert browser.get("/api/v1/traces").json()["results"][0]["trace_id"] == order
    assert browser.get("/api/v1/traces", {"project": "shop"}).status_code == 200
    assert browser.get("/api/v1/traces", {"project": "elsewhere"}).status_code == 404


@pytest.mark.parametrize(
    ("path", "queries"),
    [("traces", 1), ("traces/{}", 2), ("traces/{}/skeleton", 2), ("traces/{}/agents", 2), ("traces/{}/spans/{}", 7)],
)
def test_an_answer_takes_few_queries(
    api: Api, order: str, django_assert_num_queries: DjangoAssertNumQueries, path: str, queries: int
) -> None:
    """However many spans there are: these, and three for the key, its use and its project."""
    path = path.format(order, "0000000000000003")
    api.get(path)

    with django_assert_num_queries(queries + 3):
        api.get(path)
