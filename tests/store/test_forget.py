"""A deleted project leaves nothing behind."""

from __future__ import annotations

import pytest
from django.db import connection

from ecoa_web.accounts.models import Project
from tests.store.house import PROJECT, House
from tests.store.logs import body, details
from tests.store.spans import agent, chat, tool
from traces.inbox.batch import Signal
from traces.rollups.fold import fold
from traces.store.forget import SQL, forget_gone

WHOLE = (agent(1, "planner"), chat(2, parent=1), tool(3, parent=1))


def test_deleting_a_project_deletes_what_it_sent_and_nothing_else(house: House) -> None:
    """Bodies, spans, traces, logs, sums and ledger go, some rows at a time; another project's stay."""
    for project in (PROJECT, 8):
        house.receive(*WHOLE, project=project)
        house.receive_body(body([details(2)]), 1, project=project, signal=Signal.LOGS)
    house.finish()
    with house.conn.transaction():
        fold(house.conn, now_minute=1 << 30)
    house.receive(agent(9, "late"), project=8)
    tables = [table for (table,) in house.rows(SQL.tables)]
    kept = {table: house.one(f"SELECT count(*) FROM {table} WHERE project_id = %s", PROJECT) for table in tables}

    house.conn.execute(SQL.mark, {"project": 8})
    while forget_gone(house.conn, limit=2):
        pass

    assert {table: house.one(f"SELECT count(*) FROM {table}") for table in tables} == kept
    assert kept["traces_span"] == 3
    assert house.one("SELECT count(*) FROM traces_rollup WHERE key_id NOT IN (SELECT id FROM traces_rollup_key)") == 0
    assert house.rows(SQL.gone) == [(8,)]


@pytest.mark.django_db
def test_a_project_is_marked_when_it_is_deleted() -> None:
    """In the transaction that deletes it."""
    project = Project.objects.create(slug="gone", name="Gone")
    number = project.pk
    project.delete()

    with connection.cursor() as cursor:
        cursor.execute(SQL.gone)
        assert cursor.fetchall() == [(number,)]
