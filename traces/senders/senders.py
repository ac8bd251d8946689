"""What a worker sees of those who send, kept in memory until it is saved. A span costs two comparisons and a sum."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from traces.normalise import service_of
from traces.rules.own import Own
from traces.senders.unknown import KeySight, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from traces.decode import RawSpan, Resource, Scope
    from traces.dialects.engine import Tables
    from traces.store.claim import Claimed

LENGTH = 200
LOOK_EVERY_S = 2.0  # at the keys of each source
LOOK_AT_SPANS = 40
MOST_LOOKS = 400  # spans in that time, whatever the number of sources
MOST_SOURCES = 300  # a project, between two saves; what comes after counts as OTHER
MOST_KEYS = 300
MOST_SERVICES = 200  # a project that the ledger tells apart
MOST_REMEMBERED = 10_000
OTHER = "(other)"


class SourceKey(NamedTuple):
    """What sends: one instrumentation in one service."""

    project_id: int
    service: str
    sdk: str
    language: str
    version: str
    scope: str
    scope_version: str


@dataclass(slots=True)
class Run:
    """Consecutive spans of one resource and scope in one batch."""

    resource: Resource
    scope: Scope
    tables: Tables  # that they are read with
    source: SourceKey
    received_ns: int
    spans: int = 0
    dialects: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Tally:
    """What there was of one source."""

    spans: int
    first_ns: int
    last_ns: int
    dialects: set[str]

    def add(self, run: Run) -> None:
        """And the spans of a run."""
        self.spans += run.spans
        self.first_ns = min(self.first_ns, run.received_ns)
        self.last_ns = max(self.last_ns, run.received_ns)
        self.dialects |= run.dialects


@dataclass(slots=True)
class Seen:
    """What one group of batches shows; counts once it is stored."""

    runs: list[Run] = field(default_factory=list)
    keys: dict[tuple[int, str], KeySight] = field(default_factory=dict)


@dataclass(slots=True)
class Counted:
    """What is known of a project and not saved yet."""

    epoch: int
    versions: dict[str, Tally] = field(default_factory=dict)  # of its rules
    sources: dict[SourceKey, Tally] = field(default_factory=dict)
    keys: dict[str, KeySight] = field(default_factory=dict)


class Senders:
    """What one worker has seen. Belongs to one thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._unknown = Unknown()
        self._looked: dict[SourceKey, float] = {}
        self._looks_left, self._looks_since = 0, float("-inf")
        self._services: dict[int, set[str]] = {}
        self.counted: dict[int, Counted] = {}

    def looks_at(self, source: SourceKey) -> int:
        """At how many spans of a run to look: none, but for one run of each source every two seconds."""
        now = self._clock()
        if now - self._looks_since >= LOOK_EVERY_S:
            self._looks_left, self._looks_since = MOST_LOOKS, now
        if not self._looks_left or now - self._looked.get(source, float("-inf")) < LOOK_EVERY_S:
            return 0
        if len(self._looked) >= MOST_REMEMBERED:
            self._looked.clear()
        self._looked[source] = now
        looks = min(LOOK_AT_SPANS, self._looks_left)
        self._looks_left -= looks
        return looks

    def run(self, seen: Seen, batch: Claimed, raw: RawSpan, own: Own) -> Run:
        """A run that begins with that span."""
        tables = own.ruled.of(raw.scope.name)
        run = Run(raw.resource, raw.scope, tables, source_key(batch.project_id, raw, tables), batch.received_ns)
        seen.runs.append(run)
        return run

    def look(self, seen: Seen, batch: Claimed, raw: RawSpan, run: Run) -> None:
        """Look at the keys of a span, and at what it speaks."""
        run.dialects.add(dialect_of(raw, run.tables))
        for key, attribute in self._unknown.keys(raw, run.tables):
            place = (batch.project_id, key)
            sight = seen.keys.get(place)
            if sight is None:
                if len(seen.keys) >= MOST_KEYS:
                    continue
                sight = seen.keys[place] = KeySight(raw, attribute, batch.received_ns)
            sight.spans += 1

    def service(self, project_id: int, name: str) -> str:
        """The service as the ledger tells it."""
        known = self._services.setdefault(project_id, set())
        if name not in known:
            if len(known) >= MOST_SERVICES:
                return OTHER
            known.add(name)
        return name

    def add(self, seen: Seen, owned: Mapping[int, Own]) -> None:
        """What was seen is stored now. What was counted before a project's replay is void."""
        for project_id, own in owned.items():
            counted = self.counted.get(project_id)
            if counted is None or counted.epoch != own.epoch:
                self.counted[project_id] = Counted(own.epoch)
        for run in seen.runs:
            project_id = run.source.project_id
            self._count(self.counted[project_id], run, owned[project_id].version)
        for (project_id, key), sight in seen.keys.items():
            _merge(self.counted[project_id].keys, key, sight)

    def take(self) -> dict[int, Counted]:
        """What is to be saved; begin again."""
        taken, self.counted = self.counted, {}
        return taken

    def _count(self, counted: Counted, run: Run, version: str) -> None:
        source = run.source
        if source not in counted.sources and len(counted.sources) >= MOST_SOURCES:
            source = source._replace(sdk="", language="", version="", service=OTHER, scope=OTHER, scope_version="")
        _tally(counted.versions, version, run)
        _tally(counted.sources, source, run)


def source_key(project_id: int, raw: RawSpan, tables: Tables) -> SourceKey:
    """What sent a span."""
    told = raw.resource.attributes
    return SourceKey(
        project_id,
        service_of(raw.resource, tables) or "",
        _text(told.get("telemetry.sdk.name")),
        _text(told.get("telemetry.sdk.language")),
        _text(told.get("telemetry.sdk.version")),
        raw.scope.name[:LENGTH],
        raw.scope.version[:LENGTH],
    )


def dialect_of(raw: RawSpan, tables: Tables) -> str:
    """The name of the dialect that a span speaks, empty for none."""
    dialect = tables.collect(raw)[0]
    return "" if dialect is None else dialect.name


def _tally[K](tallies: dict[K, Tally], key: K, run: Run) -> None:
    tally = tallies.get(key)
    if tally is None:
        tally = tallies[key] = Tally(0, run.received_ns, run.received_ns, set())
    tally.add(run)


def _merge(keys: dict[str, KeySight], key: str, sight: KeySight) -> None:
    known = keys.get(key)
    if known is not None:
        known.spans += sight.spans
        known.last_ns = max(known.last_ns, sight.last_ns)
    elif len(keys) < MOST_KEYS:
        keys[key] = sight


def _text(value: object) -> str:
    return value[:LENGTH] if isinstance(value, str) else ""
