"""Periodic work: partitions, retention, the ledger, and replay."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import override_settings

from ecoa_web.db.partitions import days_of, ensure_days, retire_before
from tests.store.house import ARRIVAL_MS, PROJECT, House, arrival_day, days_after
from tests.store.spans import Sent, agent, chat, tool
from traces.jobs import DAYS_AHEAD, Jobs, expire_before, this_minute, today
from traces.rollups.fold import fold
from traces.store.replay import replay

WHOLE = (agent(1, "planner"), chat(2, parent=1), tool(3, parent=1))


@pytest.fixture(autouse=True)
def _tidy(house: House) -> Any:
    """Old partitions would stay for other tests."""
    yield
    for table in ("traces_span", "traces_inbox_batch"):
        retire_before(house.conn, table, arrival_day(30))


def test_a_day_has_its_partitions_before_it_begins(house: House) -> None:
    """The leader makes today's partitions and those of the days ahead; making them twice is harmless."""
    for _ in range(2):
        Jobs(house.conn, retention_days=30).run_due()

    wanted = {today() + timedelta(days=ahead) for ahead in range(DAYS_AHEAD + 1)}
    assert wanted <= set(days_of(house.conn, "traces_span"))
    assert wanted <= set(days_of(house.conn, "traces_inbox_batch"))


def test_only_one_worker_does_the_periodic_work(house: House) -> None:
    """While one session leads the others do nothing; when it ends the next one leads."""
    house.receive(*WHOLE)
    house.finish()
    with psycopg.connect(house.dsn, autocommit=True) as leader:
        Jobs(leader, retention_days=10_000).run_due()
        house.receive(agent(1, "planner", trace=2))
        house.finish()
        follower = Jobs(house.conn, retention_days=10_000)
        follower.run_due()
        while_led = house.one("SELECT count(*) FROM traces_rollup_delta")

    while house.one("SELECT count(*) FROM traces_rollup_delta"):  # the server notices the end in a moment
        follower.run_due()

    assert while_led > 0


def test_old_days_leave_whole_and_take_their_traces_along(house: House) -> None:
    """Retention drops partitions and deletes what is derived from them; newer days stay."""
    house.receive(*WHOLE)
    house.receive(agent(1, "planner", trace=2, start=86_400_000, end=86_400_100), at_ms=days_after(1))
    house.receive_body(b"\xff", 1)
    house.finish()
    fold(house.conn, now_minute=this_minute())

    expire_before(house.conn, arrival_day(1))

    assert days_of(house.conn, "traces_span")[0] >= arrival_day(1)
    assert days_of(house.conn, "traces_inbox_batch")[0] >= arrival_day(1)
    assert [columns[7] for columns in house.traces()] == [1]
    assert house.one("SELECT count(*) FROM traces_dead_letter") == 0
    assert [columns[8] for columns in house.rollups()] == [1]
    assert house.ledger() == {0: 1, 1: 1}


def test_a_day_with_batches_that_wait_stays(house: House) -> None:
    """What was acknowledged is stored before it may go."""
    house.receive(*WHOLE)

    expire_before(house.conn, arrival_day(1))

    assert house.store() == 3


def test_a_reader_delays_retention_and_retention_delays_no_one(house: House) -> None:
    """A long reader of an old day makes its partition go at the next try; storing goes on meanwhile."""
    house.receive(*WHOLE)
    house.finish()
    ensure_days(house.conn, [arrival_day(1)])
    with psycopg.connect(house.dsn) as reader:
        reader.execute("SELECT count(*) FROM traces_span")
        gone = retire_before(house.conn, "traces_span", arrival_day(1))
        house.receive(agent(1, "planner", trace=2), at_ms=days_after(1))
        stored = house.store()

    gone_next = retire_before(house.conn, "traces_span", arrival_day(1))

    assert (gone, stored) == ([], 1)
    assert f"traces_span_{arrival_day():%Y%m%d}" in gone_next


def test_ledger_rows_of_minutes_that_are_over_are_added_up(house: House) -> None:
    """The ledger keeps its sums in few rows."""
    for trace in range(1, 6):
        house.receive(agent(1, "planner", trace=trace), at_ms=ARRIVAL_MS)
        house.store()
    before = house.ledger()

    Jobs(house.conn, retention_days=10_000).run_due()

    assert house.ledger() == before
    assert house.one("SELECT count(*) FROM traces_ledger") == 2


def received(house: House) -> None:
    """Batches of two projects with all that can be with them: doubles, poison, late parents."""
    house.receive(chat(2, parent=1), tool(3, parent=1))
    house.finish()
    house.receive(*WHOLE, Sent(id=9, trace=4, error=True))
    house.receive(*WHOLE, project=PROJECT + 1)
    house.receive_body(b"\xff", 2)
    house.finish()


@pytest.mark.parametrize("project_id", [None, PROJECT], ids=["all", "one project"])
def test_a_replay_ends_where_it_began(house: House, project_id: int | None) -> None:
    """Derived rows rebuilt from the inbox equal those before: spans, traces, rollups, ledger, dead letters."""
    received(house)
    letters = "SELECT project_id, batch_id, ordinal, reason FROM traces_dead_letter"
    before = house.state(), house.rows(letters)

    batches, spans = replay(house.conn, project_id=project_id)
    emptied = house.one("SELECT count(*) FROM traces_span WHERE project_id = %s", PROJECT)
    house.finish()

    assert (batches, spans) == ((4, 11) if project_id is None else (3, 8))
    assert emptied == 0
    assert (house.state(), house.rows(letters)) == before


def test_a_replay_of_a_day_ago_decides_at_once(house: House) -> None:
    """Spans that waited for their ancestors when they arrived do not wait again: their arrival is long ago."""
    house.receive(chat(2, parent=1))
    house.finish()
    before = house.state()

    replay(house.conn)
    house.store()
    house.settle()

    assert house.state() == before


@pytest.mark.django_db(transaction=True)
def test_the_replay_command_says_what_it_does(house: House) -> None:
    """It names the batches and spans it queued, and refuses an unknown project."""
    house.receive(*WHOLE)
    house.finish()
    out = StringIO()

    with override_settings(CONFIG=replace(settings.CONFIG, database_url=house.dsn, direct_database_url=None)):
        call_command("replay", "--no-wait", stdout=out)

    assert "1 batches with 3 spans" in out.getvalue()
    with pytest.raises(CommandError, match="no project"):
        call_command("replay", "--project", "nowhere")
