"""python -m ecoa_web.demo: the last hour of the shop at once, then its life as it happens. Workers run what it asks."""

from __future__ import annotations

import asyncio
import logging
import signal
from argparse import ArgumentParser
from random import Random

from ecoa.store import default_store
from ecoa_web.demo.customers import Customers, staff
from ecoa_web.demo.history import live_through
from ecoa_web.demo.live import send
from ecoa_web.supervisor.lifeline import hold_lifeline

HISTORY = 480
EVERY_S = (4.0, 9.0)  # between two messages
PATIENCE_S = 90  # of staff


def main() -> None:
    """Until told to stop."""
    parser = ArgumentParser(prog="python -m ecoa_web.demo", description=__doc__)
    parser.add_argument("--seed", type=int, help="the same customers every time (ids and times stay new)")
    parser.add_argument("--history", type=int, default=HISTORY, metavar="N", help="messages of the last hour")
    options = parser.parse_args()
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # a receiver that restarts is not the shop's news
    hold_lifeline()
    random = Random(options.seed)  # noqa: S311  a shop, not a secret
    live_through(random, messages=options.history)
    asyncio.run(live(random))


async def live(random: Random) -> None:
    """Customers write, staff decide what nobody else does."""
    stop, store = asyncio.Event(), default_store()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    tasks = [
        asyncio.create_task(Customers(random).write(send, every=EVERY_S)),
        asyncio.create_task(staff(store, random, patience=PATIENCE_S)),
    ]
    await stop.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await store.close()


if __name__ == "__main__":
    main()
