"""When the index is made."""

from __future__ import annotations

import time

import psycopg
import pytest

from tests.store.house import House, days_after
from tests.store.spans import Sent
from traces.search import index
from traces.search.index import BUSY_BATCHES, BUSY_S, IDLE_S, LEAD_S, Index


def segments(house: House) -> int:
    return int(house.one("SELECT count(*) FROM traces_search_segment"))


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def be_busy(house: House) -> None:
    """So many batches wait to be stored."""
    for number in range(BUSY_BATCHES):
        house.receive(Sent(id=100 + number, trace=100 + number), at_ms=now_ms())


@pytest.fixture
def indexer(house: House, monkeypatch: pytest.MonkeyPatch) -> Index:
    """One to whom a single batch is enough."""
    monkeypatch.setattr(index, "SEGMENT_BYTES", 1)
    return Index(house.conn)


def test_a_segment_waits_for_enough_batches(house: House) -> None:
    """What is little is searched as fast without one."""
    house.receive(Sent(id=1), at_ms=now_ms())
    house.store()

    assert Index(house.conn).step() == IDLE_S
    assert segments(house) == 0


def test_what_is_left_of_a_day_gets_its_segment(house: House) -> None:
    """However small, once the day is over for good."""
    house.receive(Sent(id=1), at_ms=days_after(-30))
    house.store()

    assert Index(house.conn).step() == 0
    assert segments(house) == 1
    assert house.one("SELECT count(*) FROM traces_search_queue") == 0


def test_the_index_waits_while_batches_wait_to_be_stored(house: House, indexer: Index) -> None:
    """It goes on as soon as they are."""
    house.receive(Sent(id=1), at_ms=now_ms())
    house.store()
    be_busy(house)

    assert indexer.step() == BUSY_S
    assert segments(house) == 0

    house.store()
    assert indexer.step() == 0
    assert segments(house) == 1


def test_the_index_waits_for_a_minute_at_most(house: House, indexer: Index) -> None:
    """Then it has its turn, however many batches wait."""
    house.receive(Sent(id=1), at_ms=now_ms() - 61_000)
    house.store()
    be_busy(house)

    indexer.step()

    assert segments(house) == 1


def test_one_session_indexes_at_a_time(house: House, indexer: Index) -> None:
    """Another one takes over when it lets go."""
    house.receive(Sent(id=1), at_ms=now_ms())
    house.store()
    with psycopg.connect(house.dsn, autocommit=True) as other:
        Index(other).step()
        house.receive(Sent(id=2), at_ms=now_ms())
        house.store()

        assert indexer.step() == LEAD_S

        other.execute("SELECT pg_advisory_unlock_all()")
        assert indexer.step() == 0


def test_a_segment_whose_batches_were_forgotten_meanwhile_is_not_kept(
    house: House, indexer: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A replay while it was made."""
    house.receive(Sent(id=1), at_ms=now_ms())
    house.store()
    write = index._write

    def forget_and_write(*arguments: object) -> None:
        house.conn.execute("TRUNCATE traces_search_queue")
        write(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(index, "_write", forget_and_write)
    indexer.step()

    assert segments(house) == 0
