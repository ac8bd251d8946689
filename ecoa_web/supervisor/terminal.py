"""What `up` prints: calm, coloured where the terminal is one, one line at a time from many threads."""

from __future__ import annotations

import os
import sys
import threading
from typing import TextIO

COLOURS = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}
PART_WIDTH = 9


class Terminal:
    """Standard output, or a test's."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._lock = threading.Lock()
        self._colour = self._out.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"

    def paint(self, text: str, *names: str) -> str:
        """Text in colours, or plain where they are not wanted."""
        if not self._colour:
            return text
        return f"\x1b[{';'.join(COLOURS[name] for name in names)}m{text}\x1b[0m"

    def line(self, text: str = "") -> None:
        """One line, never torn by another thread's."""
        with self._lock:
            try:
                self._out.write(text + "\n")
                self._out.flush()
            except (BrokenPipeError, ValueError):  # nobody reads any more: going on matters more than saying so
                self._out = open(os.devnull, "w")  # noqa: SIM115  lives as long as the process

    def step(self, text: str) -> None:
        """Something that is going on."""
        self.line(self.paint(f"· {text}", "dim"))

    def part(self, name: str, text: str) -> None:
        """A line that a part wrote."""
        self.line(f"{self.paint(name.ljust(PART_WIDTH), 'cyan')} {text}")

    def trouble(self, text: str) -> None:
        """Something that went wrong and is being dealt with."""
        self.line(self.paint("! ", "yellow", "bold") + text)
