"""
One supervised process.

    waiting ──start──▶ running ──exits──▶ waiting (0.5, 1, 2 … 30 s)
                          └──stop──▶ stopped
"""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO

from ecoa_web.supervisor.terminal import Terminal

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0
HEALTHY_AFTER_S = 60.0


@dataclass(kw_only=True)
class BackOff:
    """How long to wait before the next start: twice as long each time, from the beginning after a minute of health."""

    wait_s: float = FIRST_WAIT_S

    def next(self, *, ran_s: float) -> float:
        if ran_s >= HEALTHY_AFTER_S:
            self.wait_s = FIRST_WAIT_S
        wait_s, self.wait_s = self.wait_s, min(self.wait_s * 2, LONGEST_WAIT_S)
        return wait_s


@dataclass(kw_only=True)
class Part:
    """A command that is kept running. What it writes is shown under its name."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    inherited: Sequence[int]
    terminal: Terminal
    backoff: BackOff = field(default_factory=BackOff)
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    due_at: float = 0.0

    def start(self) -> None:
        """Start it, in a process group of its own: Ctrl-C is for the supervisor, which stops parts in order."""
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(
            self.command,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=self.inherited,
            process_group=0,
        )
        assert self.process.stdout
        threading.Thread(target=self._show, args=[self.process.stdout], name=self.name, daemon=True).start()

    def tend(self) -> None:
        """Start it again when it has ended and its time has come."""
        now = time.monotonic()
        if self.process is not None and (code := self.process.poll()) is not None:
            self.process = None
            wait_s = self.backoff.next(ran_s=now - self.started_at)
            self.due_at = now + wait_s
            self.terminal.trouble(f"{self.name} {ending(code)}; starting it again in {wait_s:g} s")
        elif self.process is None and now >= self.due_at:
            self.start()

    def signal(self, number: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def _show(self, output: IO[bytes]) -> None:
        with output:
            for line in output:
                self.terminal.part(self.name, line.decode("utf-8", "replace").rstrip())


def ending(code: int) -> str:
    """How a process ended, in words."""
    if code >= 0:
        return f"ended with code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
