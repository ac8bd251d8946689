"""Writes groups of batches to the inbox: one COPY, one commit."""

from __future__ import annotations

import random
import struct
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import psycopg
from psycopg import errors

from ecoa_web.db.named_sql import named_sql
from ecoa_web.db.partitions import ensure_days
from traces.inbox.batch import Batch
from traces.inbox.ids import new_batch_id
from traces.span import Outcome

SQL = named_sql(__file__)
CONNECT_TIMEOUT_S = 2
HOLD_OFF_S = (0.1, 0.4)  # after a failure; random, so that receivers do not come back all at once
DAYS_AHEAD = 2
JITTER = random.SystemRandom()

COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
COPY_TAIL = struct.pack(">h", -1)
# Nine fields, each with its length before it: id, day, project, key, spans, signal, received_at, digest, body.
COPY_ROW = struct.Struct(">h iq ii ii ii ii ih iq i16s i")
EPOCH_2000_DAYS = date(2000, 1, 1).toordinal()
EPOCH_2000_US = 946_684_800_000_000

type LedgerKey = tuple[int, int, Outcome, str]  # project, key, outcome, reason


@dataclass(frozen=True, slots=True)
class Arrival:
    """When a group arrived: all its rows carry the same moment."""

    at_us: int

    @property
    def day(self) -> date:
        return datetime.fromtimestamp(self.at_us // 1_000_000, UTC).date()

    @property
    def minute(self) -> int:
        return self.at_us // 60_000_000


class InboxWriter:
    """One connection to the inbox, made when needed and again after a failure. Belongs to one thread."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._connection: psycopg.Connection | None = None
        self._connect_after = 0.0

    def write(self, group: Sequence[Batch]) -> list[bool]:
        """Store a group in one commit; for each batch whether it was new. Raises psycopg.Error: then nothing is stored,
        or the answer to the commit was lost."""
        try:
            return self._write_with_partitions(group)
        except psycopg.Error:
            self.disconnect()
            raise

    def backlog(self) -> int:
        """Spans that wait for a worker."""
        try:
            with self._connected().transaction():
                row = self._connected().execute(SQL.backlog).fetchone()
        except psycopg.Error:
            self.disconnect()
            raise
        assert row is not None
        spans: int = row[0]
        return spans

    def disconnect(self) -> None:
        """Let the connection go; the next call makes a new one after a short hold-off."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
            self._connect_after = time.monotonic() + JITTER.uniform(*HOLD_OFF_S)

    def _write_with_partitions(self, group: Sequence[Batch]) -> list[bool]:
        arrival = Arrival(time.time_ns() // 1_000)
        try:
            return self._write(group, arrival)
        except errors.CheckViolation:  # no partition for the day
            self._ensure_days(self._connected())
            return self._write(group, arrival)

    def _write(self, group: Sequence[Batch], arrival: Arrival) -> list[bool]:
        connection = self._connected()
        with connection.transaction():
            connection.execute(SQL.bounds)
            new = self._new(connection, group)
            stored = [(new_batch_id(arrival.at_us // 1_000), batch) for batch in _chosen(group, new) if batch.spans]
            if stored:
                _copy(connection, stored, arrival)
            _enqueue(connection, stored, _ledger(group, new), arrival)
        return new

    def _new(self, connection: psycopg.Connection, group: Sequence[Batch]) -> list[bool]:
        """For each batch whether its body is seen for the first time, in the group and in the last hour."""
        digests = [batch.digest for batch in group if not batch.repeat]
        seen = {bytes(row[0]) for row in connection.execute(SQL.known_digests, {"digests": digests}, binary=True)}
        new = []
        for batch in group:
            new.append(not batch.repeat and batch.digest not in seen)
            seen.add(batch.digest)
        return new

    def _connected(self) -> psycopg.Connection:
        if self._connection is None:
            if time.monotonic() < self._connect_after:
                raise psycopg.OperationalError("the database went away a moment ago")
            self._connect_after = time.monotonic() + JITTER.uniform(*HOLD_OFF_S)
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> psycopg.Connection:
        connection = psycopg.connect(
            self._conninfo,
            autocommit=True,
            connect_timeout=CONNECT_TIMEOUT_S,
            application_name="ecoa inbox",
        )
        try:
            self._ensure_days(connection)
        except psycopg.Error:
            connection.close()
            raise
        return connection

    def _ensure_days(self, connection: psycopg.Connection) -> None:
        today = datetime.now(UTC).date()
        ensure_days(connection, [today + timedelta(days=ahead) for ahead in range(DAYS_AHEAD)])


def _chosen(group: Sequence[Batch], new: Sequence[bool]) -> Iterator[Batch]:
    return (batch for batch, is_new in zip(group, new, strict=True) if is_new)


def _copy(connection: psycopg.Connection, stored: Sequence[tuple[int, Batch]], arrival: Arrival) -> None:
    day = arrival.day.toordinal() - EPOCH_2000_DAYS
    received_at = arrival.at_us - EPOCH_2000_US
    with connection.cursor() as cursor, cursor.copy(SQL.copy_batches) as copy:
        copy.write(COPY_HEAD)
        for batch_id, batch in stored:
            head = (9, 8, batch_id, 4, day, 4, batch.project_id, 4, batch.key_id, 4, batch.spans, 2, int(batch.signal))
            copy.write(COPY_ROW.pack(*head, 8, received_at, 16, batch.digest, len(batch.body)))
            copy.write(batch.body)  # psycopg cuts what is long into pieces
        copy.write(COPY_TAIL)


def _enqueue(
    connection: psycopg.Connection, stored: Sequence[tuple[int, Batch]], ledger: Counter[LedgerKey], arrival: Arrival
) -> None:
    projects, keys, outcomes, reasons = zip(*ledger, strict=True)
    connection.execute(
        SQL.enqueue,
        {
            "day": arrival.day,
            "minute": arrival.minute,
            "ids": [batch_id for batch_id, _ in stored],
            "projects": [batch.project_id for _, batch in stored],
            "spans": [batch.spans for _, batch in stored],
            "l_projects": list(projects),
            "l_keys": list(keys),
            "l_outcomes": [int(outcome) for outcome in outcomes],
            "l_reasons": list(reasons),
            "l_spans": list(ledger.values()),
        },
    )


def _ledger(group: Sequence[Batch], new: Sequence[bool]) -> Counter[LedgerKey]:
    """What the group adds to the ledger: received = pending + duplicate + rejected."""
    ledger: Counter[LedgerKey] = Counter()
    for batch, is_new in zip(group, new, strict=True):
        sender = (batch.project_id, batch.key_id)
        signal = batch.signal
        ledger[*sender, Outcome.RECEIVED.of(signal), ""] += batch.spans + sum(batch.rejected.values())
        for reason, spans in batch.rejected.items():
            ledger[*sender, Outcome.REJECTED.of(signal), reason] += spans
        if batch.spans and not is_new:
            ledger[*sender, Outcome.DUPLICATE.of(signal), "body"] += batch.spans
    return ledger
