"""What the tables and the bank's ledger say when it is over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from psycopg.rows import namedtuple_row

from bench.chaos.orders import LIMIT_CENTS
from bench.chaos.rig import Rig
from ecoa_web.db.named_sql import named_sql

SQL = named_sql(__file__)


@dataclass(kw_only=True)
class Verdict:
    """Counts to quote, and every promise that was broken."""

    counts: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    def must(self, true: bool, sentence: str) -> None:
        if not true:
            self.broken.append(sentence)


def verdict(rig: Rig, *, orders: int) -> Verdict:
    """Judge every order."""
    found, ledger = Verdict(), rig.ledger()
    with rig.superuser() as session:
        runs: list[Any] = session.cursor(row_factory=namedtuple_row).execute(SQL.runs).fetchall()
        violations = session.execute(SQL.violations).fetchall()
        voted_twice = session.execute(SQL.voted_twice).fetchall()
        found.counts["nodes taken over from lost workers"] = session.execute(SQL.takeovers).fetchall()[0][0]
    found.must(len(runs) == orders, f"{orders} orders were taken and {len(runs)} runs are there")
    for run in runs:
        _judge(
            found, run, charges=len(ledger["charges"].get(run.order_id, ())), ships=ledger["ships"].get(run.order_id, 0)
        )
    known = {run.order_id for run in runs}
    found.must(not ledger["charges"].keys() - known, "the bank charged orders that nobody sent")
    for what, count, about in violations:
        found.broken.append(f"{what} ({count} times, {about} for instance)")
    found.must(not voted_twice, f"{len(voted_twice)} reviews have more than one vote")
    found.counts.update(_of_ledger(ledger))
    return found


def _judge(found: Verdict, run: Any, *, charges: int, ships: int) -> None:  # Any: a named tuple of SQL.runs
    """One order: its run against what really happened."""
    found.counts[f"runs that ended {run.status}" if run.status in ENDED else f"runs {run.status}"] += 1
    about = f"{run.order_id} ({run.status}, charge {run.charge}, ship {run.ship})"
    found.must(charges <= 1, f"{about} was charged {charges} times")
    found.must(ships <= 1, f"{about} was shipped {ships} times")
    found.must(ships == 0 or run.ship is not None, f"{about} was shipped without an intent in the ledger")
    found.must(charges == 0 or run.charge is not None, f"{about} was charged without an intent in the ledger")
    if run.status == "success":
        found.must(charges == 1, f"{about} succeeded with {charges} charges")
        found.must(ships == 1 and run.ship == "done", f"{about} succeeded with {ships} parcels")
        if run.cents > LIMIT_CENTS:
            found.must("approved" in (run.reviews or ()), f"{about} went on without its review: {run.reviews}")
    elif run.status == "rejected":
        found.must(charges == 0, f"{about} was rejected and charged")
        found.must("rejected" in (run.reviews or ()), f"{about} was rejected by nobody")
    elif run.ship_node in DOUBTFUL or run.ship in ("unknown", "intended"):
        found.counts["guarded effects in doubt, all listed"] += 1
        found.counts["  of these the parcel had left" if ships else "  of these nothing had left"] += 1
        found.must(charges == 1, f"{about} is in doubt about the parcel with {charges} charges")
    else:
        found.broken.append(f"{about} neither ended nor is a doubt of it visible")


def _of_ledger(ledger: Mapping[str, Any]) -> Mapping[str, int]:
    charges, ships = ledger["charges"].values(), ledger["ships"].values()
    return {
        "orders charged once": sum(len(cents) == 1 for cents in charges),
        "orders charged twice": sum(len(cents) > 1 for cents in charges),
        "orders shipped once": sum(count == 1 for count in ships),
        "orders shipped twice": sum(count > 1 for count in ships),
        **{f"the bank: {what}": count for what, count in ledger["told"].items()},
    }


ENDED = ("success", "error", "rejected", "cancelled")
DOUBTFUL = ("unknown", "held", "paused")
