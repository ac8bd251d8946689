"""One play of the test: start, order and decide under faults, let it come to rest, judge."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random

from bench.chaos.clients import Clients
from bench.chaos.faults import Faults, Plan
from bench.chaos.rig import Rig, rig
from bench.chaos.verdict import SQL, verdict
from ecoa.store import use
from ecoa.store.postgres import PostgresStore

ROUNDS = 3
REST_S = 180.0  # without any fault everything must have come to rest after that


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was done, what came of it."""

    seconds: float
    rest_s: float  # from the last fault until nothing was left to do
    faults: Counter[str]
    clients: Counter[str]
    counts: Counter[str]
    broken: list[str]

    def report(self) -> str:
        """As a table of counts."""
        parts = [("Faults", self.faults), ("Clients", self.clients), ("Ledgers", self.counts)]
        lines = [f"{self.seconds:.0f} s of faults; at rest {self.rest_s:.1f} s after the last"]
        for title, counts in parts:
            lines += ["", title, *(f"  {count:>8,}  {what}" for what, count in counts.items())]
        lines += ["", f"Promises broken: {len(self.broken)}", *(f"  {sentence}" for sentence in self.broken[:50])]
        return "\n".join(lines)


def play(*, orders: int, seconds: float, workers: int, seed: int, plan: Plan | None = None) -> Outcome:
    """All of it."""
    with rig(workers=workers, seed=seed) as running, use(PostgresStore(running.dsn)):
        with running.superuser() as session:
            session.execute(Path(__file__).with_name("watch.sql").read_text(encoding="utf-8"))
        clients = Clients(seed)
        faults = Faults(running, plan or Plan(), Random(seed))
        clients.order(orders, seconds=seconds * 0.95)
        clients.decide()
        faults.play(seconds)
        ended = time.monotonic()
        clients.wait_ordered()
        _wait_for_rest(running)
        rest_s = time.monotonic() - ended
        for _ in range(ROUNDS):
            with running.superuser() as session:
                stuck = session.execute(SQL.stuck).fetchall()
            if not stuck:
                break
            clients.clear_up(stuck)
            _wait_for_rest(running)
        clients.stop()
        found = verdict(running, orders=orders)
        found.counts["worker processes started"] = running.started
        broken = [*found.broken, *clients.faults]
    return Outcome(
        seconds=seconds, rest_s=rest_s, faults=faults.done, clients=clients.said, counts=found.counts, broken=broken
    )


def _wait_for_rest(running: Rig) -> None:
    """Until no worker has anything to do and nobody anything to decide."""
    deadline = time.monotonic() + REST_S
    with running.superuser() as session:
        while time.monotonic() < deadline:
            open_now = session.execute(SQL.at_work).fetchall()[0][0] + session.execute(SQL.awaiting).fetchall()[0][0]
            if not open_now:
                return
            time.sleep(0.2)
