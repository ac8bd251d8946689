"""Every page, with and without data, in both themes and on a phone: no fault, nothing too wide, nothing executed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from playwright.sync_api import expect

from bench.corpus.pipeline import Value, key_value
from bench.stack import Stack
from tests.browser.conftest import PHONE, OpenPage, Watched
from tests.browser.sending import Trace, agent, send_order

pytestmark = [pytest.mark.browser, pytest.mark.slow]  # they drive a browser on a running stack

PAGES = [
    *("/p/default/", "/p/default/start/", "/p/default/traces/", "/p/default/agents/", "/p/default/agents/classifier/"),
    *("/p/default/traces/?q=status:error", "/p/default/traces/?q=status", "/p/default/?range=7d"),
    *("/p/default/search/?q=nothing-like-it", "/p/default/settings/project/", "/p/default/settings/members/"),
    *("/p/default/settings/keys/", "/p/default/settings/audit/", "/p/default/settings/project/delete/"),
    *("/settings/projects/", "/settings/profile/", "/settings/audit/", "/accounts/password/change/"),
    *("/accounts/logout/", "/accounts/2fa/", "/api/docs/"),
]
PAYLOADS = [
    "<script>window.pwned = 1</script>",
    '"\'><img src=x onerror="window.pwned = 1">',
    "<svg/onload=window.pwned=1>",
    "[click](javascript:window.pwned=1) ![pixel](http://192.0.2.1/x.png) <a href='javascript:window.pwned=1'>x</a>",
    "{{ 7*7 }}{% csrf_token %}${7*7}`",
    "\u202eيبرع txet\u202c مرحبا بالعالم \u0000\u2028",
    "very-long-" + "w" * 3000,
]


@pytest.mark.parametrize("look", ["light", "dark", "phone"])
def test_every_page_is_without_fault(stack: Stack, open_page: OpenPage, look: str) -> None:
    """No console error, no exception, no policy violation, no request elsewhere, no sideways scrolling."""
    trace = send_order(stack)
    options = {"viewport": PHONE, "has_touch": True} if look == "phone" else {"color_scheme": look}
    watched = open_page(**options)

    wide = [path for path in [*PAGES, trace.path, f"{trace.path}?view=log"] if not _fits(watched, path)]

    assert wide == []


def test_a_project_without_data_says_what_to_do(open_page: OpenPage) -> None:
    """Overview, traces and agents of an empty project lead on."""
    watched = open_page("/settings/projects/")
    watched.page.get_by_label("Name").fill("Nothing yet")
    watched.page.get_by_role("button", name="Create project").click()

    for path in ("traces/", "agents/"):
        page = watched.open(f"/p/nothing-yet/{path}")
        page.locator("main").get_by_role("link", name="Get started").click()
        expect(page.get_by_text("Waiting for the first span…")).to_be_visible()
    expect(watched.open("/p/nothing-yet/").get_by_text("Waiting for the first span…")).to_be_visible()


def test_the_theme_is_chosen_and_kept(open_page: OpenPage) -> None:
    """Dark from the user's menu, at once and after a reload."""
    page = open_page(color_scheme="light").page
    before = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")

    page.locator(".user-menu summary").click()
    page.get_by_role("radio", name="Dark").click()

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") != before
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.locator(".user-menu summary").click()
    page.get_by_role("radio", name="Light").click()


def test_a_phone_has_a_drawer(stack: Stack, open_page: OpenPage) -> None:
    """The rail comes when it is asked for, and leads on."""
    send_order(stack)
    page = open_page(viewport=PHONE, has_touch=True).page
    expect(page.locator(".rail")).not_to_be_in_viewport()

    page.get_by_role("button", name="Menu").click()
    page.locator(".rail").get_by_role("link", name="Traces").click()

    expect(page.get_by_role("heading", name="Traces", exact=True)).to_be_visible()


