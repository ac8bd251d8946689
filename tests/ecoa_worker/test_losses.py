"""Workers that die, freeze, or are told to stop."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from ecoa.store.postgres import PostgresStore
from tests.ecoa_worker.processes import begun, crew, ended, told
from tests.ecoa_worker.shop import shop
from tests.engine_database import slug_of, test_database

pytestmark = pytest.mark.slow  # starts processes


def words(lines: list[list[str]]) -> list[str]:
    """What was told, without who told it."""
    return [word for word, _ in lines]


async def test_what_a_killed_worker_held_goes_on_elsewhere(store: PostgresStore, tmp_path: Path) -> None:
    """kill -9: the other worker repeats the step that was cut off, and no other."""
    with crew(test_database(), slug_of(store)) as workers:
        workers.hire()
        run_id = await begun(store, shop, {"folder": str(tmp_path)})
        lines = await told(tmp_path, lambda lines: "wait" in words(lines))
        workers.hire()

        os.kill(int(lines[-1][1]), signal.SIGKILL)
        await told(tmp_path, lambda lines: words(lines).count("wait") == 2)
        (tmp_path / "gate").touch()

        assert (await ended(store, run_id)).result == '"shipped"'
    assert words(await told(tmp_path, bool)) == ["begin", "wait", "wait", "waited", "end"]
    assert [event.kind for event in await store.events(run_id)] == ["started", "takeover", "success"]


async def test_a_frozen_worker_that_wakes_writes_nothing(store: PostgresStore, tmp_path: Path) -> None:
    """SIGSTOP past the lease: another worker finishes; what the frozen one ends afterwards is fenced off."""
    with crew(test_database(), slug_of(store), lease=1.0) as workers:
        frozen = workers.hire()
        run_id = await begun(store, shop, {"folder": str(tmp_path)})
        await told(tmp_path, lambda lines: "wait" in words(lines))
        frozen.send_signal(signal.SIGSTOP)
        workers.hire()
        await told(tmp_path, lambda lines: words(lines).count("wait") == 2)
        (tmp_path / "gate").touch()
        first = await ended(store, run_id)

        frozen.send_signal(signal.SIGCONT)
        lines = await told(tmp_path, lambda lines: words(lines).count("waited") == 2 or frozen.poll() is not None)

        assert (await store.run(run_id)).finished_at == first.finished_at
    assert words(lines).count("end") == 1


async def test_a_worker_that_is_told_to_stop_lets_its_turns_end(store: PostgresStore, tmp_path: Path) -> None:
    """SIGTERM: nothing new is claimed, what runs is written, nothing counts as a takeover."""
    with crew(test_database(), slug_of(store)) as workers:
        worker = workers.hire()
        run_id = await begun(store, shop, {"folder": str(tmp_path)})
        await told(tmp_path, lambda lines: "wait" in words(lines))

        worker.send_signal(signal.SIGTERM)
        (tmp_path / "gate").touch()

        assert (await ended(store, run_id)).status == "success"
        assert worker.wait() == 0
    assert [event.kind for event in await store.events(run_id)] == ["started", "success"]
    assert await store.db.rows("SELECT id FROM pipelines_worker", {}) == []
