"""`up --demo`: a paused run of the shop is approved in the browser, and its waterfall goes on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from bench.chromium import chromium, signed_in
from bench.stack import Stack, stack_environment, stack_in
from tests.platform.running import running_up, temporary_folder

PENDING = """
    SELECT review.id::text, replace(run.trace_id::text, '-', '')
    FROM pipelines_review review JOIN pipelines_run run ON run.id = review.run_id
    WHERE review.status = 'pending' ORDER BY review.created_at DESC LIMIT 1
"""
PATIENCE_MS = 90_000  # only a hang takes that long


@pytest.fixture(scope="module")
def shop() -> Iterator[Stack]:
    """A platform with the example shop."""
    with temporary_folder() as folder:
        environment = stack_environment(folder / "data")
        with running_up(environment, "--demo", "--seed", "1") as up:
            stack = stack_in(environment, up)
            stack.wait_ready()
            yield stack


@pytest.mark.stack
@pytest.mark.browser
@pytest.mark.slow
def test_an_approved_run_is_seen_to_go_on(shop: Stack) -> None:
    """Slow, as a customer has to ask for a dear refund first: then a click, and the waterfall grows."""
    with chromium() as browser, signed_in(browser, shop) as page:
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{shop.web}/p/default/reviews/")
        page.locator(".queue a, [data-review]").first.wait_for()
        with shop.database() as session:
            row = session.execute(PENDING).fetchone()
        assert row is not None
        review, trace = row
        page.goto(f"{shop.web}/p/default/traces/{trace}/")
        expect(page.get_by_text("review is-return[yes].review").first).to_be_visible()
        expect(page.get_by_text("invoke_agent refund")).to_have_count(0)

        desk = page.context.new_page()
        desk.goto(f"{shop.web}/p/default/reviews/{review}/")
        desk.get_by_role("button", name="Approve as is").click()

        expect(page.get_by_text("invoke_agent refund").first).to_be_visible(timeout=PATIENCE_MS)
