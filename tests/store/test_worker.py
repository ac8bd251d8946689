"""The worker's loops, together."""

from __future__ import annotations

import threading
from dataclasses import replace

import psycopg
import pytest

from ecoa_web.config import read_config
from ecoa_web.live.publish import CHANNEL
from tests.store.house import House
from tests.store.spans import agent, chat
from traces.worker import run


@pytest.mark.slow  # waits for real loops, and for a connection that is cut
def test_a_worker_stores_hints_and_survives_the_loss_of_its_connections(house: House) -> None:
    """Spans are stored and pages told; after the server cut every connection it goes on, until it is told to stop."""
    stop = threading.Event()
    worker = threading.Thread(
        target=run, args=(replace(read_config(), database_url=house.dsn, retention_days=10_000), stop)
    )
    with psycopg.connect(house.dsn, autocommit=True) as listener:
        listener.execute(f"LISTEN {CHANNEL}")
        worker.start()
        try:
            house.receive(agent(1, "planner", trace=1), chat(2, parent=1, trace=1))
            first = next(listener.notifies(timeout=20, stop_after=1))
            house.conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name LIKE 'ecoa worker%' AND datname = current_database()"
            )
            house.receive(agent(1, "planner", trace=2))
            second = next(listener.notifies(timeout=20, stop_after=1))
        finally:
            stop.set()
            worker.join(20)

    assert first.payload and second.payload
    assert not worker.is_alive()
    assert len(house.spans()) == 3
