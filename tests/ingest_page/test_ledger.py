"""Of every received span it is known what became of it."""

from __future__ import annotations

import time

import pytest
from django.test import Client
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.ingest_page.conftest import Plant
from tests.store.spans import Sent, agent, body, chat, tool
from traces.queries.arrivals import Account, Accounts, accounts
from traces.queries.window import Window
from traces.span import Outcome

WHOLE = (agent(1, "planner"), chat(2, parent=1), tool(3, parent=1))


def told(plant: Plant) -> Accounts:
    """The accounts of the last hours."""
    now = time.time_ns()
    return accounts(plant.project.pk, window=Window(start_ns=now - 3_600 * 10**9, end_ns=now + 60 * 10**9))


def mixed(*groups: tuple[str, tuple[Sent, ...]]) -> bytes:
    """One body with spans of several services."""
    request = ExportTraceServiceRequest()
    for service, spans in groups:
        request.MergeFromString(body(list(spans), service=service))
    return request.SerializeToString()


@pytest.fixture
def received(plant: Plant) -> Plant:
    """Spans that are new, known, refused, poisonous, unreadable and waiting."""
    plant.poison(on=True)
    plant.receive(*WHOLE)
    plant.receive(*WHOLE[:2], Sent(id=9, parent=1))
    plant.receive(Sent(id=11, trace=2), Sent(id=12, parent=11, trace=2, name="poison"), service="billing")
    plant.receive_body(b"\xff", 4)
    plant.receive_body(mixed(("shop", WHOLE[:1]), ("billing", (Sent(id=13, parent=11, trace=2),))), 2)
    minute = int(time.time()) // 60
    for outcome, reason, spans in (
        (Outcome.RECEIVED, "", 12),
        (Outcome.REJECTED, "invalid_trace_id", 5),
        (Outcome.DUPLICATE, "same_body", 7),
    ):
        plant.house.conn.execute(
            "INSERT INTO traces_ledger VALUES (%s, %s, %s, %s, %s, %s)",
            [plant.project.pk, plant.key.pk, minute, outcome.value, reason, spans],
        )
    plant.work()
    plant.receive(Sent(id=20, trace=5), Sent(id=21, trace=5, parent=20))
    return plant


def test_received_is_what_became_of_it(received: Plant) -> None:
    """Stored, duplicate, rejected, dead and waiting spans are all that was received, in sum and by key."""
    found = told(received)

    assert found.whole == Account(received=28, stored=6, duplicate=10, rejected=5, dead=5, pending=2)
    assert found.whole.missing == 0
    assert dict(found.keys) == {received.key.pk: found.whole}


def test_services_add_up_to_what_was_read(received: Plant) -> None:
    """By service the ledger tells what was read; what was decided before, or waits, stands apart; in sum it is all."""
    found = told(received)

    assert found.services["shop"] == Account(stored=4, duplicate=3)
    assert found.services["billing"] == Account(stored=2, dead=1)
    assert found.services[""] == Account(dead=4)
    assert found.unread == Account(duplicate=7, rejected=5, pending=2)
    assert sum(row.told for row in found.services.values()) + found.unread.told == found.whole.received


def test_a_replay_changes_no_figure(received: Plant) -> None:
    """Replayed spans are counted as they were, whatever service they are of."""
    from traces.store.replay import replay

    received.work()
    before = told(received)
    replay(received.house.conn, project_id=received.project.pk)
    waiting = told(received).whole

    received.work()

    assert waiting.missing == 0
    assert told(received) == before


def test_the_page_shows_the_equation(received: Plant, viewer: Client) -> None:
    """The page says that it adds up, with each term, the reasons, the key and the services."""
    page = viewer.get("/p/shop/settings/ingest/").content.decode()

    assert "It adds up" in page
    assert "invalid_trace_id" in page
    for name in ("collector", "shop", "billing"):
        assert f"<b>{name}</b>" in page or f"<bdi>{name}</bdi>" in page


def test_a_missing_span_is_said(plant: Plant, viewer: Client) -> None:
    """When the sums differ, the page says by how much."""
    plant.house.conn.execute(
        "INSERT INTO traces_ledger (project_id, key_id, minute, outcome, spans) VALUES (%s, 0, %s, 0, 3)",
        [plant.project.pk, int(time.time()) // 60],
    )

    assert "It does not add up" in viewer.get("/p/shop/settings/ingest/").content.decode()


def test_services_are_bounded(plant: Plant) -> None:
    """Of a sender that makes up services, the ledger tells the first two hundred apart."""
    for start in range(0, 400, 100):
        groups = [(f"s-{n}", (Sent(id=n + 1, trace=n + 1),)) for n in range(start, start + 100)]
        plant.receive_body(mixed(*groups), 100)

    plant.work()

    assert len(told(plant).services) == 201
    assert told(plant).services["(other)"] == Account(stored=200)
