"""A command of ours that runs beside this process, started again when it ends, stopped when this one stops."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import structlog

from ecoa_web.supervisor.lifeline import Lifeline
from ecoa_web.supervisor.part import BackOff, ending

log = structlog.get_logger(__name__)

MANAGE = Path(__file__).resolve().parents[2] / "manage.py"
STOP_S = 40.0  # running turns have 30 s to end


@contextmanager
def running_beside(*arguments: str, wanted: bool) -> Iterator[None]:
    """Keep `manage.py ARGUMENTS` running for the length of the block, if it is wanted."""
    if not wanted:
        yield
        return
    stop, lifeline = threading.Event(), Lifeline()
    thread = threading.Thread(target=_keep_running, args=(arguments, lifeline, stop), name=" ".join(arguments))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        lifeline.close()


def _keep_running(arguments: Sequence[str], lifeline: Lifeline, stop: threading.Event) -> None:
    backoff = BackOff()
    while not stop.is_set():
        began = time.monotonic()
        process = _start(arguments, lifeline)
        while process.poll() is None and not stop.wait(0.2):
            pass
        if stop.is_set():
            _stop(process)
            return
        wait_s = backoff.next(ran_s=time.monotonic() - began)
        log.warning("part_ended", part=" ".join(arguments), how=ending(process.returncode), again_in_s=wait_s)
        stop.wait(wait_s)


def _start(arguments: Sequence[str], lifeline: Lifeline) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, str(MANAGE), *arguments],
        env={**os.environ, **lifeline.environment()},
        stdin=subprocess.DEVNULL,
        pass_fds=[lifeline.child_end],
        process_group=0,
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
