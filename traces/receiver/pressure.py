"""Whether there is room for more: how far the workers are behind, how full the disk is."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from traces.inbox.commit import Committer
from traces.receiver.limits import ReceiverLimits
from traces.receiver.refusal import throttled, unavailable

DISK_EVERY_S = 1.0


class Pressure:
    """Refuses requests while there is no room, before their bodies are read."""

    def __init__(self, committer: Committer, limits: ReceiverLimits, disk: Path | None) -> None:
        self._committer = committer
        self._limits = limits
        self._disk = disk  # of the embedded database; None when the database is elsewhere
        self._free = 0
        self._looked_at = 0.0

    def admit(self) -> None:
        """Nothing, or a refusal that asks the sender to come back."""
        if self._committer.backlog_spans > self._limits.pending_spans:
            raise throttled("more spans are waiting to be stored than the limit allows")
        if self._disk is not None and self._free_bytes(self._disk) < self._limits.free_disk_bytes:
            raise unavailable("the disk is nearly full")

    def _free_bytes(self, disk: Path) -> int:
        now = time.monotonic()
        if now - self._looked_at > DISK_EVERY_S:
            self._looked_at = now
            self._free = shutil.disk_usage(disk).free
        return self._free
