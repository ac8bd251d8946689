"""python -m ecoa_web.demo: the last hour of the shop at once, then its life as it happens."""

from __future__ import annotations

import logging
import signal
import threading
import time
from argparse import ArgumentParser
from random import Random

from ecoa_web.demo.send import Sender, Stage
from ecoa_web.demo.shop import SERVICES, Shop
from ecoa_web.supervisor.lifeline import hold_lifeline

BACKFILL = 300
HOUR_NS = 3600 * 10**9
BUSY = (1.0, 2.0)  # seconds between two messages


def main() -> None:
    """Send until told to stop."""
    parser = ArgumentParser(prog="python -m ecoa_web.demo", description=__doc__)
    parser.add_argument("--seed", type=int, help="the same shop every time (ids and times stay new)")
    parser.add_argument("--backfill", type=int, default=BACKFILL, metavar="N", help="traces of the last hour")
    options = parser.parse_args()
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # a receiver that restarts is not the shop's news
    hold_lifeline()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    random = Random(options.seed)  # noqa: S311  a shop, not a secret
    sender, shop = Sender(SERVICES), Shop(random)
    backfill(sender, shop, random, count=options.backfill, stop=stop)
    live(sender, shop, random, stop=stop)
    sender.close()


def backfill(sender: Sender, shop: Shop, random: Random, *, count: int, stop: threading.Event) -> None:
    """Traces spread over the last hour, all ended by now, oldest first."""
    now = time.time_ns()
    for ago in sorted((random.randrange(HOUR_NS) for _ in range(count)), reverse=True):
        if stop.is_set():
            return
        step = shop.message()
        sender.send(step, start_ns=now - max(ago, step.duration_ns))
    sender.flush()


def live(sender: Sender, shop: Shop, random: Random, *, stop: threading.Event) -> None:
    """A message every second or two."""
    stage = Stage(sender)

    def arrive() -> None:
        now = time.time_ns()
        stage.begin(shop.message(), start_ns=now)
        stage.at(now + int(random.uniform(*BUSY) * 1e9), arrive)

    stage.at(time.time_ns(), arrive)
    stage.play(stop)


if __name__ == "__main__":
    main()
