"""Junk over HTTP: every answer names a mistake of the caller's, none is a failure of ours."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from ecoa_web.accounts.models import Project, Scope
from pipelines.verbs import engine
from tests.pipelines_api.conftest import Caller, machine
from tests.pipelines_api.working import direct

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.reviews.stored import Asked

pytestmark = pytest.mark.slow  # hundreds of odd requests
NOBODY = "018f0000-0000-7000-8000-000000000000"
DEEP = "[" * 100_000 + "]" * 100_000
BODIES = [
    "",
    "null",
    "[]",
    '"text"',
    "1e999",
    "NaN",
    "{",
    "\ufeff{}",
    DEEP,
    '{"a":' * 5_000 + "1" + "}" * 5_000,
    "9" * 10_000,
    b"\xff\xfe",
]
ODD: list[Any] = [
    None,
    True,
    -1,
    0,
    2**63,
    10**400,
    1.5,
    float("nan"),
    float("inf"),
    "",
    "a\0b",
    "\ud800",
    "é🙂" * 200,
    "x" * 30_000,
    [],
    {},
    [None],
    {"a": {"b": []}},
    {"$ecoa": "datetime", "v": "junk"},
    {"$ecoa": 5},
]
START = {"pipeline": direct.name, "input": "abc"}
STEER = {"idempotency_key": "k", "priority": 1, "path": "ship", "at": "ship", "reason": "r", "name": "n", "key": "k"}


@pytest.fixture
def project(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    monkeypatch.setenv("ECOA_PROJECT", "shop")
    yield Project.objects.create(slug="shop", name="Shop")
    engine.close()


def send(caller: Caller, path: str, body: object, *, content_type: str = "application/json") -> int:
    """The status of an answer; one of 500 and more fails the test."""
    raw = body if isinstance(body, str | bytes) else json.dumps(body)
    answer = caller.client.post(f"/api/v1/{path}", raw, content_type=content_type, headers=caller.headers)
    assert answer.status_code < 500, (path, str(body)[:100], answer.content[:300])
    return int(answer.status_code)


def places(run: str, review: str) -> list[str]:
    runs = [f"runs/{run}/{verb}" for verb in ("cancel", "retry", "fork", "release", "signal")]
    return [
        "runs",
        *runs,
        f"reviews/{review}/claim",
        f"reviews/{review}/decision",
        "breakers/b/open",
        "breakers/b/close",
    ]


def test_bodies_that_are_no_objects_are_refused(project: Project) -> None:
    """What is no JSON object, or is nested without end, is a mistake of the caller's."""
    caller = machine(project, Scope.RUN, Scope.REVIEW)

    codes = {send(caller, place, body) for place in ("runs", f"reviews/{NOBODY}/decision") for body in BODIES}

    assert min(codes) >= 400


@pytest.mark.parametrize(
    "field", ["pipeline", "input", "idempotency_key", "priority", "nonsense", "timeout", "session"]
)
def test_odd_fields_of_a_start_never_fail_us(project: Project, field: str) -> None:
    """A start with any value in any field is taken or refused."""
    caller = machine(project, Scope.RUN)

    for odd in ODD:
        send(caller, "runs", {**START, field: odd})


def test_odd_fields_of_steering_never_fail_us(project: Project) -> None:
    """A verb on a run with any value in any field is done or refused."""
    caller = machine(project, Scope.RUN)
    run = caller.post("runs", START, code=201)["id"]

    fields = {"release": "paths", "fork": "effects", "signal": "value", "retry": "path", "cancel": "reason"}
    for verb, own in fields.items():
        for field in (own, "at", "input", "key"):
            for odd in ODD[::2]:
                send(caller, f"runs/{run}/{verb}", {**STEER, "effects": {}, field: odd})


def test_odd_fields_of_a_decision_never_fail_us(asked: Asked, ann: Caller) -> None:
    """A decision with any value in any field is refused or counted, and the request can still be looked at."""
    for field in ("decision", "version", "output", "comment", "digest"):
        for odd in ODD:
            send(ann, f"reviews/{asked.review}/decision", {"decision": "edit", "version": 1, "output": 1, field: odd})
            send(ann, f"reviews/{asked.review}/claim", {field: odd})

    ann.get(f"reviews/{asked.review}")


@pytest.mark.parametrize("place", ["runs", "reviews", "pipelines", "breakers"])
def test_odd_questions_never_fail_us(project: Project, place: str) -> None:
    """A list asked for with any value of any parameter answers or refuses."""
    caller = machine(project, Scope.RUN, Scope.REVIEW, Scope.READ)
    names = ("cursor", "limit", "status", "pipeline", "run", "group", "since", "before", "after", "q", "claimed_by")

    for name in names:
        for odd in (
            "",
            "\0",
            "-1",
            "9" * 50,
            "x" * 5_000,
            "'",
            "é🙂",
            "e30=",
            "W10=",
            "bnVsbA==",
            "2020-13-45",
            NOBODY,
        ):
            answer = caller.client.get(f"/api/v1/{place}", {name: odd}, headers=caller.headers)
            assert answer.status_code < 500, (place, name, odd[:50], answer.content[:300])


def test_odd_names_in_paths_never_fail_us(project: Project) -> None:
    """A name of any character leads to a thing or to nothing."""
    caller = machine(project, Scope.RUN, Scope.REVIEW, Scope.READ)

    for name in ("%00", "%0A", "%ED%A0%80", "%FF", "..%2F..", "a%2Fb", "%F0%9F%99%82", "x" * 3_000, "[1].b@2"):
        for place in (f"pipelines/{name}", f"runs/{name}", f"reviews/{name}", f"breakers/{name}/open"):
            answer = caller.client.get(f"/api/v1/{place}", headers=caller.headers)
            assert answer.status_code < 500, (place, answer.content[:300])
            send(caller, place, {})


def test_other_kinds_of_bodies_are_refused(project: Project) -> None:
    """Forms and text are not JSON."""
    caller = machine(project, Scope.RUN)

    for kind in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "application/xml",
    ):
        assert 400 <= send(caller, "runs", "a=b", content_type=kind) < 500


def test_keys_without_the_scope_change_nothing(project: Project) -> None:
    """A key that may only write traces, and nobody at all, are refused everywhere."""
    strangers = [
        machine(project, Scope.INGEST),
        Caller(Client(), {}),
        Caller(Client(), {"Authorization": "Bearer \u00e9"}),
    ]

    for place in places(NOBODY, NOBODY):
        assert {send(caller, place, START) for caller in strangers} <= {401, 403, 404}
