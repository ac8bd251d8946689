"""kill -9 of any part under load: what was acknowledged is stored, once. `python -m bench.kills` is the long form."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from bench.kills import KINDS, Victim, play, rounds_of, row, victim

SPANS = 2_000
RATE = 2_000


@pytest.fixture(scope="module")
def killed() -> Iterator[Victim]:
    """A stack of its own: the whole of it is killed, too."""
    with victim() as killed:
        yield killed


@pytest.mark.stack
@pytest.mark.slow
def test_acknowledged_spans_survive_kill_9_of_every_part(killed: Victim) -> None:
    """Receiver, web, each worker, PostgreSQL, everything: none lost, none doubled, and the ledger says the same."""
    kinds = [*KINDS, "web"]

    rounds = []
    for kind, payloads in rounds_of(len(kinds), spans=SPANS, kinds=kinds):
        killed.wait_whole()
        rounds.append(play(killed, kind, payloads, rate=RATE))
        sys.stdout.write(f"{row(rounds[-1])}\n")
    killed.wait_whole()

    acked = sum(round.acked for round in rounds)
    ledger = killed.stack.ledger()
    assert acked == SPANS * len(kinds)
    assert [(round.lost, round.duplicated, round.refusals) for round in rounds] == [(0, 0, 0)] * len(kinds)
    assert (ledger["stored_spans"], ledger["dead_letters"], ledger["pending_batches"]) == (acked, 0, 0)
    assert ledger["received_spans"] == ledger["stored_spans"] + ledger["duplicate_spans"]
