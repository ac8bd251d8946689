"""What the API and the traces page say of a search for text."""

from __future__ import annotations

import json

import pytest

from ecoa_web.accounts.models import Project, Scope
from tests.api.conftest import Api, api_of
from tests.builders import Sent, send


@pytest.fixture
def project(db: None) -> Project:
    return Project.objects.create(slug="shop", name="Shop")


@pytest.fixture
def api(project: Project) -> Api:
    return api_of(project, Scope.READ)


def test_a_phrase_is_found_with_its_signs_and_lines(api: Api, project: Project) -> None:
    """Quoted whole, as it stands in a message."""
    text = 'She said: "charge\\it" to the card of ORD-1001 (49.90 €)\nGrüße, 📦'
    message = json.dumps([{"role": "user", "parts": [{"type": "text", "content": text}]}])
    trace = send(project.pk, [Sent(name="chat", id=1, attributes={"gen_ai.input.messages": message})])
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')

    answer = api.get("traces", q=f'text:"{quoted}"')

    assert [row["trace_id"] for row in answer["results"]] == [trace]
    assert answer["search"] == {"complete": True, "back_to": None, "unindexed_batches": 1}
    assert api.get("traces", q=f'not text:"{quoted}"')["results"] == []
    assert api.get("traces", q='text:"the card of ORD-1002"')["results"] == []


def test_a_list_without_text_says_nothing_of_a_search(api: Api) -> None:
    """It is complete as it is."""
    assert set(api.get("traces", q="status:ok")) == {"results", "next"}


def test_a_text_without_a_word_is_refused(api: Api) -> None:
    """With its place."""
    error = api.get("traces", q='status:ok text:"?!"', status=400)["error"]

    assert (error["field"], error["position"]) == ("q", 10)


def test_an_outsider_finds_nothing(project: Project) -> None:
    """Texts of other projects are never searched."""
    send(project.pk, [Sent(name="secret plan", id=1)])
    other = api_of(Project.objects.create(slug="other", name="Other"), Scope.READ)

    assert other.get("traces", q="text:secret")["results"] == []
