"""How a span ended: by its status, an exception, an error type, or its dialect's own word for failure."""

from __future__ import annotations

import re
from typing import NamedTuple

from traces.decode import Event, RawSpan
from traces.dialects.engine import Claim
from traces.span import Status
from traces.values import Value

MESSAGE_LENGTH = 500

# Exceptions that steer a program and report no failure: it waits for a person, goes elsewhere, or was called off.
CONTROL_FLOW = {
    **dict.fromkeys(("GraphInterrupt", "NodeInterrupt", "GraphBubbleUp"), Status.WAITING),
    **dict.fromkeys(("CallDeferred", "ApprovalRequired", "NeedsReview"), Status.WAITING),
    "ParentCommand": Status.OK,
    **dict.fromkeys(("CancelledError", "asyncio.CancelledError"), Status.CANCELLED),
}
_TIMEOUT = re.compile(r"time[sd]?[ _-]?out|deadline|^(408|504)$", re.IGNORECASE)


class Fault(NamedTuple):
    """What went wrong, and where its type was found."""

    type: str | None
    message: str | None
    source: str

    @property
    def timed_out(self) -> bool:
        """Whether it says that time ran out."""
        return bool(_TIMEOUT.search(self.type or "") or _TIMEOUT.search(self.message or ""))


def outcome(raw: RawSpan, won: dict[str, Claim]) -> tuple[Status, Fault | None]:
    """How the span ended, and what went wrong if anything did."""
    exception = _exception(raw) if raw.raw_events else None
    declared = won.get("error_type")
    if raw.status_code != 2 and exception is None and declared is None and "failed" not in won:
        return (Status.OK if raw.status_code == 1 else Status.UNSET), None
    fault_type, source = None, "status.message"
    if exception is not None:
        fault_type, source = _text(exception.attributes.get("exception.type"), 200), "exception.type"
    if fault_type is None and declared is not None:
        fault_type, source = str(declared[2]), declared[3]
    steered = CONTROL_FLOW.get((fault_type or "").rpartition(".")[2])
    if steered is not None:
        return steered, None
    message = raw.status_message if raw.status_code == 2 else ""
    if not message and "error_message" in won:
        message = str(won["error_message"][2])
    if not message and exception is not None:
        message = _text(exception.attributes.get("exception.message"), MESSAGE_LENGTH) or ""
    return Status.ERROR, Fault(fault_type, _text(message, MESSAGE_LENGTH), source)


def _exception(raw: RawSpan) -> Event | None:
    """The first exception that the span recorded: what comes after it wraps it."""
    if not any(b"exception." in event for event in raw.raw_events):
        return None
    return next(
        (
            event
            for event in raw.events
            if event.name.endswith("exception")
            and ("exception.type" in event.attributes or "exception.message" in event.attributes)
        ),
        None,
    )


def _text(value: Value, length: int) -> str | None:
    """Text to a length; None for nothing."""
    if not isinstance(value, str):
        return None
    stripped = value.strip()
    return (stripped if len(stripped) <= length else stripped[: length - 1] + "…") or None
