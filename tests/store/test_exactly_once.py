"""Every received span is stored once, or accounted for."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import psycopg

from tests.store.house import PROJECT, House, days_after
from tests.store.spans import Sent, agent, chat, tool
from traces.rollups.keys import Keys
from traces.span import Outcome
from traces.store.group import Store

RECEIVED, STORED, DUPLICATE, DEAD = (
    int(outcome) for outcome in (Outcome.RECEIVED, Outcome.STORED, Outcome.DUPLICATE, Outcome.DEAD)
)
WHOLE = (agent(1, "planner"), chat(2, parent=1), tool(3, parent=1))


def test_a_worker_killed_before_its_commit_leaves_nothing_and_the_next_one_stores_all(house: House) -> None:
    """kill -9 inside the storing transaction loses no span and stores none twice."""
    house.receive(*WHOLE)
    worker = subprocess.Popen(
        [sys.executable, "-m", "tests.store.stuck_worker", house.dsn],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert worker.stdout is not None and worker.stdout.readline() == "written\n"

    worker.kill()
    worker.wait()
    worker.stdout.close()
    left = house.one("SELECT count(*) FROM traces_span"), house.one("SELECT count(*) FROM traces_inbox_queue")
    while not house.store():  # the server notices the death of its client in a moment
        pass

    assert left == (0, 1)
    assert len(house.spans()) == 3
    assert house.ledger() == {RECEIVED: 3, STORED: 3}


def test_a_span_sent_again_changes_nothing(house: House) -> None:
    """A retry of the same spans in another body counts as duplicate and adds to nothing."""
    house.receive(*WHOLE)
    house.finish()
    before = house.spans(), house.traces(), house.rollups()

    house.receive(*WHOLE)
    house.finish()

    assert (house.spans(), house.traces(), house.rollups()) == before
    assert house.ledger() == {RECEIVED: 6, STORED: 3, DUPLICATE: 3}


def test_a_span_sent_twice_in_one_group_is_stored_once(house: House) -> None:
    """Doubles within what one transaction stores are found too."""
    house.receive(*WHOLE)
    house.receive(*WHOLE[:2])

    house.finish()

    assert len(house.spans()) == 3
    assert house.ledger() == {RECEIVED: 5, STORED: 3, DUPLICATE: 2}


def test_a_span_sent_again_after_midnight_changes_nothing(house: House) -> None:
    """A retry is recognised on whatever day it arrives, although partitions and their keys are of one day."""
    house.receive(*WHOLE)
    house.finish()
    before = house.spans(), house.rollups()

    house.receive(*WHOLE, at_ms=days_after(1))
    house.receive(WHOLE[0], at_ms=days_after(5))
    house.finish()

    assert (house.spans(), house.rollups()) == before
    assert house.ledger()[DUPLICATE] == 4


def test_a_span_that_arrived_yesterday_but_is_stored_after_todays_is_recognised(house: House) -> None:
    """Batches may be stored in another order than they arrived in."""
    house.receive(*WHOLE, at_ms=days_after(1))
    house.store()

    house.receive(*WHOLE)
    house.finish()

    assert len(house.spans()) == 3


def test_the_same_ids_in_two_projects_are_two_traces(house: House) -> None:
    """Projects share nothing, even when their clients make the same ids."""
    house.receive(*WHOLE, project=PROJECT)
    house.receive(*WHOLE[:2], project=PROJECT + 1)

    house.finish()

    assert house.rows("SELECT project_id, span_count FROM traces_trace ORDER BY 1") == [(PROJECT, 3), (PROJECT + 1, 2)]
    assert {columns[0] for columns in house.rollups()} == {PROJECT, PROJECT + 1}


def test_several_workers_store_everything_once(house: House) -> None:
    """Workers that meet on the same traces neither deadlock nor count a span twice."""
    traces = range(1, 41)
    parts = [
        [agent(1, "planner", trace=trace) for trace in traces],
        [chat(2, parent=1, trace=trace) for trace in traces],
        [tool(3, parent=1, trace=trace) for trace in reversed(traces)],
        [chat(2, parent=1, trace=trace) for trace in reversed(traces)],
    ]
    for _ in range(3):
        for part in parts:
            for start in range(0, len(part), 8):
                house.receive(*part[start : start + 8])

    def work() -> None:
        with psycopg.connect(house.dsn, autocommit=True) as conn:
            store = Store(conn, Keys())
            store._limit = 2  # small groups meet more often
            while store.next_group():
                store._limit = 2

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    house.settle()

    assert house.one("SELECT count(*) FROM traces_span") == 120
    assert house.rows("SELECT DISTINCT span_count, tokens_in, status FROM traces_trace") == [(3, 10, 1)]
    assert house.ledger() == {RECEIVED: 480, STORED: 120, DUPLICATE: 360}
    assert sum(columns[8] for columns in house.rollups()) == 120


def test_a_span_that_cannot_be_stored_is_set_aside_with_its_reason(house: House) -> None:
    """A poison span becomes a dead letter; its batch-mates and the other batches of its group are stored."""
    house.conn.execute("ALTER TABLE traces_span ADD CONSTRAINT poison CHECK (name <> 'poison')")
    try:
        house.receive(*WHOLE)
        batch_id = house.receive(
            Sent(id=11, trace=2), Sent(id=12, parent=11, trace=2, name="poison"), Sent(id=13, trace=2)
        )

        house.finish()
    finally:
        house.conn.execute("ALTER TABLE traces_span DROP CONSTRAINT poison")

    assert {columns[2] for columns in house.spans()} == {1, 2, 3, 11, 13}
    ((letter_batch, ordinal, reason),) = house.rows("SELECT batch_id, ordinal, reason FROM traces_dead_letter")
    assert (letter_batch, ordinal) == (batch_id, 1)
    assert "poison" in reason
    assert house.ledger() == {RECEIVED: 6, STORED: 5, DEAD: 1}
    assert house.one("SELECT count(*) FROM traces_inbox_queue") == 0


def test_a_body_that_cannot_be_read_is_set_aside_whole(house: House) -> None:
    """A batch that does not decode is one dead letter, and the batch after it is stored."""
    batch_id = house.receive_body(b"\xff\xff no protobuf", 4)
    house.receive(*WHOLE)

    house.finish()

    assert house.rows("SELECT batch_id, ordinal FROM traces_dead_letter") == [(batch_id, None)]
    assert house.ledger() == {RECEIVED: 7, STORED: 3, DEAD: 4}


def test_a_batch_that_fails_only_whole_waits_and_is_set_aside_in_the_end(house: House) -> None:
    """When no single span is at fault the batch is tried again later, then becomes a dead letter; others go on."""
    house.conn.execute("ALTER TABLE traces_trace ADD CONSTRAINT poison CHECK (span_count < 3)")
    try:
        house.receive(Sent(id=1, trace=2), Sent(id=2, trace=2, parent=1), Sent(id=3, trace=2, parent=1))
        house.receive(chat(2, trace=3))
        house.finish()
        waiting = house.rows("SELECT attempts, due_at > now() FROM traces_inbox_queue")
        house.conn.execute("UPDATE traces_inbox_queue SET attempts = 5, due_at = now()")
        house.finish()
    finally:
        house.conn.execute("ALTER TABLE traces_trace DROP CONSTRAINT poison")

    assert waiting == [(1, True)]
    assert house.rows("SELECT ordinal FROM traces_dead_letter") == [(None,)]
    assert house.ledger() == {RECEIVED: 4, STORED: 1, DEAD: 3}


def test_a_batch_larger_than_a_transaction_should_be_is_stored_alone(house: House) -> None:
    """The bound on spans a transaction holds never stops a batch."""
    big = [Sent(id=number, parent=None if number == 1 else 1, trace=2) for number in range(1, 8_201)]
    house.receive(*WHOLE)
    house.receive(*big)
    house.receive(*(chat(2, trace=3),))

    assert house.store() == 8_204
