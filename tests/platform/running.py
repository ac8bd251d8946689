"""`manage.py up` as a test's own process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

PROJECT = Path(__file__).resolve().parents[2]
PATIENCE_S = 180  # only a hang takes that long
READY = "Ctrl-C stops everything."


class Up:
    """A running `up`: its output so far, and the processes below it."""

    def __init__(self, environment: dict[str, str], *arguments: str) -> None:
        self.environment = environment
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up", *arguments],
            cwd=PROJECT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self._said = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def wait_for(self, text: str, *, after: int = 0) -> None:
        """Wait until it has said something, past some lines; its end before that is a failure."""

        def said() -> bool:
            return any(text in line for line in self.lines[after:])

        with self._said:
            self._said.wait_for(lambda: said() or not self._reader.is_alive(), timeout=PATIENCE_S)
        assert said(), self.output

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def parts(self, name: str) -> list[psutil.Process]:
        """The living processes of a part, by a word of their command line."""
        found = []
        for child in self.children():
            with suppress(psutil.Error):
                if name in child.cmdline() or Path(child.cmdline()[0]).name == name:
                    found.append(child)
        return found

    def interrupt(self) -> int:
        """Ctrl-C; the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=PATIENCE_S)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=PATIENCE_S)
        self._reader.join()

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout as output:
            for line in output:
                with self._said:
                    self.lines.append(line.rstrip("\n"))
                    self._said.notify_all()
        with self._said:
            self._said.notify_all()


@contextmanager
def running_up(environment: dict[str, str], *arguments: str) -> Iterator[Up]:
    """An `up` that has said it is ready, for the length of a block."""
    up = Up(environment, *arguments)
    try:
        up.wait_for(READY)
        yield up
    finally:
        up.close()


def refused_up(environment: dict[str, str]) -> str:
    """What an `up` that cannot start says; it must be one sentence and a non-zero exit."""
    command = [sys.executable, "manage.py", "up"]
    ended = subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert ended.returncode not in (0, None)
    assert "Traceback" not in ended.stdout + ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1, ended.stderr
    return ended.stderr


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """An empty folder. Not pytest's own, which as root is closed to the server's user."""
    with TemporaryDirectory(prefix="ecoa-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def environment_for(data_dir: Path, **more: str) -> dict[str, str]:
    """The environment of an `up` with its own folder and ports and the embedded database."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("ECOA_", "DATABASE_URL"))}
    web, otlp, grpc = (str(port) for port in free_ports(3))
    own = {"ECOA_DATA_DIR": str(data_dir), "ECOA_PORT": web, "ECOA_OTLP_HTTP_PORT": otlp, "ECOA_OTLP_GRPC_PORT": grpc}
    return {**inherited, **own, **more}


def free_ports(count: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()
