"""What the names of spans tell where their attributes do not: "agent_run [planner]", "ai.toolCall", "planner.run"."""

from __future__ import annotations

from typing import NamedTuple

from traces.dialects.vocabulary import LABEL_LENGTH
from traces.span import Kind

_CACHED = 8_192


class Name(NamedTuple):
    """A span name that tells something; * stands for any text, once."""

    pattern: str
    kind: Kind | None = None
    fills: str = ""  # the field whose value * is
    wins: bool = False  # tells more than the attributes do


class Match(NamedTuple):
    """What one span's name tells."""

    kind: Kind | None = None
    wins: bool = False
    fills: str = ""
    value: str | None = None


NOTHING = Match()


class Names:
    """The names that a dialect knows, in order; every distinct name is looked at once."""

    def __init__(self, names: tuple[Name, ...]) -> None:
        self._exact = {one.pattern: Match(one.kind, one.wins) for one in reversed(names) if "*" not in one.pattern}
        self._around = [(one.pattern.partition("*"), one) for one in names if "*" in one.pattern]
        self._seen: dict[str, Match] = {}

    def match(self, name: str) -> Match:
        """What that name tells."""
        found = self._seen.get(name)
        if found is None:
            found = self._exact.get(name) or self._match(name)
            if len(self._seen) >= _CACHED:
                self._seen.clear()
            self._seen[name] = found
        return found

    def _match(self, name: str) -> Match:
        for (before, _, after), one in self._around:
            if len(name) > len(before) + len(after) and name.startswith(before) and name.endswith(after):
                value = name[len(before) : len(name) - len(after)].strip()[:LABEL_LENGTH]
                return Match(one.kind, one.wins, one.fills, value or None)
        return NOTHING
