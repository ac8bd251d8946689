"""PostgreSQL is restarted under a worker: every session lock vanishes, no lease does."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ecoa.store.postgres import PostgresStore
from ecoa_web.db.embedded import Server, embedded
from tests.ecoa_worker.processes import ROOT, begun, crew, ended, told
from tests.ecoa_worker.shop import shop
from tests.platform.running import temporary_folder

pytestmark = [pytest.mark.slow, pytest.mark.stack]  # a server and a process of its own


@pytest.fixture
def server() -> Iterator[Server]:
    """A migrated database server that may be killed, and keeps what it committed."""
    with temporary_folder() as folder, embedded(folder / "data") as made:
        environment = {
            **os.environ,
            "DATABASE_URL": f"postgresql://ecoa@/ecoa?host={made.folders.run}",
            "ECOA_DATA_DIR": str(folder / "data"),
        }
        command = [sys.executable, "manage.py", "migrate", "--verbosity=0", "pipelines"]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
        with psycopg.connect(made.conninfo()) as conn:
            conn.execute(
                "INSERT INTO accounts_project (slug, name) VALUES ('default', 'Default') ON CONFLICT DO NOTHING"
            )
        yield made


async def test_a_restart_of_the_database_loses_no_lease(server: Server, tmp_path: Path) -> None:
    """The step that runs meanwhile is written by the worker that began it; nobody takes it over."""
    store = PostgresStore(server.conninfo())
    with crew(server.conninfo(), "default") as workers:
        workers.hire()
        run_id = await begun(store, shop, {"folder": str(tmp_path)})
        await told(tmp_path, lambda lines: "wait" in [word for word, _ in lines])

        server.kill()
        while server.poll() is None:
            await asyncio.sleep(0.02)
        server.start()
        (tmp_path / "gate").touch()

        assert (await ended(store, run_id)).result == '"shipped"'
    lines = await told(tmp_path, bool)
    assert [word for word, _ in lines] == ["begin", "wait", "waited", "end"]
    assert "takeover" not in [event.kind for event in await store.events(run_id)]
    await store.close()
