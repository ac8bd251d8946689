"""Dead letters, tried again or discarded.

A batch is stored whole or not at all, so its letters are tried again together. What of it is stored already will be
found to be a double; the ledger takes that back beforehand, so that it adds up before, during and after.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from zstandard import ZstdError

from ecoa_web.db.named_sql import named_sql
from traces.decode import spans as decoded
from traces.inbox.batch import Signal, inflated
from traces.inbox.ids import batch_id_ms
from traces.normalise import service_of
from traces.rules.own import own_rules
from traces.span import Outcome
from traces.store.claim import share_derived
from traces.store.ledger import Line, add_to_ledger
from traces.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from psycopg import Connection

    from traces.rules.rule import Ruled

SQL = named_sql(__file__)
BATCHES_AT_ONCE = 50


class Kept(NamedTuple):
    """A batch with dead letters, as the inbox keeps it."""

    batch_id: int
    day: date
    key_id: int
    spans: int
    signal: int
    body: bytes


def retry(conn: Connection[Any], project_id: int, *, letter_id: int | None = None) -> int:
    """Let the batch of a letter wait again, or those of all letters; how many letters that takes. Letters whose body is
    no longer kept stay. Each batch is taken once, however many ask at the same time."""
    taken = 0
    while True:
        with conn.transaction():
            share_derived(conn)
            wanted = {"project": project_id, "letter": letter_id, "limit": BATCHES_AT_ONCE}
            batches = [Kept(*row) for row in conn.execute(SQL.batches, wanted).fetchall()]
            taken += _retry(conn, project_id, batches) if batches else 0
        if len(batches) < BATCHES_AT_ONCE:
            return taken


def discard(conn: Connection[Any], project_id: int, *, letter_id: int | None = None) -> int:
    """Forget a letter, or all of them; how many. The ledger goes on counting their spans as dead."""
    return conn.execute(SQL.discard, {"project": project_id, "letter": letter_id}).rowcount


def _retry(conn: Connection[Any], project_id: int, batches: list[Kept]) -> int:
    letters: defaultdict[int, list[int | None]] = defaultdict(list)
    for batch_id, ordinal in conn.execute(SQL.take, {"project": project_id, "ids": [b.batch_id for b in batches]}):
        letters[batch_id].append(ordinal)
    again = [batch for batch in batches if batch.batch_id in letters]
    if not again:
        return 0
    ruled = own_rules(conn, [project_id])[project_id].ruled
    ledger: Counter[Line] = Counter()
    for batch in again:
        _take_back(ledger, project_id, batch, letters[batch.batch_id], ruled)
    add_to_ledger(conn, ledger)
    logs = [batch for batch in again if batch.signal == Signal.LOGS]
    if logs:
        conn.execute(SQL.forget_logs, {"project": project_id, **_places(logs)})
    conn.execute(SQL.enqueue, {"project": project_id, **_places(again), "spans": [batch.spans for batch in again]})
    return sum(map(len, letters.values()))


def _places(batches: Collection[Kept]) -> dict[str, object]:
    return {"ids": [batch.batch_id for batch in batches], "days": [batch.day for batch in batches]}


def _take_back(ledger: Counter[Line], project_id: int, batch: Kept, ordinals: list[int | None], ruled: Ruled) -> None:
    """What the ledger must forget of a batch that will be counted again: its dead, and that the rest is stored."""
    services = [""] * batch.spans if None in ordinals else _services(batch, ruled)
    spans = Counter(services)
    dead = spans if None in ordinals else Counter(services[ordinal] for ordinal in ordinals if ordinal is not None)
    signal = Signal(batch.signal)
    rest = Outcome.STORED if signal is Signal.LOGS else Outcome.DUPLICATE
    for service, count in spans.items():
        sender = (project_id, batch.key_id, batch_id_ms(batch.batch_id) // 60_000, service)
        ledger[*sender, Outcome.DEAD.of(signal).value] -= dead[service]
        ledger[*sender, rest.of(signal).value] -= count - dead[service]


def _services(batch: Kept, ruled: Ruled) -> list[str]:
    """The service of each span of a batch, by ordinal; empty where none can be read, as in its first reading."""
    services = [""] * batch.spans
    if batch.signal == Signal.LOGS:
        return services
    try:
        for raw in decoded(inflated(bytes(batch.body))):
            if raw.ordinal < batch.spans:
                services[raw.ordinal] = service_of(raw.resource, ruled.of(raw.scope.name)) or ""
    except (Malformed, ZstdError):
        return [""] * batch.spans
    return services
