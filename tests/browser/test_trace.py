"""One trace: it grows while it is read, its spans tell everything, and the keyboard is enough."""

from __future__ import annotations

import os
import re

import pytest
from playwright.sync_api import Locator, Page, expect

from bench.stack import Stack
from tests.browser.conftest import OpenPage
from tests.browser.sending import Trace, agent, send_order

pytestmark = [pytest.mark.browser, pytest.mark.slow]  # they drive a browser on a running stack

NOT_REACHABLE = """
    const Real = window.WebSocket;
    window.WebSocket = class extends EventTarget {
        constructor(url) {
            super();
            if (window.reachable) return new Real(url);
            window.setTimeout(() => this.dispatchEvent(new CloseEvent("close")));
        }
    };
"""


def names(page: Page) -> Locator:
    """The spans' names, in the order of their rows."""
    return page.locator(".span-row:not([hidden]) .span-name")


def chosen(page: Page) -> Locator:
    """The name in the selected row."""
    return page.locator('.span-row[aria-selected="true"]:not([hidden]) .span-name')


def test_a_running_trace_grows_without_a_reload(stack: Stack, open_page: OpenPage) -> None:
    """Children stand under a parent that has not arrived, more appear by themselves, and the root takes its place."""
    trace, root = Trace(stack=stack), os.urandom(8)
    trace.send("invoke_agent classifier", parent=root, at=0.1, attributes=agent("classifier"))
    trace.wait_stored(1)
    page = open_page(trace.path).page
    expect(names(page)).to_have_text([re.compile("parent .* not received"), "invoke_agent classifier"])
    page.evaluate("window.stillTheSamePage = true")

    fulfilment = trace.send("invoke_agent fulfilment", parent=root, at=1.2, attributes=agent("fulfilment"))
    expect(names(page)).to_have_count(3)
    trace.send("execute_tool reserve", parent=fulfilment, at=1.3, seconds=0.2)
    expect(names(page)).to_have_count(4)
    trace.send("order 4712", id=root, seconds=3)

    ended = ["order 4712", "invoke_agent classifier", "invoke_agent fulfilment", "execute_tool reserve"]
    expect(names(page)).to_have_text(ended)
    expect(page.locator("h1")).to_have_text("order 4712")
    assert page.evaluate("window.stillTheSamePage")


def test_new_traces_slide_into_the_list(stack: Stack, open_page: OpenPage) -> None:
    """The newest stands on top without a reload."""
    page = open_page("/p/default/traces/").page
    page.evaluate("window.stillTheSamePage = true")

    send_order(stack, name="order of just now", seconds_ago=0)

    expect(page.locator("[data-rows] .row-name").filter(has_text="order of just now")).to_be_visible()
    assert page.evaluate("window.stillTheSamePage")


def test_what_arrives_before_the_socket_is_open_is_not_missed(stack: Stack, open_page: OpenPage) -> None:
    """A page asks once when its socket opens: between its making and that, nobody rang it."""
    page = open_page("/p/default/traces/").page
    page.add_init_script(NOT_REACHABLE)
    page.reload()
    send_order(stack, name="order in between", seconds_ago=0)

    page.evaluate("window.reachable = true")

    expect(page.locator("[data-rows] .row-name").filter(has_text="order in between")).to_be_visible()


def test_the_span_panel_tells_what_a_span_holds(stack: Stack, open_page: OpenPage) -> None:
    """Messages with roles and tool arguments as a table, attributes, the exception with its stack, the raw span."""
    page = open_page(send_order(stack).path).page
    panel = page.locator("[data-panel]")

    names(page).filter(has_text="chat gpt-4o").click()
    expect(panel.get_by_role("heading", name="chat gpt-4o")).to_be_visible()
    expect(panel.locator('.message[data-role="user"]')).to_contain_text("Where is my order?")
    expect(panel.locator('.message[data-role="user"] strong')).to_have_text("order")
    expect(panel.locator('.message[data-role="assistant"] .args')).to_contain_text("kettle-9")
    panel.get_by_role("tab", name="Attributes").click()
    expect(panel).to_contain_text("gen_ai.request.model")
    panel.get_by_role("tab", name="Raw").click()
    expect(panel).to_contain_text('"kind"')

    names(page).filter(has_text="execute_tool reserve").click()
    panel.get_by_role("tab", name="Exception").click()
    expect(panel).to_contain_text("ToolError")
    expect(panel).to_contain_text("in run")
    assert "span=" in page.url


def test_the_keyboard_is_enough(stack: Stack, open_page: OpenPage) -> None:
    """Find, move, fold, next error, critical path, fit, help: each by its key, from the list to the span."""
    send_order(stack)
    page = open_page("/p/default/traces/").page
    page.keyboard.press("f")
    expect(page.locator("[data-query]")).to_be_focused()
    page.keyboard.press("Escape")
    page.locator("[data-query]").blur()
    page.keyboard.press("j")
    expect(page.locator("[data-rows] a").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(names(page)).to_have_count(5)

    page.keyboard.press("/")
    expect(page.locator("[data-find]")).to_be_focused()
    page.keyboard.type("gpt-4o")
    page.keyboard.press("Enter")
    expect(chosen(page)).to_have_text("chat gpt-4o")
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowDown")
    expect(chosen(page)).to_have_text("invoke_agent fulfilment")
    page.keyboard.press("ArrowLeft")
    expect(names(page)).to_have_count(4)
    page.keyboard.press("ArrowRight")
    expect(names(page)).to_have_count(5)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("e")
    expect(chosen(page)).to_have_text(re.compile("fulfilment|reserve"))
    page.keyboard.press("c")
    expect(page.locator('[data-tool="critical"]')).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("z")
    page.keyboard.press("f")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
