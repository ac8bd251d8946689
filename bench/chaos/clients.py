"""The people of the test: who order (some twice), and three who decide, each telling it over three channels at once."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from random import Random
from typing import Any

from bench.chaos.orders import LIMIT_CENTS, orders
from ecoa.errors import EcoaError, ReviewConflict, StoreUnavailable
from ecoa.store import default_store
from ecoa.store.base import Ballot, ReviewFilter, ReviewRow, Store

DECIDERS = ("ann", "ben", "cyd")
CHANNELS = ("web", "api", "slack")
COSTLY = 0.2  # share of orders that need a person
TWICE = 0.1  # share of orders that are sent again: a double click, a caller that gave up waiting
AGAIN = '{"decision": "again", "output": null, "by": "ops", "comment": ""}'
LOOK_S = 0.3


@dataclass
class Clients:
    """Threads with a loop and a store each. `said` counts what they were told."""

    seed: int
    said: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)  # errors that no client should see
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def order(self, count: int, *, seconds: float) -> None:
        """Send so many orders, evenly over the time."""
        self._begin("orders", lambda _: self._order(count, seconds))

    def decide(self) -> None:
        """Everybody decides what is pending, until told to stop."""
        for person in DECIDERS:
            self._begin(person, lambda store, person=person: self._decide(store, person))  # type: ignore[misc]

    def wait_ordered(self) -> None:
        """Until every order was taken."""
        self._threads[0].join()

    def clear_up(self, stuck: Sequence[tuple[str, dict[str, Any], str | None]]) -> None:
        """What callers and operators do afterwards: failed orders are sent again, steps of dead workers tried again.

        Each is a run, its order, and the step that is held. Guarded ones are left alone: that they are listed counts.
        """
        asyncio.run(self._clear_up(stuck))

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _begin(self, name: str, do: Callable[[Store], Awaitable[None]]) -> None:
        async def live() -> None:
            store = default_store()
            try:
                await do(store)
            finally:
                await store.close()

        def run() -> None:
            try:
                asyncio.run(live())
            except Exception as error:
                self.faults.append(f"{name}: {error!r}")
                raise

        self._threads.append(threading.Thread(target=run, name=name, daemon=True))
        self._threads[-1].start()

    async def _order(self, count: int, seconds: float) -> None:
        begun, random = time.monotonic(), Random(self.seed)
        for number in range(count):
            await asyncio.sleep(begun + number * seconds / count - time.monotonic())
            cents = random.randint(LIMIT_CENTS + 1, 50_000) if random.random() < COSTLY else random.randint(100, 9_000)
            order = {"order": f"T-{number:05}", "cents": cents}
            times = 2 if random.random() < TWICE else 1
            await asyncio.gather(*(self._start(order) for _ in range(times)))

    async def _start(self, order: dict[str, Any]) -> None:
        """As a caller does: again until it was answered."""
        while True:
            try:
                await orders.start(order, idempotency_key=order["order"], here=False)
            except StoreUnavailable:
                self.said["starts not answered, sent again"] += 1
                continue
            self.said["starts answered"] += 1
            return

    async def _clear_up(self, stuck: Sequence[tuple[str, dict[str, Any], str | None]]) -> None:
        store = default_store()
        for run_id, order, path in stuck:
            if path is None:
                await self._start(order)
                self.said["failed orders sent again"] += 1
            else:
                await store.release(run_id, path, decision=AGAIN, by="ops")
                self.said["steps that saw three workers die, tried again"] += 1
        await store.close()

    async def _decide(self, store: Store, person: str) -> None:
        while not self._stop.is_set():
            try:
                page = await store.reviews(ReviewFilter(pipeline="chaos-orders"), limit=50)
            except StoreUnavailable:
                continue
            gates = [review for review in page.rows if review.path == "review"]
            await asyncio.gather(*(self._tell(store, person, review, via) for review in gates for via in CHANNELS))
            await asyncio.sleep(LOOK_S)

    async def _tell(self, store: Store, person: str, review: ReviewRow, via: str) -> None:
        no = blake2b(f"{self.seed} {person} {review.id}".encode(), digest_size=1).digest()[0] < 16
        ballot = Ballot(
            version=review.version, decision="reject" if no else "approve", by=person, via=via, comment="seen"
        )
        try:
            await store.decide_review(review.id, ballot)
            self.said["decisions taken"] += 1
        except ReviewConflict:
            self.said["decisions refused: somebody was first"] += 1
        except StoreUnavailable:
            self.said["decisions not answered"] += 1
        except EcoaError as error:
            self.faults.append(f"{person}: {error!r}")
