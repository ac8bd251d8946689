"""The agents: a table that sorts and narrows by its address, and a page with charts for each."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from ecoa_web.accounts.models import Project
from tests.pages.conftest import call
from traces.pages.charts import MOST_BARS, histogram, merged
from traces.pages.distribution import BARS, HEIGHT, WIDTH, Scale, picture
from traces.pages.log_axis import label, ticks
from traces.queries.sums import Slot


def names(page: str) -> list[str]:
    """The agents in the order of the table."""
    return re.findall(r'<td class="cut"><a [^>]+><bdi>([^<]+)</bdi>', page)


@pytest.fixture
def three(project: Project) -> Project:
    """A fast, a slow and a failing agent."""
    for agent, ms, error in (("fast", 20, None), ("slow", 9000, None), ("failing", 400, "ValueError")):
        call(project, agent, duration_ms=ms, error=error)
    return project


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("", ["failing", "slow", "fast"]),
        ("agent", ["failing", "fast", "slow"]),
        ("-agent", ["slow", "fast", "failing"]),
        ("-p95", ["slow", "failing", "fast"]),
        ("p95", ["fast", "failing", "slow"]),
        ("nonsense", ["failing", "slow", "fast"]),
    ],
)
def test_the_table_is_sorted_by_its_address(three: Project, viewer: Client, sort: str, order: list[str]) -> None:
    """Back, forward and a copied link keep the order; an unknown one is what hurts most."""
    page = viewer.get(reverse("agents", args=["shop"]), {"sort": sort} if sort else {}).content.decode()

    assert names(page) == order


def test_the_heading_says_how_the_table_is_sorted(three: Project, viewer: Client) -> None:
    """For eyes and for screen readers; a second click turns it around."""
    page = viewer.get(reverse("agents", args=["shop"]), {"sort": "-p95"}).content.decode()

    assert re.search(r'aria-sort="descending"><a class="sort" href="\?sort=p95">p95', page)


def test_finding_narrows_the_table(three: Project, viewer: Client) -> None:
    """By a part of the name in any case; finding nothing offers all."""
    address = reverse("agents", args=["shop"])

    assert names(viewer.get(address, {"find": "FA"}).content.decode()) == ["failing", "fast"]
    assert "No agent of this range is called that" in viewer.get(address, {"find": "zebra"}).content.decode()


def test_no_agents_is_said_with_what_to_do(project: Project, viewer: Client) -> None:
    """An empty table explains itself."""
    page = viewer.get(reverse("agents", args=["shop"])).content.decode()

    assert "No agent was called in this range" in page
    assert "gen_ai.agent.name" in page


def test_the_table_asks_the_same_however_long_it_is(
    three: Project, viewer: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """Queries do not grow with agents."""
    with django_assert_num_queries(10):
        viewer.get(reverse("agents", args=["shop"]))


def figure(page: str, name: str) -> dict[str, Any]:
    """A chart's figure, from the page."""
    found = re.search(rf'<script id="chart-{name}" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert found
    return dict(json.loads(found[1]))


def test_an_agents_page_draws_its_charts_from_rollups(three: Project, viewer: Client) -> None:
    """A histogram on a log axis with percentile lines, percentiles and calls over time, axes with units."""
    page = viewer.get(reverse("agent", args=["shop", "slow"])).content.decode()

    bars = figure(page, "histogram")
    assert sum(bars["data"][0]["y"]) == 1
    assert bars["layout"]["xaxis"]["type"] == "log"
    assert bars["layout"]["xaxis"]["title"]["text"] == "duration, log scale"
    assert len(bars["layout"]["shapes"]) == 3
    assert [line["name"] for line in figure(page, "percentiles")["data"]] == ["p99", "p95", "p50"]
    assert sum(figure(page, "calls")["data"][1]["y"]) == 1


def test_an_agents_page_leads_to_its_traces(three: Project, viewer: Client) -> None:
    """All of them, the failing ones, and the newest by itself."""
    page = viewer.get(reverse("agent", args=["shop", "failing"]), {"range": "6h"}).content.decode()

    assert "/p/shop/traces/?range=6h&amp;q=agent%3Afailing+status%3Aerror" in page
    assert "gpt-5-mini" in page


@pytest.mark.parametrize("name", ["a/b/c", "two\nlines", "what? #1 100%", "<script>", "وكيل", '"quoted" \\ *'])
def test_an_agent_may_be_called_anything(project: Project, viewer: Client, name: str) -> None:
    """Its page is there under the address that the table gives."""
    call(project, name)

    table = viewer.get(reverse("agents", args=["shop"])).content.decode()
    found = re.search(r'<td class="cut"><a href="([^"]+)"', table)

    assert found
    assert viewer.get(found[1]).status_code == 200


def test_an_agent_that_never_was_is_not_found(three: Project, viewer: Client) -> None:
    """But one that had no calls in the range is, and says so."""
    assert viewer.get(reverse("agent", args=["shop", "nobody"])).status_code == 404

    old = viewer.get(
        reverse("agent", args=["shop", "slow"]), {"start": "2020-01-01T00:00:00Z", "end": "2020-01-02T00:00:00Z"}
    )
    assert "It was not called in this range" in old.content.decode()


def test_an_agents_page_asks_a_fixed_number_of_queries(
    three: Project, viewer: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """Whatever it has done."""
    with django_assert_num_queries(17):
        viewer.get(reverse("agent", args=["shop", "slow"]))


@pytest.mark.parametrize(
    "slots",
    [
        [Slot(1e-6, 1)],
        [Slot(450.0, 1)],
        [Slot(1.0, 5), Slot(60_000.0, 1), Slot(864_000_000.0, 2)],
        [Slot(1e-6 * 1.01 ** (5 * k), k + 1) for k in range(800)],
    ],
)
def test_a_histogram_keeps_every_call(slots: list[Slot]) -> None:
    """However wide it is drawn, in a bounded number of bars of equal width, inside its axis."""
    bars = merged(slots)
    drawn = histogram(slots, [("p50", slots[0].le_ms), ("p99", slots[-1].le_ms)])
    row = picture(slots, scale=Scale.over([slots]), p50_ms=None, p95_ms=slots[-1].le_ms)

    assert sum(count for _, _, count in bars) == sum(slot.count for slot in slots)
    assert len(bars) <= MOST_BARS
    assert drawn["layout"]["xaxis"]["range"][0] < drawn["layout"]["xaxis"]["range"][1]
    assert len(row.bars) <= BARS
    assert all(0 <= bar.x <= WIDTH and 0 <= bar.y <= HEIGHT for bar in row.bars)


def test_no_calls_draw_nothing() -> None:
    """An empty histogram is an empty figure, and its row says so in words."""
    assert histogram([], []) == {}
    assert picture([], scale=Scale.over([[]]), p50_ms=None, p95_ms=None).words == "no calls"


def test_ticks_are_round_and_few() -> None:
    """Clock numbers above a minute."""
    shown = [label(ms).replace("\N{NO-BREAK SPACE}", " ") for ms in ticks(20_000, 7_200_000, most=8)]

    assert shown == ["30 s", "1 m", "3 m", "10 m", "30 m", "1 h"]
