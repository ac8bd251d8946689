"""kill -9 of the pipeline workers of a stack of ours; its supervisor starts them again."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from random import Random
from types import TracebackType

import psutil
import psycopg

from bench.racing.verdict import SQL
from bench.stack import Stack

LOOK_S = 0.02
GAP_S = (0.5, 1.5)


class Kills:
    """A thread that kills whoever is amid a payment, from enter to exit, so many times at most. `done` counts."""

    def __init__(self, stack: Stack, *, most: int, seed: int) -> None:
        self.done = 0
        self._stack, self._most, self._random = stack, most, Random(seed)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._kill, name="kills", daemon=True)

    def __enter__(self) -> Kills:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()

    def _kill(self) -> None:
        with self._stack.database() as session:
            while self.done < self._most and not self._stop.wait(LOOK_S):
                if self._kill_one(session):
                    self._stop.wait(self._random.uniform(*GAP_S))

    def _kill_one(self, session: psycopg.Connection[tuple[int]]) -> bool:
        ours = pipeline_workers(self._stack)
        row = session.execute(SQL.victims, {"ours": [process.pid for process in ours]}).fetchone()
        if row is None:
            return False
        with suppress(ProcessLookupError):
            os.kill(row[0], signal.SIGKILL)
        self.done += 1
        return True


def pipeline_workers(stack: Stack) -> list[psutil.Process]:
    """Living processes below a stack of ours that run pipelines."""
    found = []
    for process in stack.parts()["worker"]:
        with suppress(psutil.Error):
            if "--only=pipelines" in process.cmdline():
                found.append(process)
    return found
