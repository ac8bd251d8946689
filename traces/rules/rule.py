"""What a rule of a project's own says, and which fields and readers it may name."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from traces.dialects import DIALECTS, TABLES
from traces.dialects.engine import Dialect, Reader, Source, Tables
from traces.dialects.providers import provider
from traces.dialects.vocabulary import (
    SDK_KINDS,
    count,
    dollars,
    key64,
    label,
    member,
    milliseconds,
    moment,
    one_of,
    ordinal,
    seconds,
)

MOST_RULES = 50  # of a project
KEY_LENGTH = 200
_CACHED_SCOPES = 4_096


class Read(NamedTuple):
    """How a value may be read."""

    title: str
    reader: Reader


class Field(NamedTuple):
    """What a rule may fill; `readers` that make sense of it, the usual one first."""

    title: str
    readers: tuple[str, ...]
    of_resource: bool = False


class Rule(NamedTuple):
    """A key that may fill a field: the first of the rules before the built-in ones wins, the last after them loses."""

    id: int
    field: str
    key: str
    reader: str
    member: str = ""
    scope: str = ""
    first: bool = True

    def applies_to(self, scope: str) -> bool:
        """Whether it is for spans of that instrumentation scope."""
        if self.scope.endswith("*"):
            return scope.startswith(self.scope[:-1])
        return self.scope in ("", scope)

    @property
    def of_resource(self) -> bool:
        """Whether its key is one of the resource."""
        return FIELDS[self.field].of_resource

    def source(self) -> Source:
        """It, as the engine takes it."""
        reader = READERS[self.reader].reader
        return Source(self.key, member(reader, self.member) if self.member else reader)


READERS = {
    "text": Read("Text", label),
    "count": Read("Whole number", count),
    "from-one": Read("Whole number from 1", ordinal),
    "dollars": Read("US dollars", dollars),
    "seconds": Read("Seconds", seconds),
    "milliseconds": Read("Milliseconds", milliseconds),
    "moment": Read("Point in time, ISO 8601", moment),
    "kind": Read("Word for a kind: llm, agent, tool, chain …", one_of(SDK_KINDS)),
    "provider": Read("Name of a provider", provider),
    "id": Read("Id, compared only", key64),
}
_TEXT, _COUNT = ("text",), ("count",)
FIELDS = {
    "kind": Field("Kind", ("kind",)),
    "agent": Field("Agent", _TEXT),
    "pipeline": Field("Pipeline", _TEXT),
    "model": Field("Model that answered", _TEXT),
    "request_model": Field("Model asked for", _TEXT),
    "provider": Field("Provider", ("provider",)),
    "tool": Field("Tool", _TEXT),
    "session": Field("Session", _TEXT),
    "user": Field("User", _TEXT),
    "input_tokens": Field("Input tokens", _COUNT),
    "uncached_tokens": Field("Input tokens without cached ones", _COUNT),
    "cache_read_tokens": Field("Tokens read from the cache", _COUNT),
    "cache_write_tokens": Field("Tokens written to the cache", _COUNT),
    "output_tokens": Field("Output tokens", _COUNT),
    "text_tokens": Field("Output tokens without reasoning", _COUNT),
    "reasoning_tokens": Field("Reasoning tokens", _COUNT),
    "total_tokens": Field("Total tokens", _COUNT),
    "cost": Field("Reported cost", ("dollars",)),
    "ttft": Field("Time to the first token", ("seconds", "milliseconds")),
    "first_token_at": Field("Moment of the first token", ("moment",)),
    "response_key": Field("Response id", ("id",)),
    "attempt": Field("Attempt", ("from-one",)),
    "error_type": Field("Error type", _TEXT),
    "service": Field("Service (of the resource)", _TEXT, of_resource=True),
    "version": Field("Version of the service (of the resource)", _TEXT, of_resource=True),
    "environment": Field("Environment (of the resource)", _TEXT, of_resource=True),
}


class Ruled:
    """The built-in rules with a project's own: the tables for spans of each scope."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self._rules = rules
        self._compiled: dict[tuple[Rule, ...], Tables] = {(): TABLES}
        self._scopes: dict[str, Tables] = {}

    def of(self, scope: str) -> Tables:
        """The tables for spans of that instrumentation scope."""
        tables = self._scopes.get(scope)
        if tables is None:
            applying = tuple(rule for rule in self._rules if rule.applies_to(scope))
            tables = self._compiled.get(applying)
            if tables is None:
                tables = self._compiled[applying] = _tables(applying)
            if len(self._scopes) >= _CACHED_SCOPES:
                self._scopes.clear()
            self._scopes[scope] = tables
        return tables


class _Unruled(Ruled):
    """The built-in rules alone."""

    def of(self, scope: str) -> Tables:
        return TABLES


UNRULED = _Unruled(())


@lru_cache(maxsize=64)
def ruled(rules: tuple[Rule, ...]) -> Ruled:
    """The built-in rules with these, compiled once."""
    return Ruled(rules) if rules else UNRULED


def _tables(rules: tuple[Rule, ...]) -> Tables:
    before = _dialect("own rules", [rule for rule in rules if rule.first], first=True)
    after = _dialect("own rules after the others", [rule for rule in rules if not rule.first], first=False)
    return Tables((before, *DIALECTS, after))


def _dialect(name: str, rules: list[Rule], *, first: bool) -> Dialect:
    sources: dict[str, tuple[Source, ...]] = {}
    resource: dict[str, tuple[Source, ...]] = {}
    for rule in rules:
        into = resource if rule.of_resource else sources
        into[rule.field] = (*into.get(rule.field, ()), rule.source())
    return Dialect(name=name, first=first, sources=sources, resource=resource)
