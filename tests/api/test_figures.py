"""The API of figures: agents, latency, models, ingest."""

from __future__ import annotations

import json
import random
import time
from statistics import quantiles
from typing import Any

import psycopg
import pytest
from pytest_django import DjangoAssertNumQueries

from ecoa_web.accounts.models import Project
from tests.api.conftest import CHAT, Api
from tests.builders import Sent, conninfo, send
from traces.rollups.fold import fold

AGENT = [
    "agent", "calls", "errors", "timeouts", "error_rate", "p50_ms", "p90_ms", "p95_ms", "p99_ms", "mean_ms",
    "input_tokens", "output_tokens", "cost_usd", "critical_share",
]  # fmt: skip
MODEL = [
    "model", "provider", "calls", "errors", "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens",
    "reasoning_tokens", "cost_usd", "unpriced_calls", "p50_ms", "p95_ms",
    "ttft_p50_ms", "ttft_p95_ms",
]  # fmt: skip
LATENCY = ["group", "calls", "errors", "p50_ms", "p90_ms", "p95_ms", "p99_ms", "mean_ms", "histogram"]
LEDGER = [
    "received_spans", "stored_spans", "duplicate_spans", "rejected_spans", "pending_batches", "oldest_pending_s",
    "dead_letters", "log_records",
]  # fmt: skip
COST = 0.00005825  # gpt-5-mini: 70 at $0.25 a million, 30 cached at $0.025, 20 at $2
ASK_AGENT = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "triage"}


def test_an_agent_has_its_own_calls_and_its_model_calls_tokens(api: Api, order: str) -> None:
    """Calls, errors and percentiles of its own spans; tokens of the calls attributed to it; exactly these fields."""
    [agent] = api.get("agents")["results"]

    assert list(agent) == AGENT
    assert (agent["agent"], agent["calls"], agent["errors"], agent["timeouts"], agent["error_rate"]) == (
        "triage", 1, 0, 0, 0.0,
    )  # fmt: skip
    assert (agent["input_tokens"], agent["output_tokens"], agent["cost_usd"]) == (100, 20, COST)
    assert agent["p50_ms"] == pytest.approx(800, rel=0.01)
    assert agent["mean_ms"] == pytest.approx(800)
    assert agent["critical_share"] == pytest.approx(0.8)


def test_percentiles_are_within_a_percent(api: Api, project: Project) -> None:
    """Whatever the durations are, over as many traces as there are."""
    chance = random.Random(7)
    durations = [round(chance.lognormvariate(6, 1), 3) for _ in range(300)]
    spans = [
        Sent(name="invoke_agent triage", id=place + 1, duration_ms=duration, attributes=ASK_AGENT)
        for place, duration in enumerate(durations)
    ]
    send(project.pk, spans)

    [agent] = api.get("agents")["results"]

    cuts = quantiles(durations, n=100, method="inclusive")
    for field, cut in (("p50_ms", 50), ("p90_ms", 90), ("p95_ms", 95), ("p99_ms", 99)):
        assert agent[field] == pytest.approx(cuts[cut - 1], rel=0.01)
    assert agent["calls"] == 300


@pytest.mark.parametrize(
    ("group_by", "groups"),
    [
        ("agent", {"triage": 1}),
        ("kind", {"pipeline": 1, "agent": 1, "llm": 1, "tool": 2}),
        ("model", {"gpt-5-mini-2025-08-07": 1}),
        ("tool", {"refund": 2}),
        ("service", {"shop": 5}),
        ("version", {}),
    ],
)
def test_latency_is_grouped(api: Api, order: str, group_by: str, groups: dict[str, int]) -> None:
    """Each group with its calls, percentiles and a histogram that counts all of them."""
    rows = api.get("latency", group_by=group_by)["results"]

    assert {row["group"]: row["calls"] for row in rows} == groups
    for row in rows:
        assert list(row) == LATENCY
        assert sum(slot["count"] for slot in row["histogram"]) == row["calls"]
        edges = [slot["le_ms"] for slot in row["histogram"]]
        assert edges == sorted(edges)
        assert edges[-1] >= row["p99_ms"]


def test_a_model_has_its_calls_and_tokens(api: Api, order: str) -> None:
    """Exactly the promised fields; every token at its own price."""
    [model] = api.get("models")["results"]

    assert list(model) == MODEL
    assert model | {"p50_ms": None, "p95_ms": None} == {
        "model": "gpt-5-mini-2025-08-07",
        "provider": "openai",
        "calls": 1,
        "errors": 0,
        "input_tokens": 100,
        "output_tokens": 20,
        "cache_read_tokens": 30,
        "cache_write_tokens": None,
        "reasoning_tokens": 5,
        "cost_usd": COST,
        "unpriced_calls": 0,
        "p50_ms": None,
        "p95_ms": None,
        "ttft_p50_ms": None,
        "ttft_p95_ms": None,
    }
    assert model["p50_ms"] == pytest.approx(300, rel=0.01)


