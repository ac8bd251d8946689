"""The live list of traces, when more comes than one pull brings."""

from __future__ import annotations

import os
import time
from urllib.request import Request, urlopen

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span
from playwright.sync_api import expect

from bench.stack import KEY, Stack
from tests.browser.conftest import OpenPage
from tests.platform.running import PATIENCE_S

pytestmark = [pytest.mark.browser, pytest.mark.slow]  # they drive a browser on a running stack
SHOWN = 50  # traces on a page of the list


def burst(stack: Stack, name: str, traces: int) -> None:
    """So many traces in one request, a millisecond after each other, the last of them the newest."""
    start = time.time_ns() - traces * 1_000_000
    spans = [
        Span(
            trace_id=os.urandom(16),
            span_id=os.urandom(8),
            name=f"{name} {number}",
            start_time_unix_nano=start + number * 1_000_000,
            end_time_unix_nano=start + number * 1_000_000 + 1000,
        )
        for number in range(traces)
    ]
    body = ExportTraceServiceRequest(resource_spans=[ResourceSpans(scope_spans=[ScopeSpans(spans=spans)])])
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/x-protobuf"}
    with urlopen(Request(f"{stack.web}/v1/traces", body.SerializeToString(), headers), timeout=PATIENCE_S) as answer:
        assert answer.status == 200


def test_a_burst_leaves_no_hole_in_the_list(stack: Stack, open_page: OpenPage) -> None:
    """More traces than a page holds: the list begins anew with the newest, and goes on from them when scrolled."""
    burst(stack, "before", 3)
    page = open_page("/p/default/traces/?range=15m").page
    names = page.locator("tr[data-trace] .row-name")
    expect(names.first).to_have_text("before 2")

    burst(stack, "burst", 130)

    expect(names.first).to_have_text("burst 129")
    assert names.all_inner_texts() == [f"burst {129 - row}" for row in range(SHOWN)]
    page.locator("[data-next]").scroll_into_view_if_needed()
    expect(names.nth(SHOWN)).to_have_text(f"burst {129 - SHOWN}")
