"""The span of time that a page is about, read from its address: ?range=1h, or ?start=…&end=…"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils import timezone
from django.utils.dateparse import parse_datetime

KEYS = {
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
LABELS = {"15m": "15 min", "1h": "1 h", "6h": "6 h", "24h": "24 h", "7d": "7 days", "30d": "30 days"}
DEFAULT = "1h"
LONGEST = timedelta(days=400)
AGO = re.compile(r"-(\d{1,6})(s|m|h|d|w)")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRange:
    """From start to before end. `key` is a preset that follows the clock, or "" when both ends are fixed."""

    start: datetime
    end: datetime
    key: str = ""
    problem: str = ""  # what was wrong with the address, when something was

    @property
    def width(self) -> timedelta:
        """How long it is."""
        return self.end - self.start

    @property
    def live(self) -> bool:
        """Whether it follows the clock."""
        return bool(self.key)

    @property
    def label(self) -> str:
        """Its name in the top bar; a range with fixed ends has none, since it is shown by its times."""
        return f"Last {LABELS[self.key]}" if self.key else ""

    @property
    def previous(self) -> TimeRange:
        """The range of the same length just before it."""
        return TimeRange(start=self.start - self.width, end=self.start)

    @property
    def params(self) -> dict[str, str]:
        """Its parameters in an address; none for the default."""
        if self.key:
            return {} if self.key == DEFAULT else {"range": self.key}
        return {"start": stamp(self.start), "end": stamp(self.end)}

    def shifted(self, *, by: int, now: datetime) -> TimeRange:
        """It, moved by so many of its own lengths, and never past now."""
        end = self.end + self.width * by
        if end < now:
            return TimeRange(start=end - self.width, end=end)
        key = next((key for key, width in KEYS.items() if width == self.width), "")
        return TimeRange(start=now - self.width, end=now, key=key)


def time_range(params: Mapping[str, str], now: datetime) -> TimeRange:
    """Read a range from an address. What cannot be read becomes the default, with the problem said."""
    if "start" not in params and "end" not in params:
        key = params.get("range", "") or DEFAULT
        if key in KEYS:
            return preset(key, now)
        return preset(DEFAULT, now, problem=f"There is no range “{key[:20]}”. Shown is the last hour.")
    try:
        start, end = moment(params.get("start", ""), now), moment(params.get("end", "") or "-0s", now)
    except ValueError:
        return preset(DEFAULT, now, problem="The times in the address cannot be read. Shown is the last hour.")
    if start >= end:
        return preset(DEFAULT, now, problem="The range ends before it starts. Shown is the last hour.")
    if end - start > LONGEST:
        return TimeRange(start=end - LONGEST, end=end, problem=f"A range is at most {LONGEST.days} days long.")
    return TimeRange(start=start, end=end)


def preset(key: str, now: datetime, *, problem: str = "") -> TimeRange:
    """A range that ends now."""
    return TimeRange(start=now - KEYS[key], end=now, key=key, problem=problem)


def moment(text: str, now: datetime) -> datetime:
    """An RFC 3339 time, a time without zone in the reader's own, or so long ago (-90m). ValueError when it is none."""
    if ago := AGO.fullmatch(text):
        try:
            at = now - timedelta(**{UNITS[ago[2]]: int(ago[1])})
        except OverflowError:
            raise ValueError(f"out of range: {text!r}") from None
    elif (parsed := parse_datetime(text.replace(" ", "+"))) is not None:
        at = parsed if parsed.tzinfo else parsed.replace(tzinfo=timezone.get_current_timezone())
    else:
        raise ValueError(f"not a time: {text[:40]!r}")
    if not 1971 <= at.year <= 9000:
        raise ValueError(f"out of range: {text[:40]!r}")
    return at.astimezone(UTC)


def stamp(at: datetime) -> str:
    """A time as it stands in an address: to the second, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
