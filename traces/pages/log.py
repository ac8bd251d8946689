"""A trace's log as its page shows it: one line an event, exceptions marked, the rest folded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import orjson

from traces.ids import span_hex
from traces.queries.log import LogEntry, TraceLog
from traces.queries.window import to_datetime
from traces.values import Value

LAST_NS = 253_402_300_799_000_000_000  # the year 9999; an event may be dated later than any calendar goes
TEXTS = ("exception.message", "message", "body", "log.message", "event.message")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One event; span_id is empty where it is no span's."""

    at: datetime
    after_ms: float
    name: str
    text: str
    bad: bool
    details: str
    details_word: str
    span_id: str
    span_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """The lines by time."""

    entries: list[Line]
    truncated: bool


def log_of(log: TraceLog, start_ns: int) -> Log:
    """A log's lines, their times after the trace's start."""
    return Log(entries=[_line(entry, start_ns) for entry in log.entries], truncated=log.truncated)


def _line(entry: LogEntry, start_ns: int) -> Line:
    attributes = dict(entry.event.attributes)
    bad = entry.event.name == "exception" or any(key.startswith("exception.") for key in attributes)
    name = str(attributes.pop("exception.type", "") or entry.event.name or "(no name)") if bad else entry.event.name
    text = next((str(attributes.pop(key)) for key in TEXTS if isinstance(attributes.get(key), str)), "")
    stack = str(attributes.pop("exception.stacktrace", "") or "")
    return Line(
        at=to_datetime(min(entry.event.time_ns, LAST_NS)),
        after_ms=(entry.event.time_ns - start_ns) / 1e6,
        name=name or "(no name)",
        text=text,
        bad=bad,
        details="\n\n".join(part for part in (stack, _json(attributes)) if part),
        details_word="Stack" if stack else "Details",
        span_id="" if entry.span_id is None else span_hex(entry.span_id),
        span_name=entry.span_name or "(no name)",
    )


def _json(attributes: dict[str, Value]) -> str:
    return orjson.dumps(attributes, option=orjson.OPT_INDENT_2).decode() if attributes else ""
