"""From the set-up link to the first trace."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Any

import pytest
from playwright.sync_api import expect

from bench.stack import EMAIL, PASSWORD, Stack
from tests.browser.conftest import OpenPage, Watched
from tests.platform.running import PATIENCE_S

pytestmark = [pytest.mark.browser, pytest.mark.slow]  # they drive a browser on a running stack


def test_the_set_up_link_makes_an_administrator_once(stack: Stack, administrator: Any, nobody: Watched) -> None:
    """Whoever followed it is signed in; it does not work again, and the password does."""
    assert stack.up
    link = re.search(r"/setup/\S+", stack.up.output)
    assert link and administrator["cookies"]

    page = nobody.open("/p/default/")
    expect(page).to_have_url(re.compile("/accounts/login/"))
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    expect(page.locator(".rail")).to_be_visible()
    answer = page.request.get(stack.web + link[0])
    assert answer.status in (404, 410)
    assert page.request.get(stack.web + link[0]).text().count("<form") <= 1  # signing out


def test_get_started_turns_green_by_itself(stack: Stack, open_page: OpenPage) -> None:
    """A new project's page gives lines that the stock SDK needs and nothing else; its first span is seen at once."""
    watched = open_page("/settings/projects/")
    page = watched.page
    page.get_by_label("Name").fill("First steps")
    page.get_by_role("button", name="Create project").click()
    watched.open("/p/first-steps/start/")
    page.get_by_role("button", name="Make a key").click()
    expect(page.get_by_text("Waiting for the first span…")).to_be_visible()
    lines = page.locator("#panel-environment [data-copy]").text_content() or ""
    program = page.locator("#panel-python [data-copy]").text_content() or ""
    page.evaluate("window.stillTheSamePage = true")

    told = dict(re.findall(r'^\s*export (\w+)="?([^"\n]*)"?$', lines, re.MULTILINE))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    subprocess.run([sys.executable, "-c", program], env={**environment, **told}, timeout=PATIENCE_S, check=True)

    expect(page.get_by_text("Spans arrive")).to_be_visible()
    assert page.evaluate("window.stillTheSamePage")
    page.get_by_role("link", name="See it").click()
    expect(page.get_by_role("heading", name="invoke_agent hello")).to_be_visible()
    expect(page.locator(".span-row:not([hidden]) .span-name")).to_have_text(["invoke_agent hello"])
