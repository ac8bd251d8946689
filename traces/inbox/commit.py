"""Group commit: requests that arrive together share one COPY and one commit.

    request ──submit──▶ waiting ──take all──▶ writer: COPY, commit ──▶ every future of the group resolves
                          ▲                        │ meanwhile
                          └── more requests ───────┘

One thread a process does it, whatever event loops the requests live on. Nothing lingers: while one group commits the
next one gathers, so a single request is written at once and a hundred share a commit.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import OrderedDict, defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import psycopg

from traces.inbox.batch import Batch
from traces.inbox.writer import InboxWriter

log = logging.getLogger(__name__)

GROUP_BYTES = 8 * 1024 * 1024
GROUP_BATCHES = 500
RECENT_S = 3600.0
RECENT_MAX = 50_000
BACKLOG_EVERY_S = 0.5
IDLE_S = 5.0  # without requests for so long, the backlog is not asked for


class StoreUnavailable(Exception):
    """The batch is not known to be stored; sending it again is safe."""


@dataclass(slots=True)
class Waiting:
    """A batch and who waits for it."""

    batch: Batch
    loop: asyncio.AbstractEventLoop
    stored: asyncio.Future[bool]


class Recent:
    """Batches committed in the last hour, without their bodies, so that most re-sent ones are known before parsing."""

    def __init__(self) -> None:
        self._seen: OrderedDict[bytes, tuple[float, Batch]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, digest: bytes) -> Batch | None:
        """The batch with this digest as a repeat, if it was committed within the hour."""
        with self._lock:
            held = self._seen.get(digest)
        return held[1] if held and time.monotonic() - held[0] < RECENT_S else None

    def add(self, batch: Batch) -> None:
        """Remember a committed batch."""
        slim = batch.repeated(batch.key_id)
        with self._lock:
            self._seen.pop(batch.digest, None)
            self._seen[batch.digest] = (time.monotonic(), slim)
            if len(self._seen) > RECENT_MAX:
                self._seen.popitem(last=False)


class Writer(Protocol):
    """What the committer needs of an inbox."""

    def write(self, group: Sequence[Batch]) -> list[bool]: ...
    def backlog(self) -> int: ...
    def disconnect(self) -> None: ...


class Committer:
    """Commits submitted batches in groups; knows how many spans wait for the workers."""

    def __init__(self, conninfo: str) -> None:
        self.recent = Recent()
        self.backlog_spans = 0
        self._writer: Writer = InboxWriter(conninfo)
        self._waiting: deque[Waiting] = deque()
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._asked_at = 0.0
        self._active_at = 0.0

    def submit(self, batch: Batch) -> asyncio.Future[bool]:
        """Have a batch committed. The future gives whether its body was new, or raises StoreUnavailable."""
        loop = asyncio.get_running_loop()
        waiting = Waiting(batch, loop, loop.create_future())
        with self._wake:
            if self._closing:
                raise StoreUnavailable("the receiver is stopping")
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="inbox commit", daemon=True)
                self._thread.start()
            self._waiting.append(waiting)
            self._wake.notify()
        return waiting.stored

    def close(self) -> None:
        """Commit what waits, then end."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while True:
            group = self._take()
            if group:
                self._commit(group)
            elif self._closing:
                break
            self._ask_backlog()
        self._writer.disconnect()

    def _take(self) -> list[Waiting]:
        """What waits now, bounded; waits for the first, or until the backlog is due."""
        with self._wake:
            if not self._waiting and not self._closing:
                recently = time.monotonic() - self._active_at < IDLE_S
                self._wake.wait(BACKLOG_EVERY_S if recently or self.backlog_spans else None)
            group: list[Waiting] = []
            size = 0
            while self._waiting and len(group) < GROUP_BATCHES and size < GROUP_BYTES:
                group.append(self._waiting.popleft())
                size += len(group[-1].batch.body)
        return group

    def _commit(self, group: list[Waiting]) -> None:
        self._active_at = time.monotonic()
        outcome: list[bool] | StoreUnavailable
        try:
            outcome = self._writer.write([waiting.batch for waiting in group])
        except psycopg.Error as error:
            log.warning("inbox_unavailable", extra={"error": type(error).__name__, "batches": len(group)})
            outcome = StoreUnavailable("the database is not available")
        except Exception:
            # The thread must live: whatever it is, these requests are told to come back and the log has the cause.
            log.exception("inbox_write_failed")
            outcome = StoreUnavailable("the inbox could not be written")
        else:
            for waiting in group:
                self.recent.add(waiting.batch)
        _resolve(group, outcome)

    def _ask_backlog(self) -> None:
        if time.monotonic() - self._asked_at < BACKLOG_EVERY_S:
            return
        self._asked_at = time.monotonic()
        try:
            self.backlog_spans = self._writer.backlog()
        except psycopg.Error as error:
            log.warning("backlog_unknown", extra={"error": type(error).__name__})


def _resolve(group: list[Waiting], outcome: list[bool] | StoreUnavailable) -> None:
    """Wake each event loop once, for all its requests."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[bool], bool]]] = defaultdict(list)
    for index, waiting in enumerate(group):
        by_loop[waiting.loop].append((waiting.stored, outcome[index] if isinstance(outcome, list) else False))
    failure = outcome if isinstance(outcome, StoreUnavailable) else None
    for loop, futures in by_loop.items():
        try:
            loop.call_soon_threadsafe(_set_all, futures, failure)
        except RuntimeError:
            log.info("requests_gone", extra={"requests": len(futures)})  # their event loop has closed


def _set_all(futures: list[tuple[asyncio.Future[bool], bool]], failure: StoreUnavailable | None) -> None:
    for future, is_new in futures:
        if future.done():  # the request was cancelled
            continue
        if failure is None:
            future.set_result(is_new)
        else:
            future.set_exception(failure)
