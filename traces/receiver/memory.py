"""Gives memory back to the system after large requests."""

from __future__ import annotations

import ctypes
from collections.abc import Callable


def _find_trim() -> Callable[[int], int] | None:
    try:
        trim: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None  # not glibc: nothing to do
    return trim


_TRIM = _find_trim()


def give_back() -> None:
    """Return free memory to the system: glibc keeps what gRPC freed in small pieces. Some milliseconds."""
    if _TRIM is not None:
        _TRIM(0)
