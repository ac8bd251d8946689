"""The models page, one model, and how a figure came about."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from ecoa_web.accounts.models import Project
from tests.builders import Sent, send
from tests.pages.conftest import MODEL_CALL, outsider, owner, project, viewer
from traces.pages.models_table import models_table
from traces.queries.models import ModelRow

__all__ = ["outsider", "owner", "project", "viewer"]  # pytest finds fixtures by name
AGENT = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "triage"}
LOCAL = MODEL_CALL | {"gen_ai.provider.name": "ollama", "gen_ai.response.model": "org/llama 3.1"}
STREAMED = MODEL_CALL | {
    "gen_ai.response.time_to_first_chunk": 0.05,
    "gen_ai.usage.cache_read.input_tokens": 400,
    "gen_ai.usage.reasoning.output_tokens": 50,
}


@pytest.fixture
def called(project: Project) -> str:
    """A trace in which an agent calls a priced model twice, and a local one; its id."""
    return send(
        project.pk,
        [
            Sent(name="invoke_agent triage", id=1, attributes=AGENT),
            Sent(name="chat", id=2, parent=1, attributes=STREAMED),
            Sent(name="chat", id=3, parent=1, attributes=MODEL_CALL, error="RateLimit"),
            Sent(name="chat", id=4, parent=1, attributes=LOCAL),
        ],
    )


def page(client: Client, name: str, *args: str, **asked: str) -> str:
    answer = client.get(reverse(name, args=["shop", *args]), asked)
    assert answer.status_code == 200
    return answer.content.decode()


def figure(page: str, name: str) -> dict[str, Any]:
    """A chart's figure, from the page."""
    found = re.search(rf'<script id="chart-{name}" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert found
    return dict(json.loads(found[1]))


def rows(page: str) -> list[str]:
    return re.findall(r"<tr id=\"model-.*?<bdi>([^<]+)</bdi>", page, re.DOTALL)


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("", ["gpt-5-mini", "org/llama 3.1"]),
        ("model", ["gpt-5-mini", "org/llama 3.1"]),
        ("-model", ["org/llama 3.1", "gpt-5-mini"]),
        ("calls", ["org/llama 3.1", "gpt-5-mini"]),
        ("-unpriced", ["org/llama 3.1", "gpt-5-mini"]),
        ("nonsense", ["gpt-5-mini", "org/llama 3.1"]),
    ],
)
def test_models_are_sorted_by_the_address(called: str, viewer: Client, sort: str, order: list[str]) -> None:
    """The costliest first unless asked otherwise; what is unknown comes last."""
    assert rows(page(viewer, "models", **({"sort": sort} if sort else {}))) == order


def test_a_model_shows_its_tokens_by_bucket_and_leads_to_its_price(called: str, viewer: Client) -> None:
    """No token in two columns; what is unpriced leads to the form, filled in."""
    shown = page(viewer, "models")

    cells = re.findall(r'<td class="num">(.*?)</td>', shown, re.DOTALL)
    assert [re.sub(r"<[^>]+>", "", cell) for cell in cells[:8]] == [
        "2", "1", "1,600", "400", "\N{EN DASH}", "350", "50", "$0.0012",
    ]  # fmt: skip
    assert "settings/prices/?model=org%2Fllama+3.1&amp;provider=ollama#new" in shown


def test_finding_narrows_the_table(called: str, viewer: Client) -> None:
    """By a part of the name or of the provider, in any case."""
    assert rows(page(viewer, "models", find="LLAMA")) == ["org/llama 3.1"]
    assert rows(page(viewer, "models", find="openai")) == ["gpt-5-mini"]
    assert "No model of this range is called that" in page(viewer, "models", find="zebra")


def test_no_models_is_said_with_what_to_do(project: Project, viewer: Client) -> None:
    """An empty table explains itself."""
    assert "No model was called in this range" in page(viewer, "models")


