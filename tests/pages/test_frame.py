"""The frame around every page: who sees which project, the time range in the address, what the browser remembers."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from ecoa_web import format as fmt
from ecoa_web.accounts.models import Project
from ecoa_web.ranges import KEYS, LONGEST, time_range
from tests.pages.conftest import call

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
VENDOR = Path(__file__).resolve().parents[2] / "static" / "vendor"
PAGES = ("overview", "start", "agents")


@pytest.mark.parametrize("name", PAGES)
def test_an_outsider_finds_nothing(project: Project, outsider: Client, name: str) -> None:
    """Another project's pages do not exist, nor do its agents, its search or its live parts."""
    assert outsider.get(reverse(name, args=["shop"])).status_code == 404
    assert outsider.get(reverse(name, args=["shop"]), {"part": "live"}).status_code == 404
    assert outsider.get(reverse("search", args=["shop"]), {"q": "x"}).status_code == 404
    assert outsider.get(reverse("agent", args=["shop", "x"])).status_code == 404


@pytest.mark.parametrize("name", PAGES)
def test_a_page_runs_nothing_that_its_policy_forbids(project: Project, viewer: Client, name: str) -> None:
    """No inline script or event handler, no style attribute, and the address of every script is our own."""
    call(project, "triage")

    page = viewer.get(reverse(name, args=["shop"])).content.decode()

    assert not re.search(r"<[^>]+\s(style|on\w+)=", page)
    assert all(" src=" in tag or "application/json" in tag for tag in re.findall(r"<script[^>]*>", page))
    assert not re.search(r'(src|href)="(https?:)?//', page)


def test_the_error_pages_are_in_the_look(project: Project, viewer: Client) -> None:
    """A missing page says so in our own words, with a way on."""
    answer = viewer.get("/p/nothing/")

    assert answer.status_code == 404
    assert "There is no such page here" in answer.content.decode()
    assert "tokens" in answer.content.decode()


def test_the_rail_keeps_the_time_range(project: Project, viewer: Client) -> None:
    """Going from page to page does not lose the range; the current page is marked."""
    page = viewer.get(reverse("agents", args=["shop"]), {"range": "6h"}).content.decode()

    assert '/p/shop/traces/?range=6h"' in page
    assert re.search(r'href="/p/shop/agents/\?range=6h" aria-current="page"', page)


def test_the_page_comes_as_the_browser_left_it(project: Project, viewer: Client) -> None:
    """Theme, folded rail and time zone are drawn by the server, so that nothing jumps."""
    viewer.cookies.load({"ecoa_theme": "dark", "ecoa_rail": "icons", "ecoa_zone": "Asia/Tokyo"})

    page = viewer.get(reverse("agents", args=["shop"])).content.decode()

    assert '<html lang="en" data-theme="dark" data-rail="icons" data-zone="Asia/Tokyo"' in page


@pytest.mark.parametrize("zone", ["No/Where", "../../etc/passwd", "x" * 500, ""])
def test_an_unknown_zone_is_utc(project: Project, viewer: Client, zone: str) -> None:
    """A cookie that names no zone breaks nothing."""
    viewer.cookies["ecoa_zone"] = zone

    assert 'data-zone="UTC"' in viewer.get(reverse("agents", args=["shop"])).content.decode()


def test_the_bare_address_leads_to_the_last_project(project: Project, viewer: Client) -> None:
    """By its cookie; a cookie that names a project one may not see counts for nothing."""
    viewer.cookies["ecoa_project"] = "elsewhere"

    assert viewer.get("/").headers["Location"] == "/p/shop/"


def test_search_leads_to_what_is_meant(project: Project, viewer: Client) -> None:
    """A trace id in any spelling, an agent's name, a query, or a text to look for."""
    trace_id = call(project, "triage")
    address = reverse("search", args=["shop"])
    dashed = f"{trace_id[:8]}-{trace_id[8:12]}-{trace_id[12:16]}-{trace_id[16:20]}-{trace_id[20:]}".upper()

    assert viewer.get(address, {"q": f" {trace_id} "}).headers["Location"] == f"/p/shop/traces/{trace_id}/"
    assert viewer.get(address, {"q": dashed}).headers["Location"] == f"/p/shop/traces/{trace_id}/"
    assert viewer.get(address, {"q": "triage"}).headers["Location"] == "/p/shop/agents/triage/"
    assert "q=status%3Aerror" in viewer.get(address, {"q": "status:error"}).headers["Location"]
    assert "q=text%3A%22where+is+it%22" in viewer.get(address, {"q": "where is it"}).headers["Location"]


