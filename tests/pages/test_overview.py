"""The overview says what is wrong now, in a sentence, with the figures and traces behind it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from ecoa_web.accounts.models import Project
from tests.pages.conftest import call
from traces.pages.agents import idle
from traces.pages.agents_table import agents_table
from traces.pages.sparkline import HEIGHT, WIDTH, sparkline
from traces.pages.verdict import Evidence, verdict
from traces.queries.agents import AgentRow
from traces.queries.ingest import Ledger
from traces.queries.overview import Figures

QUIET = Ledger(
    received_spans=100,
    stored_spans=100,
    duplicate_spans=0,
    rejected_spans={},
    pending_batches=0,
    oldest_pending_s=None,
    dead_letters=0,
)
FIGURES = Figures(
    traces=100,
    failed=0,
    agent_calls=100,
    agent_p95_ms=900.0,
    input_tokens=None,
    output_tokens=None,
    cost_usd=None,
    unpriced_calls=0,
)


def row(agent: str, *, calls: int = 100, errors: int = 0, timeouts: int = 0, p95_ms: float = 900) -> AgentRow:
    return replace(idle(agent), calls=calls, errors=errors, timeouts=timeouts, error_rate=errors / calls, p95_ms=p95_ms)


def seen(
    *agents: AgentRow, before: tuple[AgentRow, ...] = (), ledger: Ledger = QUIET, now: Figures = FIGURES
) -> Evidence:
    return Evidence(
        now=now,
        agents=list(agents),
        when="",
        before={each.agent: each for each in before},
        previous="the hour before",
        ledger=ledger,
    )


def test_a_project_without_traces_is_told_how_to_send_some(project: Project, owner: Client) -> None:
    """Instead of six zeros."""
    page = owner.get(reverse("overview", args=["shop"])).content.decode()

    assert "OTEL_EXPORTER_OTLP_ENDPOINT" in page
    assert "Waiting for the first span" in page


def test_the_page_shows_agents_figures_and_failing_traces(project: Project, viewer: Client) -> None:
    """Every number leads on; a failing trace is listed beside the table."""
    call(project, "triage")
    failed = call(project, "charge-card", error="GatewayTimeout")

    page = viewer.get(reverse("overview", args=["shop"])).content.decode()

    assert "/p/shop/agents/triage/" in page
    assert f"/p/shop/traces/{failed}/" in page
    assert "status%3Aerror" in page


def test_the_live_part_is_what_a_reload_shows(project: Project, viewer: Client) -> None:
    """A pull brings the same words as the page, without its frame."""
    call(project, "triage")
    address = reverse("overview", args=["shop"])

    page = viewer.get(address).content.decode()
    part = viewer.get(address, {"part": "live"}).content.decode()

    assert "<html" not in part
    assert part.split('<section class="panel">')[1].split("<p class")[0] in page


def test_an_empty_range_says_when_the_newest_trace_was(project: Project, viewer: Client) -> None:
    """And offers a wider one."""
    call(project, "triage", ago_s=7200)

    page = viewer.get(reverse("overview", args=["shop"]), {"range": "15m"}).content.decode()

    assert "Nothing came in this range." in page
    assert "?range=30d" in page


def test_the_number_of_queries_is_fixed(
    project: Project, viewer: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """However many agents and traces there are."""
    for agent in ("a", "b", "c"):
        call(project, agent)

    with django_assert_num_queries(29):
        viewer.get(reverse("overview", args=["shop"]))


def test_names_from_outside_are_only_text(project: Project, viewer: Client) -> None:
    """An agent called like a script is shown, not run; one with a line break has a page too."""
    call(project, "<script>alert(1)</script>")
    call(project, "two\nlines/and ?#%")

    page = viewer.get(reverse("overview", args=["shop"])).content.decode()

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_failing_agent_is_named_with_its_rate() -> None:
    """And what it was before; when most errors are timeouts, the sentence says so."""
    found = verdict(seen(row("charge-card", errors=37, timeouts=30), before=(row("charge-card", errors=1),)))

    assert found.state == "bad"
    assert "charge-card" in found.sentence
    assert "30.0\N{NO-BREAK SPACE}% of its calls time out" in found.sentence
    assert "1.0\N{NO-BREAK SPACE}%" in found.detail
    assert found.query == "agent:charge-card status:error"


def test_spans_that_are_not_stored_come_before_slowness() -> None:
    """Figures that lack spans are worth less than the news that they do."""
    late = replace(QUIET, pending_batches=3, oldest_pending_s=125.0)
    slow = seen(row("triage", p95_ms=9000), before=(row("triage"),), ledger=late)

    assert verdict(slow).sentence == "Spans wait 2\N{NO-BREAK SPACE}m 05\N{NO-BREAK SPACE}s to be stored."


def test_a_slow_agent_is_named_only_when_it_was_faster() -> None:
    """An agent without a past is not slow."""
    assert "triage" in verdict(seen(row("triage", p95_ms=9000), before=(row("triage"),))).sentence
    assert verdict(seen(row("triage", p95_ms=9000))).state == "ok"


def test_a_few_calls_prove_nothing() -> None:
    """One error in two calls does not wake anybody."""
    assert verdict(seen(row("triage", calls=2, errors=1))).sentence == "Nothing is wrong."
    assert verdict(seen(now=replace(FIGURES, traces=6, failed=1))).sentence == "1 of 6 traces failed."


def test_failing_traces_without_a_failing_agent_are_said() -> None:
    """What is not an agent can fail too."""
    found = verdict(seen(now=replace(FIGURES, failed=20)))

    assert (found.state, found.query) == ("warn", "status:error")


def test_what_hurts_most_stands_first() -> None:
    """Failing agents, then those on the critical path, then the busy ones."""
    waited_for = replace(row("waited-for"), critical_share=0.5)
    lines = agents_table([row("busy", calls=900), waited_for, row("failing", errors=30)]).lines

    assert [line.row.agent for line in lines] == ["failing", "waited-for", "busy"]


@pytest.mark.parametrize("values", [[], [None, None], [5.0], [0.0, 0.0], [1.0, None, 3.0, 1e12]])
def test_a_sparkline_stays_in_its_box(values: list[float | None]) -> None:
    """Whatever it is given; a gap breaks the line."""
    drawn = sparkline(values)

    numbers = [float(word.strip("MZ")) for word in drawn.now.split()]
    assert all(0 <= x <= WIDTH + 1 for x in numbers[::2])
    assert all(0 <= y <= HEIGHT for y in numbers[1::2])
