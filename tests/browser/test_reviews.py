"""Reviews by keyboard: three runs of a real pipeline wait, are decided without a mouse, and go on."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypedDict

import pytest
from playwright.sync_api import Page, expect

from bench.stack import Stack
from ecoa.agent import agent
from ecoa.orchestrator import Pipeline
from ecoa.result import Result
from ecoa.store import use
from ecoa.store.postgres import PostgresStore
from tests.browser.conftest import PATIENCE_MS, OpenPage

pytestmark = [pytest.mark.browser, pytest.mark.slow]  # they drive a browser on a running stack


class Refund(TypedDict):
    """What a customer gets back."""

    reason: str
    cents: int


@agent(name="browser-check")
async def check(refund: Refund) -> Refund:
    """Nothing speaks against it."""
    return refund


@agent(name="browser-pay")
async def pay(refund: Refund) -> str:
    """Tell what arrived here."""
    return f"{refund['reason']} {refund['cents']}"


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Runs that wait for people, and what will come of them."""

    results: Future[list[Result[Any]]]


@contextmanager
def waiting_runs(stack: Stack, *refunds: Refund) -> Iterator[Waiting]:
    """Runs on the stack's database, executed beside the browser; all of them paused."""
    assert stack.data
    dsn, paused = f"postgresql://ecoa@/ecoa?host={stack.data / 'run'}", threading.Event()

    async def live() -> list[Result[Any]]:
        store = PostgresStore(dsn)
        with use(store):
            pipeline = Pipeline("browser-refunds", check).review().then(pay)
            try:
                handles = []
                for refund in refunds:
                    handles.append(await pipeline.start(refund))
                    assert (await handles[-1].outcome()).status == "paused"
                paused.set()
                return [await handle.result(PATIENCE_MS / 1000) for handle in handles]
            finally:
                paused.set()
                await store.close()

    with ThreadPoolExecutor(1) as beside:
        results = beside.submit(lambda: asyncio.run(live()))
        paused.wait()
        yield Waiting(results=results)


def press_until(page: Page, key: str, shown: str) -> None:
    """Press a key until something matches: keys are lost before the page's script is there."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while not page.locator(shown).count():
        assert time.monotonic() < deadline, f"{key} does not lead to {shown}"
        page.keyboard.press(key)
        page.wait_for_timeout(50)


def test_three_reviews_are_decided_without_a_mouse(stack: Stack, open_page: OpenPage) -> None:
    """Approve, edit and reject by keys; each opens the next, the last the empty queue; each run ends as decided."""
    refunds: list[Refund] = [{"reason": f"late {number}", "cents": 900 + number} for number in range(3)]
    with waiting_runs(stack, *refunds) as waiting:
        page = open_page("/p/default/reviews/").page
        expect(page.locator("[data-review]")).to_have_count(3)
        press_until(page, "j", "[data-review]:focus")
        page.keyboard.press("Enter")
        for keys in (["Escape", "a"], ["End", *", twice", "Control+Enter"]):
            press_until(page, "e", "[data-fields] :focus")
            here = page.url
            for key in keys:
                page.keyboard.press(key)
            page.wait_for_url(lambda url, here=here: url != here)  # type: ignore[misc]
        press_until(page, "r", "[data-reject] :focus")
        page.keyboard.press("Space")
        page.keyboard.press("Enter")
        expect(page.get_by_role("link", name="All 0")).to_be_visible()  # the queue, and nothing in it
        ended = waiting.results.result()

    assert [result.status for result in ended] == ["success", "success", "rejected"]
    assert [result.data for result in ended] == ["late 0 900", "late 1, twice 901", None]
