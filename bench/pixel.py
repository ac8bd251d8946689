"""
From a span's end to its pixel: a span is sent the moment it ends, and a page that is open in Chromium notes when it has
drawn it, beside an offered load:

    python -m bench.pixel [--rate 1000] [--probes 60]
"""

from __future__ import annotations

import argparse
import os
import threading
import time
from collections.abc import Callable, Iterator

from playwright.sync_api import Page

from bench import machine
from bench.chromium import chromium, signed_in
from bench.corpus.expected import Expected
from bench.corpus.requests import fleet
from bench.load import Load, percentile
from bench.stack import Stack, fresh_stack
from tests.browser.sending import Trace

EVERY_S = 0.7
SETTLE_S = 3.0
NOTE_WHEN_DRAWN = """
    window.drawn = {};
    const look = () => {
        for (const place of document.querySelectorAll(".span-row:not([hidden]) .span-name, [data-rows] .row-name")) {
            const name = place.textContent.trim();
            if (!name.startsWith("probe ") || name in window.drawn) continue;
            window.drawn[name] = 0;
            requestAnimationFrame(() => requestAnimationFrame(() => { window.drawn[name] = Date.now(); }));
        }
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
"""

type Probe = Callable[[str], int]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=1000, help="offered spans a second beside the probes")
    parser.add_argument("--probes", type=int, default=60)
    args = parser.parse_args()
    with fresh_stack() as stack, chromium() as browser, signed_in(browser, stack, height=2400) as page:
        busy = machine.wait_quiet()
        for what, path, probe in _pages(stack):
            page.goto(stack.web + path)
            page.locator('[data-live-state="live"]').wait_for()
            page.evaluate(NOTE_WHEN_DRAWN)
            times_ms = _times_ms(
                page, probe, _load(stack, args.rate, args.probes * EVERY_S + 2 * SETTLE_S), args.probes
            )
            lost = args.probes - len(times_ms)
            print(
                f"{what:28} p50 {percentile(times_ms, 50):6.0f} ms  p95 {percentile(times_ms, 95):6.0f} ms  "
                f"most {max(times_ms):6.0f} ms  not drawn {lost}",
                flush=True,
            )
        print(f"beside {args.rate:,.0f} spans/s; other work before: {busy:.2f} cores")


def _pages(stack: Stack) -> Iterator[tuple[str, str, Probe]]:
    """A trace that grows, and the list of traces."""
    growing, root = Trace(stack=stack, start_ns=time.time_ns()), os.urandom(8)
    growing.send("first", parent=root, seconds=0.1)
    growing.wait_stored(1)

    def send_child(name: str) -> int:
        ended_ns = time.time_ns()
        growing.send(name, parent=root, at=(ended_ns - growing.start_ns) / 1e9 - 0.1, seconds=0.1)
        return ended_ns

    def send_trace(name: str) -> int:
        ended_ns = time.time_ns()
        Trace(stack=stack, start_ns=ended_ns - 10**8).send(name, seconds=0.1)
        return ended_ns

    yield "a span of an open trace", growing.path, send_child
    yield "a trace in the list", "/p/default/traces/?q=name:probe*", send_trace
    yield "a trace in the list, all", "/p/default/traces/", send_trace


def _load(stack: Stack, rate: float, seconds: float) -> Load:
    """Traces of just now, none of them sent before."""
    seed = time.time_ns() & 0xFFFF
    spans = fleet(
        int(rate * seconds), seed=seed, base_ns=time.time_ns(), expected=Expected(), hours=0.01, per_request=50
    )
    return Load(address=stack.otlp, key=stack.key, payloads=list(spans), rate=rate, connections=4)


def _times_ms(page: Page, probe: Probe, load: Load, probes: int) -> list[float]:
    sender = threading.Thread(target=load.run, name="load", daemon=True)
    sender.start()
    page.wait_for_timeout(SETTLE_S * 1000)
    names = [f"probe {os.urandom(4).hex()}" for _ in range(probes)]
    ended_ns = {}
    for name in names:
        ended_ns[name] = probe(name)
        page.wait_for_timeout(EVERY_S * 1000)
    page.wait_for_timeout(SETTLE_S * 1000)
    drawn: dict[str, int] = page.evaluate("window.drawn")
    sender.join()
    return [drawn[name] - ended_ns[name] / 1e6 for name in names if drawn.get(name)]


if __name__ == "__main__":
    main()
