"""Storing a group of batches, in the caller's transaction.

    read ─▶ price ─▶ decide each trace ─▶ insert traces ─┬ new: all its spans are new
                                                └ known: lock it, leave out spans that are stored, merge
         ─▶ COPY spans ─▶ settle later ─▶ ledger, dead letters ─▶ COPY rollup deltas

A trace's row is the lock of all its spans: new spans are found and written under it, so nothing is stored or counted
twice, on whatever day it arrives. Everyone takes new rows in the order of their ids, and then known rows in the order
of theirs: no two workers wait for each other.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from psycopg.rows import dict_row

from ecoa_web.db.named_sql import named_sql
from traces.prices.own import own_prices
from traces.rollups.append import append
from traces.rollups.delta import Deltas
from traces.rules.own import own_rules
from traces.senders.senders import Senders
from traces.settle import Decision, decide
from traces.store.critical import mark_critical
from traces.store.incoming import read
from traces.store.ledger import report
from traces.store.logs import store_logs, traces_with_logs
from traces.store.rows import batch_columns, line
from traces.store.summary import merge, summarise
from traces.store.trace_rows import TraceRow, new_row, rows_json, stored_row, update

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from psycopg import Connection

    from traces.prices.book import PriceBook
    from traces.rollups.delta import Key
    from traces.rollups.keys import Keys
    from traces.rules.own import Own
    from traces.senders.senders import Seen
    from traces.store.claim import Claimed
    from traces.store.incoming import Incoming, Piece, Poison

SQL = named_sql(__file__)
SETTLE_AFTER_MS = 400
SETTLE_SPANS_A_MS = 5  # a larger trace waits longer, so that reading it again costs a bounded share of storing it
SETTLE_AT_MOST_MS = 20_000


class TraceVanished(Exception):
    """A trace was deleted between two statements; the transaction is to be tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a group came to. key_ids and what was seen are to be remembered once the transaction has committed."""

    project_ids: set[int]
    spans: int
    doubles: int
    dead: int
    key_ids: dict[Key, int]
    seen: Seen
    own: dict[int, Own]


@dataclass(slots=True, kw_only=True)
class Growth:
    """A trace with what a group adds to it."""

    piece: Piece
    decision: Decision
    row: TraceRow
    is_new: bool


def write(
    conn: Connection[Any],
    batches: Sequence[Claimed],
    *,
    keys: Keys,
    prices: PriceBook,
    senders: Senders | None = None,
    poison: Mapping[int, Poison] | None = None,
) -> Written:
    """Store what these claimed batches bring. `poison` says by batch and ordinal what goes to the dead letters."""
    project_ids = {batch.project_id for batch in batches}
    senders = senders or Senders()
    own = own_rules(conn, project_ids)
    incoming = read(batches, own=own, senders=senders, poison=poison)
    prices.learn(own_prices(conn, project_ids))
    for piece in incoming.pieces.values():
        prices.apply(piece.project_id, piece.spans)
    grown = _insert_traces(conn, [_growth(piece) for piece in incoming.pieces.values()])
    known = [growth for growth in grown if not growth.is_new]
    if known:
        _extend_traces(conn, known, incoming)
    _copy_spans(conn, grown)
    _settle_later(conn, grown)
    if incoming.logs:
        store_logs(conn, incoming.logs)
    report(conn, batches, incoming, senders)
    deltas = Deltas()
    for growth in grown:
        deltas.add(growth.piece.project_id, growth.decision.spans)
    return Written(
        project_ids=project_ids,
        spans=sum(len(growth.piece.spans) for growth in grown),
        doubles=incoming.doubles.total(),
        dead=len(incoming.dead),
        key_ids=append(conn, deltas, keys),
        seen=incoming.seen,
        own=own,
    )


def settle_delay_ms(span_count: int) -> int:
    """How long a trace of so many spans waits before it is decided again."""
    return min(SETTLE_AFTER_MS + span_count // SETTLE_SPANS_A_MS, SETTLE_AT_MOST_MS)


def _growth(piece: Piece) -> Growth:
    decision = decide(piece.spans)
    row = new_row(piece.trace_id, piece.project_id, piece.batches, summarise(decision.spans))
    return Growth(piece=piece, decision=decision, row=row, is_new=True)


def _insert_traces(conn: Connection[Any], grown: list[Growth]) -> list[Growth]:
    """Insert the traces that are new, and say which were not."""
    if not grown:
        return []
    cursor = conn.execute(SQL.insert_traces, {"rows": rows_json(growth.row for growth in grown)})
    if cursor.rowcount < len(grown):
        inserted = set(cursor.fetchall())
        for growth in grown:
            growth.is_new = (growth.piece.trace_id, growth.piece.project_id) in inserted
    for growth in grown:
        if growth.is_new and growth.decision.complete:
            mark_critical(growth.decision.spans)
    return grown


def _extend_traces(conn: Connection[Any], known: Sequence[Growth], incoming: Incoming) -> None:
    """Lock stored traces, leave only spans that are new to them, and merge those."""
    stored = _locked(conn, known)
    replaced = _leave_new(conn, known, stored, incoming)
    changed = []
    for growth in known:
        piece = growth.piece
        row = stored[piece.trace_id, piece.project_id]
        growth.decision = decide(piece.spans)
        if piece.spans:
            row.seq += 1
            row.arrived(set(piece.batches))
            row.summary = merge(
                row.summary,
                summarise(growth.decision.spans),
                replaced=replaced[piece.trace_id, piece.project_id],
            )
            changed.append(row)
        growth.row = row
    update(conn, changed)


def _locked(conn: Connection[Any], known: Iterable[Growth]) -> dict[tuple[str, int], TraceRow]:
    wanted = [{"trace_id": growth.piece.trace_id, "project_id": growth.piece.project_id} for growth in known]
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = [stored_row(columns) for columns in cursor.execute(SQL.lock_traces, {"ids": _json(wanted)})]
    if len(rows) < len(wanted):
        raise TraceVanished
    return {(row.trace_id, row.project_id): row for row in rows}


def _leave_new(
    conn: Connection[Any], known: Sequence[Growth], stored: Mapping[tuple[str, int], TraceRow], incoming: Incoming
) -> Counter[tuple[str, int]]:
    """Leave in each piece the spans that are not stored. Returns how many of them replace a pending one, by trace."""
    days = {
        "first_day": min(row.first_day for row in stored.values()),
        "last_day": max(row.last_day for row in stored.values()),
    }
    wanted = {
        "traces": [trace_id for trace_id, _ in stored],
        "spans": [span.span_id for growth in known for span in growth.piece.spans],
        **days,
    }
    present = {
        (trace_id, project_id, span_id): pending
        for trace_id, project_id, span_id, pending in conn.execute(
            SQL.present_spans, wanted, prepare=False
        )  # planned with its ids, which are then hashed
    }
    replaced: list[tuple[str, int, int]] = []
    for growth in known:
        piece = growth.piece
        keep = set()
        for span in piece.spans:
            place = (piece.trace_id, piece.project_id, span.span_id)
            if place not in present:
                keep.add(span.span_id)
            elif present[place] and not span.pending:
                keep.add(span.span_id)
                replaced.append(place)
                incoming.double(span, piece.batches[piece.places[span.span_id]])
        for span, batch in piece.keep(keep):
            incoming.double(span, batch)
    if replaced:
        gone = [dict(zip(("trace_id", "project_id", "span_id"), place, strict=True)) for place in replaced]
        conn.execute(SQL.delete_spans, {"ids": _json(gone), **wanted})
    return Counter((trace_id, project_id) for trace_id, project_id, _ in replaced)


def _copy_spans(conn: Connection[Any], grown: Iterable[Growth]) -> None:
    shared: dict[int, str] = {}
    lines = []
    for growth in grown:
        seq = growth.row.seq
        for one, batch in zip(growth.decision.spans, growth.piece.batches, strict=True):
            columns = shared.get(batch.batch_id)
            if columns is None:
                columns = shared[batch.batch_id] = batch_columns(batch)
            lines.append(line(one, columns, seq))
    if lines:
        with conn.cursor() as cursor, cursor.copy(SQL.copy_spans) as copy:
            copy.write("".join(lines))


def _settle_later(conn: Connection[Any], grown: Sequence[Growth]) -> None:
    """A trace that is new, complete and without log records is decided; every other one that grew is decided soon."""
    whole = [growth.row for growth in grown if growth.is_new and growth.decision.complete]
    logged = traces_with_logs(conn, whole) if whole else set()
    rows = [
        {
            "trace_id": growth.piece.trace_id,
            "project_id": growth.piece.project_id,
            "delay_ms": settle_delay_ms(growth.row.summary.span_count),
        }
        for growth in grown
        if growth.piece.spans
        and (
            not (growth.is_new and growth.decision.complete)
            or (growth.piece.trace_id, growth.piece.project_id) in logged
        )
    ]
    if rows:
        conn.execute(SQL.settle_later, {"rows": _json(rows)})


def _json(rows: object) -> str:
    return orjson.dumps(rows).decode()
