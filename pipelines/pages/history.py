"""A run's history in words."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ecoa.edits import plain
from pipelines.pages.policies import seconds
from pipelines.queries.run import EventRow

type Data = Mapping[str, Any]  # an event's JSON

BAD = {
    "error",
    "failed",
    "timeout",
    "unknown",
    "held",
    "poison",
    "fenced",
    "breaker_open",
    "effect_unknown",
    "run_error",
}
WARN = {"retry_wait", "retry", "fallback", "takeover", "escalated", "review_expired", "cancel", "cancelled", "hold"}
PEOPLE = {"review", "review_claimed", "vote", "decision", "signal", "escalate", "release", "paused"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One event."""

    id: int
    at: datetime
    path: str | None
    what: str
    about: str
    state: str  # ok, error, warn, waiting, none
    data: str  # JSON, "" when everything is said


def history_lines(events: Sequence[EventRow]) -> list[Line]:
    """Events as sentences, in the order given."""
    return [_line(event) for event in events]


def _line(event: EventRow) -> Line:
    told = plain(event.data)
    say = SAID.get(event.kind)
    about = say(told) if say else _members(told)
    full = json.dumps(told, indent=2, ensure_ascii=False) if len(about) > 200 or _nested(told) else ""
    what = event.kind.replace("_", " ").replace(".", " ")
    return Line(
        id=event.id,
        at=event.at,
        path=event.path,
        what=what[:1].upper() + what[1:],
        about=about[:400],
        state=_state(event.kind, told),
        data=full[:20_000],
    )


def _state(kind: str, told: Data) -> str:
    if kind in BAD or any(word in kind for word in ("error", "fail", "unknown")):
        return "error"
    if kind in WARN or told.get("status") in {"error", "timeout"}:
        return "warn"
    if kind in PEOPLE:
        return "waiting"
    return "ok" if kind in {"success", "done", "end", "finished", "run_ended"} else "none"


def _attempt(told: Data) -> str:
    number, error = told.get("attempt") or told.get("number"), told.get("error")
    took = told.get("duration") or told.get("seconds")
    parts = [f"attempt {number}" if number else "", _error(error) if error else str(told.get("status") or "")]
    parts.append(f"after {seconds(float(took))}" if isinstance(took, int | float) else "")
    return ", ".join(part for part in parts if part) or _members(told)


def _wait(told: Data) -> str:
    wait = told.get("seconds", told.get("wait", told.get("delay")))
    why = told.get("why") or told.get("reason") or (_error(told["error"]) if told.get("error") else "")
    said = f"waits {seconds(float(wait))}" if isinstance(wait, int | float) else ""
    return ", ".join(str(part) for part in (said, why) if part) or _members(told)


def _decision(told: Data) -> str:
    by, decision, via = told.get("by"), told.get("decision"), told.get("via")
    comment = f": {told['comment']}" if told.get("comment") else ""
    return f"{by} {_past(str(decision))}{f' via {via}' if via else ''}{comment}" if by else _members(told)


def _past(decision: str) -> str:
    return {"approve": "approved", "edit": "approved an edit", "reject": "rejected"}.get(decision, decision)


def _error(error: Any) -> str:  # JSON
    if isinstance(error, Mapping):
        return ": ".join(str(error[name]) for name in ("type", "message") if error.get(name))
    return str(error)


def _members(told: Data) -> str:
    return ", ".join(
        f"{name.replace('_', ' ')} {_short(value)}" for name, value in told.items() if value not in (None, "", [], {})
    )


def _short(value: Any) -> str:  # JSON
    text = (
        value
        if isinstance(value, str)
        else _error(value)
        if isinstance(value, Mapping) and "type" in value
        else json.dumps(value, ensure_ascii=False)
    )
    return text if len(text) <= 120 else f"{text[:119]}…"


def _nested(told: Data) -> bool:
    return any(isinstance(value, dict | list) and value for value in told.values())


SAID: dict[str, Callable[[Data], str]] = {
    "attempt": _attempt,
    "retry_wait": _wait,
    "retry": _wait,
    "wait": _wait,
    "vote": _decision,
    "decision": _decision,
}
