"""The span of time a query is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

MINUTE_NS = 60_000_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST_NS = 2**63 - 1  # what a bigint holds, in the year 2262
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """From start_ns to before end_ns, Unix nanoseconds."""

    start_ns: int
    end_ns: int

    @classmethod
    def between(cls, start: datetime, end: datetime) -> Self:
        """The window between two aware datetimes, as far as nanoseconds can be counted."""
        return cls(start_ns=min(to_ns(start), LAST_NS), end_ns=min(to_ns(end), LAST_NS))

    @property
    def first_minute(self) -> int:
        """The minute since 1970 in which it starts."""
        return self.start_ns // MINUTE_NS

    @property
    def last_minute(self) -> int:
        """The first minute since 1970 that it does not touch."""
        return -(-self.end_ns // MINUTE_NS)


def to_ns(at: datetime) -> int:
    """Unix nanoseconds of an aware datetime, exactly."""
    return (at - EPOCH) // MICROSECOND * 1000


def to_datetime(ns: int) -> datetime:
    """The aware datetime, cut to the microsecond, of Unix nanoseconds."""
    return EPOCH + timedelta(microseconds=ns // 1000)
