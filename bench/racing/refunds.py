"""What the workers run: check ▶ review ▶ pay (keyed), which counts in a ledger of its own."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from ecoa.agent import agent
from ecoa.calling.context import CallContext
from ecoa.orchestrator import Pipeline

PIPELINE = "racing-refunds"
LEDGER = "RACING_LEDGER"  # the variable that names its file
DAWDLE_S = 0.4  # between the entry and the answer, so that a kill falls in between
TABLES = """
    CREATE TABLE IF NOT EXISTS paid (key TEXT PRIMARY KEY, refund TEXT NOT NULL, cents INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS asked (key TEXT NOT NULL);
"""


class Refund(TypedDict):
    """What a customer gets back."""

    refund: str
    cents: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """A file that knows nothing of ECOA. It honours keys, and counts how often it was asked."""

    path: Path

    def make(self) -> None:
        with self._session() as session:
            session.executescript(TABLES)

    def pay(self, refund: Refund, *, key: str) -> bool:
        """Pay once for a key; whether it was paid just now."""
        with self._session() as session:
            session.execute("INSERT INTO asked VALUES (?)", (key,))
            entered = session.execute(
                "INSERT OR IGNORE INTO paid VALUES (?, ?, ?)", (key, refund["refund"], refund["cents"])
            )
            return entered.rowcount == 1

    def paid(self) -> list[tuple[str, int]]:
        """Every payment: refund and cents."""
        with self._session() as session:
            return session.execute("SELECT refund, cents FROM paid").fetchall()

    def asked(self) -> int:
        """Requests, repeated ones included."""
        with self._session() as session:
            return int(session.execute("SELECT count(*) FROM asked").fetchone()[0])

    @contextmanager
    def _session(self) -> Iterator[sqlite3.Connection]:
        session = sqlite3.connect(self.path, timeout=60)
        try:
            with session:
                yield session
        finally:
            session.close()


@agent(name="check")
async def check(refund: Refund) -> Refund:
    """Nothing speaks against it."""
    return refund


@agent(name="pay", effect="keyed")
async def pay(refund: Refund, *, ctx: CallContext) -> Refund:
    """Enter it in the ledger."""
    if Ledger(Path(os.environ[LEDGER])).pay(refund, key=ctx.idempotency_key):
        await asyncio.sleep(DAWDLE_S)
    return refund


refunds = Pipeline(PIPELINE, check).review().then(pay)
