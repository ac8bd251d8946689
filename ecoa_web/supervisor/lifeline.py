"""
A pipe that nobody writes to: the supervisor keeps one end, its children wait on the other. When the supervisor is gone,
however it went, the system closes its end and the children stop.
"""

from __future__ import annotations

import os
import signal
import threading
import time

VARIABLE = "ECOA_LIFELINE"
GRACE_S = 15.0


class Lifeline:
    """The supervisor's end."""

    def __init__(self) -> None:
        self.child_end, self._our_end = os.pipe()

    def environment(self) -> dict[str, str]:
        """What tells a child where its end is."""
        return {VARIABLE: str(self.child_end)}

    def close(self) -> None:
        os.close(self._our_end)
        os.close(self.child_end)


def hold_lifeline() -> None:
    """In a child: stop this process when its supervisor is gone. Does nothing when it has none."""
    if end := os.environ.pop(VARIABLE, None):
        threading.Thread(target=_wait, args=[int(end)], name="lifeline", daemon=True).start()


def _wait(end: int) -> None:
    os.read(end, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_S)
    os._exit(1)
