"""A fresh stack without an administrator, a Chromium, and pages whose every fault is noticed."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright

from bench.stack import EMAIL, KEY, PASSWORD, Stack, running_stack
from tests.platform.running import environment_for, temporary_folder

FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
PATIENCE_MS = 30_000  # only a hang takes that long
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
LISTEN = """
    document.addEventListener("securitypolicyviolation", (event) => {
        console.error(`CSP ${event.violatedDirective}: ${event.blockedURI} at ${event.sourceFile}:${event.lineNumber}`);
    });
"""


@dataclass(kw_only=True)
class Watched:
    """A page and what went wrong on it."""

    page: Page
    base: str
    faults: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        """Go there, and wait until its live socket is open where it has one."""
        self.page.goto(self.base + path, wait_until="load")
        if self.page.locator("[data-live-state]").count():
            expect(self.page.locator("[data-live-state]")).to_have_attribute("data-live-state", "live")
        return self.page

    def fits(self) -> bool:
        """Nothing makes the page wider than its window."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


type OpenPage = Callable[..., Watched]


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """A stack that nobody has signed in to; its set-up link is in its output."""
    with temporary_folder() as folder, running_stack(environment_for(folder / "data", ECOA_API_KEY=KEY)) as stack:
        stack.web = stack.web.replace("127.0.0.1", "localhost")  # as its links have it: cookies belong to a name
        yield stack


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium."""
    path = os.environ.get("ECOA_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def nobody(stack: Stack, browser: Browser) -> Iterator[Watched]:
    """A page of somebody who is not signed in."""
    yield from _watched(browser.new_context(viewport=DESKTOP), stack.web)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def administrator(stack: Stack, browser: Browser) -> Any:
    """The cookies of the first administrator, who came through the set-up link."""
    assert stack.up
    link = re.search(r"http://localhost:\d+/setup/\S+", stack.up.output)
    assert link
    context = browser.new_context(viewport=DESKTOP)  # type: ignore[arg-type]
    for watched in _watched(context, stack.web):
        page = watched.page
        page.goto(link[0])
        page.get_by_label("Email").fill(EMAIL)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Create and sign in").click()
        expect(page.locator(".rail")).to_be_visible()
        cookies = context.storage_state()
    return cookies


@pytest.fixture
def open_page(stack: Stack, browser: Browser, administrator: Any) -> Iterator[OpenPage]:
    """Makes a page of the signed-in administrator; keywords are the context's."""
    opened: list[Iterator[Watched]] = []

    def open_page(path: str = "/p/default/", **options: Any) -> Watched:
        options = {"viewport": DESKTOP, **options}
        opened.append(_watched(browser.new_context(storage_state=administrator, **options), stack.web))
        watched = next(opened[-1])
        watched.open(path)
        return watched

    yield open_page
    for watching in opened:
        assert next(watching, None) is None


def _watched(context: BrowserContext, base: str) -> Iterator[Watched]:
    """A page of a context, closed at the end, when it must not have had any fault."""
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    context.add_init_script(LISTEN)
    watched = Watched(page=context.new_page(), base=base)
    faults, page = watched.faults, watched.page
    page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
    page.on("dialog", lambda dialog: faults.append(f"{page.url}: dialog {dialog.message}"))
    page.on("console", lambda said: faults.append(f"{page.url}: {said.text}") if _is_fault(said) else None)
    page.on("request", lambda request: faults.append(f"asks {request.url}") if _is_outside(request, base) else None)
    yield watched
    context.close()
    assert faults == []


def _is_fault(said: ConsoleMessage) -> bool:
    """Errors and warnings, but not the browser's own word for a page that answers 400 with what was wrong."""
    is_answer = said.location["url"] == said.page.url if said.page else False
    return said.type in ("error", "warning") and not (is_answer and "status of 400" in said.text)


def _is_outside(request: Request, base: str) -> bool:
    return not request.url.startswith((base, base.replace("http", "ws", 1), "data:", "blob:"))
