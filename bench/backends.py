"""CPU of PostgreSQL's side: the server processes of a database on this machine. Needs psycopg and nothing of ours."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass
class Spent:
    """Seconds."""

    wall: float = 0.0
    client: float = 0.0
    backends: float = 0.0

    def each(self, count: int) -> dict[str, float]:
        """Milliseconds a piece."""
        return {
            "ms": 1000 * self.wall / count,
            "client_cpu_ms": 1000 * self.client / count,
            "backend_cpu_ms": 1000 * self.backends / count,
        }


@contextmanager
def spent(dsn: str) -> Iterator[Spent]:
    """What a block takes. Server processes that begin or end within it are not counted."""
    took = Spent()
    with psycopg.connect(dsn, autocommit=True) as conn:
        before = _by_pid(conn)
        wall, client = time.perf_counter(), time.process_time()
        yield took
        took.wall, took.client = time.perf_counter() - wall, time.process_time() - client
        after = _by_pid(conn)
    took.backends = sum(after[pid] - begun for pid, begun in before.items() if pid in after)


def _by_pid(conn: psycopg.Connection) -> dict[int, float]:
    rows = conn.execute(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    return {pid: _cpu_s(pid) for (pid,) in rows if Path(f"/proc/{pid}").exists()}


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S
