"""
How fast a large trace opens in Chromium, and how smoothly it scrolls:

    python -m bench.waterfall [--opens 5]
"""

from __future__ import annotations

import argparse
import time
from statistics import median
from typing import Any

from playwright.sync_api import Browser, Page

from bench import machine
from bench.chromium import chromium, signed_in
from bench.corpus.requests import large_trace
from bench.load import Load, percentile
from bench.stack import Stack, fresh_stack

SIZES = (5_000, 10_000, 50_000)
SCROLL_FRAMES = 300
NOTE_FIRST_ROWS = """
    const noted = () => {
        if (!document.querySelector(".span-row:not([hidden]) .span-name")?.textContent) {
            requestAnimationFrame(noted);
            return;
        }
        requestAnimationFrame(() => { window.firstRowsMs = performance.now(); });
    };
    requestAnimationFrame(noted);
"""
SCROLL = """
    async (frames) => {
        const scroller = document.querySelector(".waterfall-scroll");
        const step = Math.max(48, Math.floor((scroller.scrollHeight - scroller.clientHeight) / frames));
        const times = [];
        let before = await new Promise(requestAnimationFrame);
        for (let at = 0; at < frames; at += 1) {
            scroller.scrollTop += step;
            const now = await new Promise(requestAnimationFrame);
            times.push(now - before);
            before = now;
        }
        return times;
    }
"""
BYTES = "performance.getEntriesByType('resource').filter(r => r.name.includes('skeleton'))[0].transferSize"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--opens", type=int, default=5)
    args = parser.parse_args()
    with fresh_stack() as stack:
        traces = {size: send_large(stack, size) for size in SIZES}
        busy = machine.wait_quiet()
        with chromium() as browser:
            for size, trace_id in traces.items():
                path = f"{stack.web}/p/default/traces/{trace_id}/"
                print(f"{size:6,} spans: {_figures(browser, stack, path, opens=args.opens)}", flush=True)
        print(f"other work before: {busy:.2f} cores")


def _figures(browser: Browser, stack: Stack, path: str, *, opens: int) -> str:
    first = [_open_ms(browser, stack, path) for _ in range(opens)]
    with signed_in(browser, stack) as page:
        again = [_opened_ms(page, path) for _ in range(opens + 1)][1:]
        size_kb = page.evaluate(BYTES) / 1000
        frames = _scroll_ms(page)
    return (
        f"rows after {median(first):.0f} ms (most {max(first):.0f}) in a new browser, {median(again):.0f} ms "
        f"(most {max(again):.0f}) again, {size_kb:,.0f} kB; frames while scrolling: p50 {percentile(frames, 50):.1f} ms, "
        f"p95 {percentile(frames, 95):.1f} ms, most {max(frames):.1f} ms, {sum(frame > 25 for frame in frames)} of "
        f"{len(frames)} late"
    )


def send_large(stack: Stack, spans: int, *, seed: int = 7) -> str:
    """Send one trace of so many spans and wait until it is stored; its id."""
    before = stack.ledger()["stored_spans"]
    trace_id, payloads = large_trace(spans, seed=seed + spans, base_ns=time.time_ns() - 3600 * 10**9)
    load = Load(address=stack.otlp, key=stack.key, payloads=list(payloads))
    load.run()
    stored = stack.wait_stored(before + spans) - before
    assert (load.acked_spans, stored) == (spans, spans), (load.acked_spans, stored)
    return trace_id


def _open_ms(browser: Browser, stack: Stack, path: str) -> float:
    """From navigation to rows, with an empty cache but for what signing in has loaded."""
    with signed_in(browser, stack) as page:
        return _opened_ms(page, path)


def _opened_ms(page: Page, path: str) -> float:
    page.add_init_script(NOTE_FIRST_ROWS)
    page.goto(path, wait_until="commit")
    page.wait_for_function("window.firstRowsMs")
    return float(page.evaluate("window.firstRowsMs"))


def _scroll_ms(page: Page) -> list[float]:
    """Times of the frames while it scrolls from top to bottom."""
    page.wait_for_timeout(500)
    times: Any = page.evaluate(SCROLL, SCROLL_FRAMES)
    return [float(time_ms) for time_ms in times]


if __name__ == "__main__":
    main()
