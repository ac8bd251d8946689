"""Workers as processes of their own, and what they did."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ecoa.codec import dumps
from ecoa.engine.ids import uuid7
from ecoa.engine.plan import enter
from ecoa.store.base import TERMINAL, NewRun, RunRow
from ecoa.store.postgres import PostgresStore

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 120  # only a hang takes that long


class Crew:
    """Some workers on one store's database and project."""

    def __init__(self, dsn: str, project: str, *, lease: float) -> None:
        self._arguments = [dsn, project, str(lease)]
        self.workers: list[subprocess.Popen[bytes]] = []

    def hire(self, mode: str = "") -> subprocess.Popen[bytes]:
        """One more."""
        command = [sys.executable, "-m", "tests.ecoa_worker.run_worker", *self._arguments, mode]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "DATABASE_URL": self._arguments[0]}
        self.workers.append(subprocess.Popen(command, cwd=ROOT, env=environment))
        return self.workers[-1]


@contextmanager
def crew(dsn: str, project: str, *, lease: float = 15.0) -> Iterator[Crew]:
    """Workers that are gone after the block."""
    made = Crew(dsn, project, lease=lease)
    try:
        yield made
    finally:
        for worker in made.workers:
            if worker.poll() is None:
                worker.send_signal(signal.SIGCONT)
                worker.kill()
            worker.wait()


async def begun(store: PostgresStore, pipeline: Any, x: Any) -> str:
    """A run that waits for a worker; its id."""
    pipeline.ready()
    await store.define(pipeline.name, pipeline.definition_hash, pipeline.definition)
    text = dumps(x)
    run = NewRun(
        id=uuid7(),
        pipeline=pipeline.name,
        definition_hash=pipeline.definition_hash,
        input=text,
        trace_id="0" * 32,
        first=enter(pipeline.chain, 0, "", text, "ready"),
    )
    await store.start(run, worker=None)
    return run.id


async def ended(store: PostgresStore, run_id: str) -> RunRow:
    """The run when it is over."""
    async with asyncio.timeout(PATIENCE_S):
        while (run := await store.run(run_id)).status not in TERMINAL:
            await asyncio.sleep(0.05)
    return run


async def told(folder: Path, that: Callable[[list[list[str]]], bool]) -> list[list[str]]:
    """The lines of the log, once they say that."""
    async with asyncio.timeout(PATIENCE_S):
        while not that(lines := _lines(folder)):
            await asyncio.sleep(0.02)
    return lines


def _lines(folder: Path) -> list[list[str]]:
    log = folder / "log"
    return [line.split() for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []
