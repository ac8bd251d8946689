"""
Who runs on a cluster, whatever postmaster.pid says: the file may be stale, truncated, or name a process id that the
system has given to somebody else since.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import psutil


def postmaster(cluster: Path) -> psutil.Process | None:
    """The living postmaster of a cluster."""
    pid = _recorded_pid(cluster)
    if pid is not None and (process := _process(pid)) and _serves(process, cluster):
        return process
    return next((process for process in _on(cluster) if _serves(process, cluster)), None)


def clear_the_way(cluster: Path, run: Path) -> None:
    """With no postmaster alive: end the sessions it left, and remove the lock files that would stop the next one."""
    orphans = _on(cluster)
    for process in orphans:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, stubborn = psutil.wait_procs(orphans, timeout=5)
    for process in stubborn:  # safe without a postmaster: what they had committed is in the log
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(stubborn, timeout=5)
    pid = _recorded_pid(cluster)
    if pid is None or _process(pid):  # a dead one's is left to PostgreSQL, which checks its shared memory by it
        (cluster / "postmaster.pid").unlink(missing_ok=True)
    for leftover in run.glob(".s.PGSQL.*"):  # ours alone: nobody else may enter this folder
        leftover.unlink()


def _recorded_pid(cluster: Path) -> int | None:
    try:
        first = (cluster / "postmaster.pid").read_text(encoding="ascii", errors="replace").partition("\n")[0]
    except OSError:
        return None
    return int(first) if first.strip().isdigit() else None


def _process(pid: int) -> psutil.Process | None:
    try:
        return psutil.Process(pid) if pid > 0 else None
    except psutil.NoSuchProcess:
        return None


def _serves(process: psutil.Process, cluster: Path) -> bool:
    """Whether a process is a running postmaster of this cluster: `postgres -D <cluster>`, and no zombie."""
    try:
        command = process.cmdline()
        if process.status() == psutil.STATUS_ZOMBIE or not command or Path(command[0]).name != "postgres":
            return False
    except psutil.Error:
        return False
    return "-D" in command and os.path.realpath(command[command.index("-D") + 1]) == os.path.realpath(cluster)


def _on(cluster: Path) -> list[psutil.Process]:
    """Every PostgreSQL process whose working folder is the cluster: the postmaster and its sessions."""
    here = os.path.realpath(cluster)
    found = []
    for process in psutil.process_iter(["name"]):
        with suppress(psutil.Error):
            if process.info["name"] == "postgres" and process.cwd() == here:
                found.append(process)
    return found
