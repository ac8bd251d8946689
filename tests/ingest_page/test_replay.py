"""A replay is asked for on the page, done by a worker, and watched."""

from __future__ import annotations

import psycopg
from django.test import Client

from ecoa_web.accounts.models import AuditEntry
from tests.ingest_page.conftest import Plant
from tests.store.spans import agent, chat, tool
from traces.store.replay import newest_job, step

PAGE = "/p/shop/settings/ingest/"
WHOLE = (agent(1, "planner"), chat(2, parent=1), tool(3, parent=1))


def test_a_replay_is_asked_for_done_and_watched(plant: Plant, editor: Client) -> None:
    """Asked, running with its progress, done; rows are as before; the audit log knows who asked."""
    plant.receive(*WHOLE)
    plant.work()
    before = plant.house.state()

    asked = editor.get(PAGE + "replay/").status_code
    untouched = plant.house.state() == before
    editor.post(PAGE + "replay/")
    states = [job(plant).state]
    step(plant.house.conn)
    states.append(job(plant).state)
    part = editor.get(PAGE, {"part": "reading"}).content.decode()
    plant.work()
    step(plant.house.conn)
    states.append(job(plant).state)

    assert (asked, untouched) == (200, True)
    assert states == ["asked", "running", "done"]
    assert 'max="3" value="0"' in part
    assert plant.house.state() == before
    assert AuditEntry.objects.exclude(project=None).get().action == "asked for a replay of"


def test_two_who_ask_get_one_replay(plant: Plant, editor: Client) -> None:
    """While one is open another is not begun."""
    plant.receive(*WHOLE)
    plant.work()

    for _ in range(2):
        editor.post(PAGE + "replay/")
    begun = [step(plant.house.conn), step(plant.house.conn)]

    assert begun == [True, False]
    assert plant.one("SELECT count(*) FROM traces_replay_job") == 1


def test_what_arrives_meanwhile_does_not_hold_it_up(plant: Plant, editor: Client) -> None:
    """It is done when what it queued is stored, however much is sent all the time."""
    plant.receive(*WHOLE)
    plant.work()
    editor.post(PAGE + "replay/")
    step(plant.house.conn)
    plant.work()

    plant.receive(*(chat(4, parent=1),))
    step(plant.house.conn)

    assert (job(plant).state, job(plant).spans) == ("done", 3)


def test_a_replay_that_cannot_begin_says_so(plant: Plant, editor: Client) -> None:
    """After three attempts it is given up, with the reason; nothing was forgotten."""
    plant.receive(*WHOLE)
    plant.work()
    editor.post(PAGE + "replay/")

    with psycopg.connect(plant.house.dsn, autocommit=True) as other, other.transaction():
        other.execute("LOCK TABLE traces_span IN ACCESS SHARE MODE; LOCK TABLE traces_ledger IN SHARE MODE")
        plant.house.conn.execute("SET lock_timeout = '50ms'")
        for _ in range(4):
            step(plant.house.conn)
    plant.house.conn.execute("RESET lock_timeout")

    assert job(plant).state == "failed"
    assert "failed" in editor.get(PAGE).content.decode()
    assert plant.one("SELECT count(*) FROM traces_span") == 3


def job(plant: Plant):  # type: ignore[no-untyped-def]
    """The newest replay."""
    found = newest_job(plant.house.conn, plant.project.pk)
    assert found is not None
    return found
