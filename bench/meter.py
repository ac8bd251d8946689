"""CPU seconds and memory of a running stack by part, sampled while something else goes on."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

import psutil

SAMPLE_S = 0.2
MEMORY_EVERY = 5  # proportional sizes take the kernel a while to add up
MB = 1024 * 1024

type Parts = Callable[[], Mapping[str, Sequence[psutil.Process]]]


class Meter:
    """Samples as a context; afterwards `cpu_s` and `peak_mb` by part, and `peak_mb["all"]` at one moment."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._before: dict[tuple[str, int], float] = {}
        self._last: dict[tuple[str, int], float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample_on, name="meter", daemon=True)
        self.peak_mb: Counter[str] = Counter()

    def __enter__(self) -> Self:
        self._read_cpu()
        self._before = dict(self._last)
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()
        self._read_cpu()
        self._read_memory()

    @property
    def cpu_s(self) -> dict[str, float]:
        """Of processes that ended in between, up to their last sample."""
        spent: Counter[str] = Counter()
        for (part, pid), seconds in self._last.items():
            spent[part] += seconds - self._before.get((part, pid), 0.0)  # type: ignore[assignment]
        return {part: float(seconds) for part, seconds in spent.items()}

    def _sample_on(self) -> None:
        count = 0
        while not self._stop.wait(SAMPLE_S):
            self._read_cpu()
            if count % MEMORY_EVERY == 0:
                self._read_memory()
            count += 1

    def _read_cpu(self) -> None:
        for part, processes in self._parts().items():
            for process in processes:
                with suppress(psutil.Error):
                    times = process.cpu_times()
                    self._last[part, process.pid] = times.user + times.system

    def _read_memory(self) -> None:
        total = 0
        for part, processes in self._parts().items():
            size = sum(_size(process) for process in processes) // MB
            total += size
            self.peak_mb[part] = max(self.peak_mb[part], size)
        self.peak_mb["all"] = max(self.peak_mb["all"], total)


def _size(process: psutil.Process) -> int:
    """Bytes, shared pages divided among their users; resident bytes where the system does not say."""
    with suppress(psutil.Error):
        return int(getattr(process.memory_full_info(), "pss", 0)) or int(process.memory_info().rss)
    return 0
