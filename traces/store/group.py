"""One group of batches after another, each in its own transaction; what cannot be stored is found and set aside.

group ──fails──▶ each batch alone ──fails──▶ halves of its spans, in transactions that are rolled back,
                                             until the poison is found ──▶ the batch without it
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import structlog

from ecoa_web.db.partitions import ensure_days
from traces.prices.book import PriceBook
from traces.senders.senders import Senders
from traces.store.claim import MOST_BATCHES, ClaimedTooMuch, claim, claim_one, done, postpone, share_derived
from traces.store.write import TraceVanished, Written, write

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from psycopg import Connection

    from traces.rollups.keys import Keys
    from traces.store.claim import Claimed
    from traces.store.incoming import Poison

log = structlog.get_logger(__name__)

# No batch's fault but the connection's, the server's or another transaction's. OperationalError holds deadlocks,
# timeouts, shutdowns and a full disk.
TRANSIENT = (psycopg.OperationalError, psycopg.InterfaceError, TraceVanished)
MOST_ATTEMPTS = 5
MOST_TRIALS = 400  # in search of a batch's poison; what is not cleared by then counts as poison


class Store:
    """Stores what waits in the inbox, through one connection in autocommit."""

    def __init__(self, conn: Connection[Any], keys: Keys) -> None:
        self._conn = conn
        self._keys = keys
        self._prices = PriceBook()
        self.senders = Senders()
        self._limit = MOST_BATCHES
        self._days: set[date] = set()

    def next_group(self) -> list[Written]:
        """Store the oldest batches that wait; empty when none does. A TRANSIENT error leaves nothing stored."""
        held: list[Claimed] = []
        try:
            written = self._transaction(lambda: claim(self._conn, limit=self._limit), held)
        except ClaimedTooMuch as too_much:
            self._limit = too_much.fit
            return self.next_group()
        except TRANSIENT:
            raise
        except Exception as error:
            # Whatever it is, left alone it would come back with the same batches for ever.
            log.warning("group_failed", error=type(error).__name__, batches=len(held))
            return [one for batch in held if (one := self._alone(batch.batch_id)) is not None]
        self._limit = min(self._limit * 2, MOST_BATCHES)
        return [written] if written else []

    def _alone(self, batch_id: int) -> Written | None:
        """Store one batch, without its poison; None when another worker has it or it was postponed."""
        held: list[Claimed] = []
        try:
            return self._one(batch_id, {}, held)
        except TRANSIENT:
            raise
        except Exception as error:
            reason = _reason(error)
        batch = held[0]
        poison = Search(self, batch).poison()
        log.warning("batch_failed", batch=batch_id, poison=len(poison))
        if not poison and batch.attempts >= MOST_ATTEMPTS:
            poison = {None: reason}
        if poison:
            try:
                return self._one(batch_id, poison, [])
            except TRANSIENT:
                raise
            except Exception:
                log.exception("batch_stuck", batch=batch_id)
        postpone(self._conn, batch_id)  # it fails only whole, and perhaps not the next time; others have their turn
        return None

    def _one(self, batch_id: int, poison: Poison, held: list[Claimed]) -> Written | None:
        return self._transaction(lambda: claim_one(self._conn, batch_id), held, poison)

    def _transaction(
        self, claiming: Callable[[], list[Claimed]], held: list[Claimed], poison: Poison | None = None
    ) -> Written | None:
        """Claim, store, delete from the queue, commit. What was claimed is in `held`, whatever happens."""
        with self._conn.transaction():
            held += claiming()
            if not held:
                return None
            written = self._write(held, poison or {})
            done(self._conn, held)
        self._keys.remember(written.key_ids)
        self.senders.add(written.seen, written.own)
        return written

    def try_without(self, batch_id: int, poison: Poison) -> str | None:
        """Why the batch could not be stored without this poison, or None. Nothing is stored."""
        try:
            with self._conn.transaction(force_rollback=True):
                held = claim_one(self._conn, batch_id)
                if held:
                    self._write(held, poison)
        except TRANSIENT:
            raise
        except Exception as error:
            return _reason(error)
        return None

    def _write(self, held: Sequence[Claimed], poison: Poison) -> Written:
        share_derived(self._conn)
        days = {batch.day for batch in held}
        if not days <= self._days:
            ensure_days(self._conn, days)
            self._days = days
        of_all = {batch.batch_id: poison for batch in held}
        return write(self._conn, held, keys=self._keys, prices=self._prices, senders=self.senders, poison=of_all)


class Search:
    """Looks for the spans that keep a batch from being stored, by halves."""

    def __init__(self, store: Store, batch: Claimed) -> None:
        self._store = store
        self._batch = batch
        self._trials = 0

    def poison(self) -> dict[int | None, str]:
        """Ordinals with why they cannot be stored."""
        return self._within(range(self._batch.spans))

    def _within(self, ordinals: range) -> dict[int | None, str]:
        self._trials += 1
        others: dict[int | None, str] = {other: "" for other in range(self._batch.spans) if other not in ordinals}
        reason = self._store.try_without(self._batch.batch_id, others)
        if reason is None:
            return {}
        if len(ordinals) == 1 or self._trials > MOST_TRIALS:
            return dict.fromkeys(ordinals, reason)
        middle = len(ordinals) // 2
        return self._within(ordinals[:middle]) | self._within(ordinals[middle:])


def _reason(error: Exception) -> str:
    """What went wrong, in one line. PostgreSQL's detail may quote what was sent; it stays out."""
    message = error.diag.message_primary if isinstance(error, psycopg.Error) and error.diag else None
    return f"{type(error).__name__}: {message or error}".splitlines()[0]
