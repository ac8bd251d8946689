"""One `up` a data folder, held by a lock that the system releases when its process ends."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from ecoa_web.errors import OperatorError


@contextmanager
def data_lock(data_dir: Path, *, address: str) -> Iterator[None]:
    """Hold the data folder, or say who does."""
    file = os.open(data_dir / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OperatorError(_holder(file, data_dir)) from None
        since = datetime.now(UTC).isoformat(timespec="seconds")
        os.ftruncate(file, 0)
        os.pwrite(file, json.dumps({"pid": os.getpid(), "since": since, "address": address}).encode(), 0)
        yield
    finally:
        os.close(file)


def _holder(file: int, data_dir: Path) -> str:
    try:
        holder = json.loads(os.pread(file, 1000, 0))
        return (
            f"ECOA already runs on {data_dir}: process {holder['pid']}, since {holder['since']}, "
            f"at {holder['address']}; stop it first, or give this one its own ECOA_DATA_DIR and ports."
        )
    except (ValueError, KeyError):  # it has just taken the lock and not written yet
        return f"ECOA is being started on {data_dir} by another process."
