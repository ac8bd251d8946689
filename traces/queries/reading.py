"""How a project's spans are read: its own rules, who sends, keys that no rule reads, versions of the rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ecoa_web.db.named_sql import named_sql
from traces.ids import span_hex
from traces.queries.bodies import Place, sent_spans
from traces.queries.rows import fetch
from traces.rules.own import Own, known, own
from traces.rules.rule import FIELDS, MOST_RULES, READERS, Rule
from traces.senders.unknown import unknown

if TYPE_CHECKING:
    from traces.decode import RawSpan
    from traces.dialects.engine import Tables

SQL = named_sql(__file__)
NEWEST_TRACES = 20
MOST_PLACES = 500
MOST_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule with who made it."""

    rule: Rule
    made_by: str
    made_at: datetime

    @property
    def field(self) -> str:
        """What it fills, in words."""
        known_field = FIELDS.get(self.rule.field)
        return known_field.title if known_field else self.rule.field

    @property
    def reader(self) -> str:
        """How it reads, in words."""
        known_reader = READERS.get(self.rule.reader)
        return known_reader.title if known_reader else self.rule.reader


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One instrumentation in one service."""

    service: str
    sdk: str
    language: str
    version: str
    scope: str
    scope_version: str
    dialects: list[str]
    spans: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key that no rule reads, with an example."""

    key: str
    spans: int
    example: str
    scope: str
    trace_id: str
    span_id: int
    first_at: datetime
    last_at: datetime

    @property
    def span(self) -> str:
        """The example's span as it stands in an address."""
        return f"{self.trace_id}/{span_hex(self.span_id)}"


@dataclass(frozen=True, slots=True)
class MappingRow:
    """A version of the rules, and the stored spans that were read with it."""

    version: str
    spans: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Example:
    """A stored span to try a rule on."""

    trace_id: str
    span_id: int
    name: str
    sent: RawSpan

    @property
    def hex(self) -> str:
        """The span's id as people see it."""
        return span_hex(self.span_id)


def rules(project_id: int) -> list[RuleRow]:
    """A project's own rules, in the order in which they are believed."""
    return [RuleRow(Rule(*row[:7]), *row[7:]) for row in fetch(SQL.rules, project=project_id)]


def own_of(project_id: int) -> Own:
    """A project's own rules, compiled."""
    usable = tuple(row.rule for row in rules(project_id) if known(row.rule.field, row.rule.reader))
    return own(fetch(SQL.epoch, project=project_id)[0][0], usable)


def add_rule(project_id: int, rule: Rule, *, by: str) -> bool:
    """Add a rule; False when the project has as many as it may have."""
    told = rule._asdict()
    del told["id"]
    return bool(fetch(SQL.add_rule, project=project_id, by=by, most=MOST_RULES, **told))


def remove_rule(project_id: int, rule_id: int) -> bool:
    """Remove a rule; False when there is none."""
    return bool(fetch(SQL.remove_rule, project=project_id, rule=rule_id))


def sources(project_id: int, *, limit: int) -> list[SourceRow]:
    """Who sends, by service."""
    return [SourceRow(*row) for row in fetch(SQL.sources, project=project_id, limit=limit)]


def unknown_keys(project_id: int, tables: Tables, *, limit: int) -> list[KeyRow]:
    """The most frequent keys that looked as if they mattered and that still no rule reads."""
    found = [KeyRow(*row) for row in fetch(SQL.unknown_keys, project=project_id, limit=1_000)]
    return [row for row in found if unknown(row.key, tables)][:limit]


def mappings(project_id: int) -> list[MappingRow]:
    """The versions of the rules that stored spans were read with, newest first."""
    return [MappingRow(*row) for row in fetch(SQL.mappings, project=project_id)]


def example(
    project_id: int, *, key: str, of_resource: bool, trace_id: str | None = None, span_id: int | None = None
) -> Example | None:
    """The span that is named; else, of that trace or of the newest ones, the first that has the key, or just the first.
    None when there is none whose batch is kept."""
    rows = fetch(SQL.places, project=project_id, trace=trace_id, span=span_id, traces=NEWEST_TRACES, limit=MOST_PLACES)
    places = {Place(*row[3:]): row[:3] for row in rows}
    order = {place: number for number, place in enumerate(places)}
    best: tuple[bool, int, Example] | None = None
    for place, sent in sent_spans(project_id, places, most_bytes=MOST_BYTES):
        told = sent.resource.attributes if of_resource else sent.attributes
        rank = (key not in told, order[place])
        if best is None or rank < best[:2]:
            found_in, span, name = places[place]
            best = (*rank, Example(found_in, span, name, sent))
    return None if best is None else best[2]