@pytest.mark.parametrize("key", KEYS)
def test_a_preset_ends_now(key: str) -> None:
    """?range=24h follows the clock."""
    shown = time_range({"range": key}, NOW)

    assert (shown.end, shown.width, shown.live) == (NOW, KEYS[key], True)


def test_fixed_ends_mean_the_same_everywhere() -> None:
    """A copied address shows a colleague the same span of time, and stands in the address as it came."""
    params = {"start": "2026-11-22T10:00:00Z", "end": "2026-11-22T11:00:00Z"}

    shown = time_range(params, NOW)

    assert (shown.start, shown.end) == (NOW - timedelta(hours=2), NOW - timedelta(hours=1))
    assert shown.params == params
    assert time_range({"start": "-90m"}, NOW).start == NOW - timedelta(minutes=90)


@pytest.mark.parametrize(
    "params",
    [
        {"range": "1y"},
        {"start": "yesterday"},
        {"start": "2026-11-22T11:00:00Z", "end": "2026-11-22T10:00:00Z"},
        {"start": "0001-01-01T00:00:00Z"},
        {"end": "2026-11-22T10:00:00Z"},
        {"start": "2026-13-45T00:00:00Z"},
    ],
)
def test_an_unreadable_range_is_the_last_hour_and_says_so(params: dict[str, str]) -> None:
    """A mangled address never breaks a page."""
    shown = time_range(params, NOW)

    assert shown.width == timedelta(hours=1)
    assert shown.problem


def test_a_range_is_bounded() -> None:
    """Nobody asks for a thousand years."""
    assert time_range({"start": "1990-01-01T00:00:00Z"}, NOW).width == LONGEST


def test_arrows_shift_by_the_whole_range() -> None:
    """Earlier fixes both ends; later than now becomes the preset that follows the clock."""
    shown = time_range({"range": "6h"}, NOW)
    earlier = shown.shifted(by=-1, now=NOW)

    assert (earlier.start, earlier.end, earlier.key) == (NOW - timedelta(hours=12), NOW - timedelta(hours=6), "")
    assert earlier.shifted(by=1, now=NOW).key == "6h"


@pytest.mark.parametrize(
    ("ms", "words"),
    [
        (None, fmt.MISSING),
        (0, "0 ms"),
        (0.0004, "1 µs"),
        (0.45, "450 µs"),
        (4.25, "4.2 ms"),
        (450, "450 ms"),
        (999.6, "1.0 s"),
        (3_210, "3.2 s"),
        (59_960, "1 m 00 s"),
        (250_000, "4 m 10 s"),
        (7_500_000, "2 h 05 m"),
        (273_600_000, "3 d 4 h"),
        (-450, f"{fmt.MINUS}450 ms"),
    ],
)
def test_durations_read_in_their_best_unit(ms: float | None, words: str) -> None:
    """As the table says, which tests/js/format.test.mjs holds for the browser."""
    assert fmt.text(fmt.duration_parts(ms)).replace(fmt.SPACE, " ") == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (None, fmt.MISSING),
        (0, "0"),
        (7, "7"),
        (2196, "2,196"),
        (12_345, "12.3 k"),
        (412_000, "412 k"),
        (1_234_567, "1.2 M"),
    ],
)
def test_counts_keep_three_digits(number: float | None, words: str) -> None:
    """Whole while they are small."""
    assert fmt.text(fmt.count_parts(number)).replace(fmt.SPACE, " ") == words


@pytest.mark.parametrize(
    ("dollars", "words"),
    [
        (None, fmt.MISSING),
        (0, "0"),
        (0.47, "$0.47"),
        (61.349, "$61.35"),
        (0.0009, "$0.0009"),
        (1e-7, "<$0.0001"),
        (1234, "$1,234"),
    ],
)
def test_money_shows_cents_and_what_is_less(dollars: float | None, words: str) -> None:
    """Nothing is 0, unknown is a dash."""
    assert fmt.money(dollars) == words


def test_vendored_scripts_are_what_they_say() -> None:
    """Their digests are those of VENDORED.md, and every script there is listed."""
    listed = dict(re.findall(r"^\| (\S+\.js) \|.*\| (\S+) \|$", (VENDOR / "VENDORED.md").read_text(), re.MULTILINE))

    found = {
        script.name: base64.b64encode(hashlib.sha384(script.read_bytes()).digest()).decode()
        for script in VENDOR.glob("*.js")
    }

    assert found == listed
