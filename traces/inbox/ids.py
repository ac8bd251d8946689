"""Ids of batches: 41 bits of Unix milliseconds, then 22 random bits. They sort by arrival and need no sequence."""

from __future__ import annotations

import secrets
import time

RANDOM_BITS = 22


def new_batch_id(at_ms: int | None = None) -> int:
    """An id for a batch that arrives now (or at a given millisecond); fits a bigint until the year 2039."""
    milliseconds = time.time_ns() // 1_000_000 if at_ms is None else at_ms
    return (milliseconds << RANDOM_BITS) | secrets.randbits(RANDOM_BITS)


def batch_id_ms(batch_id: int) -> int:
    """The millisecond a batch arrived at."""
    return batch_id >> RANDOM_BITS
