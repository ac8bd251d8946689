"""
How fast a large trace opens in Chromium, and how smoothly it scrolls:

    python -m bench.waterfall [--opens 5]
"""

from __future__ import annotations

import argparse
import time
from statistics import median

from playwright.sync_api import Browser, Page

from bench import machine
from bench.chromium import chromium, signed_in
from bench.corpus.requests import large_trace
from bench.load import Load, percentile
from bench.stack import Stack, fresh_stack

SIZES = (5_000, 10_000, 50_000)
SCROLL_FRAMES = 300
SCROLLS = {"a turning wheel": 240, "a dragged bar": 2400}  # pixels a frame: ten rows, a hundred
LATE_MS = 25.0  # a frame left out at 60 a second
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
FIRST_ROWS = """
    new Promise((found) => {
        const ask = () => (window.firstRowsMs ? found(window.firstRowsMs) : requestAnimationFrame(ask));
        ask();
    })
"""
SCROLL = """
    async ([frames, step]) => {
        const scroller = document.querySelector(".waterfall-scroll");
        scroller.scrollTop = 0;
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
BYTES = "performance.getEntriesByType('resource').filter(r => r.name.includes('skeleton'))[0].encodedBodySize"


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
        scrolled = [f"{what}: {_scrolled(page, step)}" for what, step in SCROLLS.items()]
    opened = f"rows after {median(first):.0f} ms (most {max(first):.0f}) in a new browser, {median(again):.0f} again"
    return "\n    ".join([f"{opened}, {size_kb:,.0f} kB", *scrolled])


def _scrolled(page: Page, step: int) -> str:
    """Times of the frames while it scrolls down."""
    page.wait_for_timeout(500)
    frames: list[float] = page.evaluate(SCROLL, [SCROLL_FRAMES, step])
    late = sum(frame > LATE_MS for frame in frames)
    spread = f"p50 {percentile(frames, 50):.1f} ms, p95 {percentile(frames, 95):.1f} ms, most {max(frames):.1f} ms"
    return f"frames {spread}, {late} of {len(frames)} late"


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
    return float(page.evaluate(FIRST_ROWS))


if __name__ == "__main__":
    main()
