"""A signed-in page in headless Chromium."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from bench.stack import EMAIL, PASSWORD, Stack

FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """One browser: $ECOA_CHROMIUM, the system's, or Playwright's own."""
    path = os.environ.get("ECOA_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def signed_in(browser: Browser, stack: Stack, *, height: int = 900) -> Iterator[Page]:
    """A page of the administrator of a stack of ours."""
    context = browser.new_context(viewport=ViewportSize(width=1440, height=height))
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.goto(f"{stack.web}/accounts/login/")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.locator(".rail").wait_for()
    yield page
    context.close()