def test_a_models_page_draws_tokens_and_cost_over_time(called: str, viewer: Client) -> None:
    """Stacked by bucket; cost with its unit; durations and first tokens as histograms."""
    shown = page(viewer, "model", "gpt-5-mini", provider="openai")

    tokens = figure(shown, "tokens")
    assert [sum(bar["y"]) for bar in tokens["data"]] == [400, 1600, 350, 50]
    assert "tokens each" in tokens["layout"]["yaxis"]["title"]["text"]
    assert sum(figure(shown, "cost")["data"][0]["y"]) == pytest.approx(0.00121)
    assert sum(figure(shown, "durations")["data"][0]["y"]) == 2
    assert sum(figure(shown, "ttft")["data"][0]["y"]) == 1
    assert "triage" in shown


def test_a_model_may_be_called_anything(called: str, viewer: Client) -> None:
    """Slashes and spaces too; a provider that never served it is not found, nor is a model that never was."""
    assert "org/llama 3.1" in page(viewer, "model", "org/llama 3.1", provider="ollama")
    for name, provider in (("org/llama 3.1", "openai"), ("gpt-5", "openai"), ("gpt\x005", "openai")):
        assert viewer.get(reverse("model", args=["shop", name]), {"provider": provider}).status_code == 404


def test_a_cost_is_explained_by_model_and_bucket(called: str, viewer: Client) -> None:
    """Of the whole range, of an agent, of a model; what has no price says so."""
    whole, agent = page(viewer, "costs"), page(viewer, "costs", agent="triage")
    model, nobody = page(viewer, "costs", model="gpt-5-mini"), page(viewer, "costs", agent="nobody")

    for shown in (whole, agent):
        assert "<b>$0.00121</b>" in shown and "1 unpriced call" in shown
        assert "There is no price for it" in shown
    assert re.search(r"Cached input</td><td class=\"num\">400</td><td class=\"num\">\$0.025", whole)
    assert "org/llama" not in model
    assert "No model call in this range" in nobody


def test_a_traces_cost_is_explained_call_by_call(called: str, viewer: Client) -> None:
    """Every counted call with its tokens, price row and cost, and the sum; each leads to its span."""
    shown = page(viewer, "trace-costs", called)

    assert "the sum over 3 model calls" in shown
    assert f"/p/shop/traces/{called}/?span=0000000000000002" in shown
    assert "<b>$0.00121</b>" in shown
    assert shown.count("unpriced") >= 2
    assert f'href="/p/shop/traces/{called}/costs/"' in page(viewer, "trace", called)


def test_an_outsider_finds_none_of_it(called: str, outsider: Client) -> None:
    """Another project's models and costs do not exist."""
    addresses = [
        reverse("models", args=["shop"]),
        reverse("model", args=["shop", "gpt-5-mini"]) + "?provider=openai",
        reverse("costs", args=["shop"]),
        reverse("trace-costs", args=["shop", called]),
        reverse("trace-costs", args=["elsewhere", called]),
        reverse("model", args=["elsewhere", "gpt-5-mini"]) + "?provider=openai",
    ]

    assert [outsider.get(address).status_code for address in addresses] == [404] * 6


@pytest.mark.parametrize(
    ("name", "args", "queries"), [("models", [], 11), ("model", ["gpt-5-mini"], 16), ("costs", [], 12)]
)
def test_pages_ask_a_fixed_number_of_queries(
    called: str,
    viewer: Client,
    django_assert_num_queries: DjangoAssertNumQueries,
    name: str,
    args: list[str],
    queries: int,
) -> None:
    """However many models there are."""
    with django_assert_num_queries(queries):
        page(viewer, name, *args, **({"provider": "openai"} if args else {}))


def test_unknown_values_come_last_whichever_way_it_is_sorted() -> None:
    """A model without cost is neither the cheapest nor the costliest."""
    priced, unpriced = row("a", cost=1.0), row("b", cost=None)

    for sort in ("cost", "-cost"):
        assert [line.row.model for line in models_table([unpriced, priced], sort=sort).lines] == ["a", "b"]


def row(model: str, *, cost: float | None) -> ModelRow:
    return ModelRow(
        model=model,
        provider=None,
        calls=1,
        errors=0,
        input_tokens=None,
        output_tokens=None,
        cache_read_tokens=None,
        cache_write_tokens=None,
        reasoning_tokens=None,
        cost_usd=cost,
        unpriced_calls=0,
        p50_ms=None,
        p95_ms=None,
        ttft_p50_ms=None,
        ttft_p95_ms=None,
    )