def test_hostile_spans_stay_text(stack: Stack, open_page: OpenPage) -> None:
    """Scripts, markup, links, templates, bidirectional and endless text in every field of a span, on every page."""
    trace = Trace(stack=stack, service=PAYLOADS[0])
    spans = list(hostile_spans(trace))
    trace.send_span(*spans, resource={payload: payload for payload in PAYLOADS})
    trace.wait_stored(len(spans))

    watched = open_page("/p/default/traces/")
    pages = ["/p/default/", "/p/default/traces/", "/p/default/agents/", trace.path, f"{trace.path}?view=log"]
    pages += [f"/p/default/agents/{quote(payload[:190], safe='')}/" for payload in PAYLOADS[:4]]
    pages += [f"/p/default/traces/?q={quote(payload)}" for payload in PAYLOADS[:5]]
    wide = [path for path in pages if not _fits(watched, path)]
    look_at_every_span(watched, trace, count=len(spans))

    assert wide == []
    assert watched.page.evaluate("window.pwned") is None


def hostile_spans(trace: Trace) -> Iterator[Span]:
    """A root and for each payload an agent's model call that carries it everywhere."""
    root = b"rootroot"
    yield Span(
        trace_id=trace.id,
        span_id=root,
        name=PAYLOADS[1],
        start_time_unix_nano=trace.start_ns,
        end_time_unix_nano=trace.start_ns + 10**10,
    )
    for at, payload in enumerate(PAYLOADS):
        message = [
            {"role": payload, "parts": [{"type": "text", "content": payload}, _tool_call(payload), {"type": payload}]}
        ]
        attributes: dict[str, Value] = {
            **agent(payload),
            "gen_ai.operation.name": ("chat", "invoke_agent", "execute_tool")[at % 3],
            "gen_ai.provider.name": payload,
            "gen_ai.request.model": payload,
            "gen_ai.response.model": payload,
            "gen_ai.tool.name": payload,
            "gen_ai.conversation.id": payload,
            "user.id": payload,
            "error.type": payload,
            "gen_ai.input.messages": json.dumps(message),
            "gen_ai.output.messages": json.dumps(message),
            "gen_ai.tool.call.arguments": json.dumps({payload: payload}),
            "gen_ai.tool.call.result": payload,
            payload: payload,
        }
        start_ns = trace.start_ns + at * 10**9
        span = Span(
            trace_id=trace.id,
            span_id=b"span%04d" % at,
            parent_span_id=root,
            name=payload,
            start_time_unix_nano=start_ns,
            end_time_unix_nano=start_ns + 10**9,
            trace_state=payload.replace("\0", ""),
            attributes=[key_value(key, value) for key, value in attributes.items()],
            status=Status(code=Status.STATUS_CODE_ERROR, message=payload),
        )
        told = ("exception.type", "exception.message", "exception.stacktrace", payload)
        span.events.add(name="exception", attributes=[key_value(key, payload) for key in told])
        span.events.add(name=payload, attributes=[key_value(payload, payload)])
        span.links.add(trace_id=trace.id, span_id=root, attributes=[key_value(payload, payload)])
        yield span


def look_at_every_span(watched: Watched, trace: Trace, *, count: int) -> None:
    """Every tab of every span's panel."""
    page = watched.open(trace.path)
    rows = page.locator(".span-row:not([hidden])")
    expect(rows).to_have_count(count)
    panel = page.locator("[data-panel]")
    for at in range(count):
        rows.nth(at).locator(".span-name").click()
        expect(panel.get_by_role("tab", name="Raw")).to_be_visible()
        for tab in range(panel.get_by_role("tab").count()):
            panel.get_by_role("tab").nth(tab).click()


def _fits(watched: Watched, path: str) -> bool:
    watched.open(path)
    return watched.fits()


def _tool_call(payload: str) -> dict[str, object]:
    return {"type": "tool_call", "id": payload, "name": payload, "arguments": {payload: payload}}
