"""The worker: stores what waits in the inbox, settles traces, does the periodic work. As many as wanted.

ingest   claim ▶ store ▶ hint          each loop is a thread with a connection of its own; one that fails
settle   decide what is due ▶ hint     connects again after a moment, for ever, and leaves nothing half done
jobs     fold, compact, partitions, retention (one worker at a time)
search   index what is stored (one worker at a time)
"""

from __future__ import annotations

import gc
import random
import signal
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import psycopg
import structlog

from ecoa_web.db.dsn import direct_conninfo
from ecoa_web.live.publish import publish
from traces.jobs import Jobs
from traces.prices.book import PriceBook
from traces.rollups.keys import Keys
from traces.search.index import Index
from traces.senders.save import Saver
from traces.store.group import TRANSIENT, Store
from traces.store.settling import settle_due

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from psycopg import Connection

    from ecoa_web.config import Config

log = structlog.get_logger(__name__)

# Rows are looked up by key, a few thousand at a time, in partitions whose statistics are younger than their rows: other
# plans would read whole tables. Commits need not wait for the disk: what a crash takes is in the queue again.
SESSION = (
    "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off -c synchronous_commit=off"
    " -c lock_timeout=20s -c statement_timeout=120s -c idle_in_transaction_session_timeout=120s"
)
JOBS_SESSION = "-c jit=off -c statement_timeout=600s -c idle_in_transaction_session_timeout=120s"
CONNECT_TIMEOUT_S = 5
RECONNECT_S = (0.2, 1.0)  # random, so that workers do not come back all at once
BUSY_S, IDLE_S = 0.005, 0.1
SETTLE_S = 0.2
JOBS_S = 1.0
HINT_EVERY_S = 0.1


class Loop(Protocol):
    """One step after another."""

    def step(self) -> float:
        """Do what there is to do; seconds until the next step."""
        ...


type More = tuple[str, Callable[..., Loop]]  # the thread's name; makes its loop of a connection and `config=`


def run(config: Config, stop: threading.Event | None = None, *, more: Sequence[More] = ()) -> None:
    """Work until told to stop: by the event, or without one by SIGTERM or SIGINT. `more` loops are run beside ours."""
    if stop is None:
        stop = _stop_on_signals()
    _spare_the_collector()
    dsn = direct_conninfo(config)
    others = [
        threading.Thread(target=_forever, args=("settle", Settle, dsn, SESSION, stop), name="settle", daemon=True),
        threading.Thread(
            target=_forever,
            args=("jobs", lambda conn: Periodic(conn, config.retention_days), dsn, JOBS_SESSION, stop),
            name="jobs",
            daemon=True,
        ),
    ]
    others.append(
        threading.Thread(target=_forever, args=("search", Index, dsn, JOBS_SESSION, stop), name="search", daemon=True)
    )
    others += [
        threading.Thread(
            target=_forever, args=(name, partial(make, config=config), dsn, JOBS_SESSION, stop), name=name, daemon=True
        )
        for name, make in more
    ]
    for thread in others:
        thread.start()
    _forever("ingest", Ingest, dsn, SESSION, stop)
    for thread in others:
        thread.join()


class Hints:
    """Tells open pages what changed, at most ten times a second."""

    def __init__(self, conn: Connection[Any]) -> None:
        self._conn = conn
        self._changed: set[int] = set()
        self._due = 0.0

    def add(self, project_ids: Iterable[int]) -> None:
        self._changed.update(project_ids)

    def flush(self) -> None:
        """Send what is due. A hint that is lost costs freshness only."""
        now = time.monotonic()
        if not self._changed or now < self._due:
            return
        try:
            publish(self._conn, self._changed)
        except psycopg.Error:
            raise
        except Exception:  # whatever the channel layer raises: Redis may be away, spans are stored all the same
            log.warning("hint_lost", exc_info=True)
        self._changed.clear()
        self._due = now + HINT_EVERY_S


class Ingest:
    """Stores what waits."""

    def __init__(self, conn: Connection[Any]) -> None:
        self._conn = conn
        self._store = Store(conn, Keys())
        self._saver = Saver(self._store.senders)
        self._hints = Hints(conn)
        self._pause = BUSY_S

    def step(self) -> float:
        written = self._store.next_group()
        for group in written:
            self._hints.add(group.project_ids)
        self._hints.flush()
        self._saver.step(self._conn)
        self._pause = 0 if written else min(max(self._pause * 1.5, BUSY_S), IDLE_S)
        return self._pause


class Settle:
    """Decides traces that are due."""

    def __init__(self, conn: Connection[Any]) -> None:
        self._conn = conn
        self._keys = Keys()
        self._prices = PriceBook()
        self._hints = Hints(conn)

    def step(self) -> float:
        settled, projects = settle_due(self._conn, self._keys, prices=self._prices)
        self._hints.add(projects)
        self._hints.flush()
        return 0 if settled else SETTLE_S


class Periodic:
    """Runs the jobs that are due."""

    def __init__(self, conn: Connection[Any], retention_days: int) -> None:
        self._jobs = Jobs(conn, retention_days=retention_days)

    def step(self) -> float:
        return 0 if self._jobs.run_due() else JOBS_S


def _forever(name: str, make: Callable[[Connection[Any]], Loop], dsn: str, options: str, stop: threading.Event) -> None:
    """Step until told to stop, on a new connection after each failure."""
    while not stop.is_set():
        try:
            with psycopg.connect(
                dsn,
                autocommit=True,
                connect_timeout=CONNECT_TIMEOUT_S,
                options=options,
                application_name=f"ecoa worker {name}",
            ) as conn:
                loop = make(conn)
                while not stop.is_set():
                    stop.wait(loop.step())
        except TRANSIENT as error:
            log.warning("worker_reconnects", loop=name, error=type(error).__name__)
        except Exception:
            # A fault of ours in one step must not end the worker: others of its steps succeed.
            log.exception("worker_step_failed", loop=name)
        stop.wait(random.uniform(*RECONNECT_S))  # noqa: S311 - jitter


def _spare_the_collector() -> None:
    """A group makes and frees tens of thousands of objects without a cycle; looking for cycles costs 2 us a span."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
