"""What the ledger says of a group of batches: by sender, service and outcome; and its dead letters."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import orjson

from ecoa_web.db.named_sql import named_sql
from traces.span import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from psycopg import Connection

    from traces.senders.senders import Senders
    from traces.store.claim import Claimed
    from traces.store.incoming import DeadLetter, Incoming

SQL = named_sql(__file__)

type Line = tuple[int, int, int, str, int]  # project, key, minute, service, outcome


def report(conn: Connection[Any], batches: Iterable[Claimed], incoming: Incoming, senders: Senders) -> None:
    """Say what became of every span; a replaced pending span counts as the double of its real one."""
    ledger: Counter[Line] = Counter()
    dead = _dead(incoming)
    for batch in batches:
        for service, spans in incoming.read[batch.batch_id].items():
            sender = (batch.project_id, batch.key_id, batch.minute, senders.service(batch.project_id, service))
            place, signal = (batch.batch_id, service), batch.signal
            ledger[*sender, Outcome.DUPLICATE.of(signal).value] += incoming.doubles[place]
            ledger[*sender, Outcome.DEAD.of(signal).value] += dead[place]
            ledger[*sender, Outcome.STORED.of(signal).value] += spans - incoming.doubles[place] - dead[place]
    add_to_ledger(conn, ledger)
    if incoming.dead:
        conn.execute(SQL.add_dead_letters, {"rows": _json([_dead_row(letter) for letter in incoming.dead])})


def add_to_ledger(conn: Connection[Any], ledger: Counter[Line]) -> None:
    """Append these lines; readers add them up."""
    conn.execute(SQL.add, {"rows": _json([_row(line, spans) for line, spans in ledger.items() if spans])})


def _dead(incoming: Incoming) -> Counter[tuple[int, str]]:
    """Spans that died, by batch and service."""
    dead: Counter[tuple[int, str]] = Counter()
    for letter in incoming.dead:
        dead[letter.batch.batch_id, letter.service] += letter.batch.spans if letter.ordinal is None else 1
    return dead


def _row(line: Line, spans: int) -> dict[str, object]:
    project_id, key_id, minute, service, outcome = line
    return {
        "project_id": project_id,
        "key_id": key_id,
        "minute": minute,
        "service": service,
        "outcome": outcome,
        "reason": "",
        "spans": spans,
    }


def _dead_row(letter: DeadLetter) -> dict[str, object]:
    return {
        "project_id": letter.batch.project_id,
        "batch_id": letter.batch.batch_id,
        "day": letter.batch.day,
        "ordinal": letter.ordinal,
        "reason": letter.reason.replace("\x00", ""),
    }


def _json(rows: object) -> str:
    return orjson.dumps(rows).decode()
