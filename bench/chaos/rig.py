"""The processes of the test: PostgreSQL of its own, workers that are started again, the bank."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg

from ecoa_web.db.embedded import Server
from tests.platform.running import PROJECT, free_ports, temporary_folder

PIPELINES = "bench.chaos.orders"
WORKER = "import sys; from ecoa.cli import main; sys.exit(main())"
STOP_S = 20.0


@dataclass
class Rig:
    """What runs, and what can be done to it."""

    folder: Path
    server: Server
    environment: dict[str, str]
    bank_url: str
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    started: int = 0  # worker processes, all in all

    @property
    def dsn(self) -> str:
        return self.environment["ECOA_DATABASE_URL"]

    def superuser(self) -> psycopg.Connection[Any]:
        """A session that the application's limits do not touch."""
        conninfo = self.server.conninfo(user="postgres")
        return psycopg.connect(conninfo, autocommit=True, connect_timeout=5)

    def start_workers(self, count: int) -> None:
        self.workers = [self._worker() for _ in range(count)]

    def kill_worker(self, number: int) -> None:
        """kill -9; frozen ones die too."""
        self.workers[number].kill()
        self.workers[number].wait()

    def revive_workers(self) -> None:
        """Start again what has ended."""
        self.workers = [worker if worker.poll() is None else self._worker() for worker in self.workers]

    def freeze_worker(self, number: int) -> subprocess.Popen[bytes]:
        """SIGSTOP."""
        worker = self.workers[number]
        worker.send_signal(signal.SIGSTOP)
        return worker

    def thaw_worker(self, worker: subprocess.Popen[bytes]) -> None:
        """SIGCONT, if it was not killed since."""
        worker.send_signal(signal.SIGCONT)

    def thaw_workers(self) -> None:
        for worker in self.workers:
            self.thaw_worker(worker)

    def restart_postgres(self, *, down_s: float) -> None:
        """An immediate stop, as a crash: the next start replays the log."""
        self.server.kill()
        while self.server.poll() is None:
            time.sleep(0.02)
        time.sleep(down_s)
        self.server.start()

    def ledger(self) -> dict[str, Any]:
        """What the bank says it did."""
        found: dict[str, Any] = httpx.get(f"{self.bank_url}/ledger", timeout=60).json()
        return found

    def stop_workers(self) -> None:
        for worker in self.workers:
            worker.send_signal(signal.SIGTERM)
        for worker in self.workers:
            try:
                worker.wait(STOP_S)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()

    def _worker(self) -> subprocess.Popen[bytes]:
        self.started += 1
        with (self.folder / "workers.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-c", WORKER, "worker", PIPELINES],
                cwd=PROJECT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )


@contextmanager
def rig(*, workers: int, seed: int) -> Iterator[Rig]:
    """Everything started, on an empty database; everything stopped after it."""
    with temporary_folder() as folder:
        server = Server(folder / "data")
        server.start()
        (port,) = free_ports(1)
        bank = subprocess.Popen(
            [sys.executable, "-m", "bench.chaos.bank", str(port), str(seed)], cwd=PROJECT, stdout=subprocess.PIPE
        )
        assert bank.stdout
        bank.stdout.readline()
        bank_url = f"http://127.0.0.1:{port}"
        made = Rig(folder=folder, server=server, environment=_environment(folder, server, bank_url), bank_url=bank_url)
        try:
            _migrate(made)
            made.start_workers(workers)
            yield made
        finally:
            made.stop_workers()
            bank.kill()
            bank.wait()
            bank.stdout.close()
            server.stop()


def _environment(folder: Path, server: Server, bank_url: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ECOA_", "DATABASE_URL"))}
    dsn = f"postgresql://ecoa@/ecoa?host={server.folders.run}"
    ours = {"ECOA_DATABASE_URL": dsn, "DATABASE_URL": dsn, "ECOA_DATA_DIR": str(folder / "web"), "CHAOS_BANK": bank_url}
    return {**kept, **ours, "PYTHONUNBUFFERED": "1"}


def _migrate(rig: Rig) -> None:
    """Tables and the default project."""
    subprocess.run(
        [sys.executable, "manage.py", "prepare", "--json"],
        cwd=PROJECT,
        env=rig.environment,
        check=True,
        capture_output=True,
    )