def test_a_call_without_a_price_is_unpriced_and_never_free(api: Api, project: Project) -> None:
    """It is counted as such, and its model costs nothing known."""
    asks = CHAT | {"gen_ai.provider.name": "ollama", "gen_ai.response.model": "llama3.1"}
    send(project.pk, [Sent(name="chat", id=1, attributes=asks)])

    [model] = api.get("models")["results"]

    assert (model["model"], model["calls"], model["unpriced_calls"], model["cost_usd"]) == ("llama3.1", 1, 1, None)


def test_a_model_has_its_time_to_the_first_token(api: Api, project: Project) -> None:
    """Over the calls that told it, within a percent, also after folding and whatever else was called."""
    for place, seconds in enumerate((0.1, 0.2, 0.9, None)):
        told = {} if seconds is None else {"gen_ai.response.time_to_first_chunk": seconds}
        send(project.pk, [Sent(name="chat", id=place + 1, duration_ms=2000, attributes=CHAT | told)])
    unfolded = api.get("models")["results"]

    with psycopg.connect(conninfo(), autocommit=True) as conn:
        fold(conn, now_minute=int(time.time()) // 60)
    [model] = api.get("models")["results"]

    assert [model] == unfolded
    assert model["ttft_p50_ms"] == pytest.approx(200, rel=0.01)
    assert model["ttft_p95_ms"] == pytest.approx(830, rel=0.01)


def test_figures_can_be_filtered(api: Api, project: Project, order: str) -> None:
    """By what rollups are kept for: service, agent, model, kind, tool and the like, with or, not and wildcards."""
    send(project.pk, [Sent(name="chat", id=1, attributes=CHAT)], service="bank")

    def tokens(q: str) -> int:
        return sum(row["input_tokens"] for row in api.get("models", q=q)["results"])

    assert tokens('service:"shop"') == 100
    assert tokens('service:"shop" or service:bank') == 200
    assert tokens("service:*") == 200
    assert tokens("agent:triage") == 100
    assert tokens("not agent:triage") == 100
    assert tokens("agent!=triage service:bank model:gpt*") == 100
    assert tokens("service:nowhere") == 0


@pytest.mark.parametrize("route", ["agents", "latency", "models"])
@pytest.mark.parametrize("q", ["duration>3s", "status:error", "attr.customer.tier:gold", "text:refund", "has:error"])
def test_what_figures_cannot_tell_is_refused(api: Api, route: str, q: str) -> None:
    """A filter on a single trace's facts gets a 400 that says which keys there are."""
    error = api.get(route, status=400, q=q)["error"]

    assert error["code"] == "invalid_filter"
    assert "service" in error["expected"]
    assert "figures" in error["message"]


def test_the_ledger_accounts_for_every_span(api: Api, order: str, project: Project) -> None:
    """Received is stored and duplicate here; nothing waits; another window has nothing."""
    send(project.pk, [Sent(name="root again", id=1), Sent(name="late", id=9, parent=1)], trace_id=order)

    ledger = api.get("ingest")

    assert list(ledger) == LEDGER
    assert ledger == {
        "received_spans": 7,
        "stored_spans": 6,
        "duplicate_spans": 1,
        "rejected_spans": {},
        "pending_batches": 0,
        "oldest_pending_s": None,
        "dead_letters": 0,
        "log_records": {"received": 0, "stored": 0, "duplicate": 0, "rejected": {}, "dead": 0},
    }
    assert api.get("ingest", end="-1h")["received_spans"] == 0


def test_figures_of_another_project_are_not_seen(order: str, outsider: Api) -> None:
    """An outsider's figures are empty, and their ledger zero."""
    assert [outsider.get(route)["results"] for route in ("agents", "models", "latency")] == [[], [], []]
    assert outsider.get("ingest")["received_spans"] == 0


@pytest.mark.parametrize(
    ("asked", "field"), [({"group_by": "colour"}, "group_by"), ({"limit": "5000"}, "limit"), ({"start": "x"}, "start")]
)
def test_a_wrong_parameter_is_named(api: Api, asked: dict[str, Any], field: str) -> None:
    """400, with the parameter in `field`."""
    assert api.get("latency", status=400, **asked)["error"]["field"] == field


def test_lists_are_bounded(api: Api, project: Project) -> None:
    """`limit` cuts the list, most calls first."""
    for calls, agent in enumerate(("one", "two", "three"), start=1):
        asks = ASK_AGENT | {"gen_ai.agent.name": agent}
        send(project.pk, [Sent(name="x", id=place + 1, attributes=asks) for place in range(calls)])

    rows = api.get("agents", limit=2)["results"]

    assert [(row["agent"], row["calls"]) for row in rows] == [("three", 3), ("two", 2)]


@pytest.mark.parametrize(("route", "queries"), [("agents", 2), ("models", 3), ("latency", 2), ("ingest", 2)])
def test_an_answer_takes_few_queries(
    api: Api, order: str, django_assert_num_queries: DjangoAssertNumQueries, route: str, queries: int
) -> None:
    """However many agents there are: these, and three for the key, its use and its project."""
    api.get(route)

    with django_assert_num_queries(queries + 3):
        api.get(route)


def test_numbers_are_json(api: Api, order: str) -> None:
    """No figure is NaN or infinite, which JSON has no word for."""
    for route in ("agents", "models", "latency"):
        assert json.dumps(api.get(route), allow_nan=False)
