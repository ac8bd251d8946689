"""What a dialect is, and how all of them are compiled so that normalising a span is one pass over its attributes.

A dialect lists, for every field, the keys that may fill it, best first. For each dialect that a span can be in, all
sources of all dialects are ranked into one table: key -> (field, rank, reader). That dialect's own sources come first,
those of the others after it in their order, since one span often mixes two. A pass keeps the best-ranked value of each
field. Which key won is kept with it, so that every value can be explained.

Reading is cached by the whole bytes of an attribute: most attributes of a fleet repeat. Messages and other content are
never read here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from traces import values
from traces.decode import RawSpan
from traces.dialects.conversation import Conversation
from traces.dialects.names import Match, Name, Names
from traces.span import Kind
from traces.values import Value
from traces.wire import Malformed, varint

type Reader = Callable[[Value], object]  # None: the value is not usable, the next source counts
type Claim = tuple[str, int, object, str]  # field, rank, value, key; the field "" is a small attribute

SMALL, CONTENT, DIALECT = "", "content", "dialect"


class Source(NamedTuple):
    """One key that may fill a field."""

    key: str
    reader: Reader
    keep: bool = False  # the row's small attributes keep it as well
    unique: bool = False  # nearly every span has another value: not worth caching
    local: bool = False  # a word too common to mean this in other dialects


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one family of clients names things. Data only; see traces.normalise for what the fields mean."""

    name: str
    title: str = ""  # what people call it
    versions: str = ""  # those whose spans were read
    lacks: str = ""  # what its spans do not say
    first: bool = False  # believed even before the dialect that is spoken
    scopes: tuple[str, ...] = ()  # instrumentation scopes that speak it; a trailing * matches any rest
    keys: tuple[str, ...] = ()  # keys that give it away when no scope does
    sources: Mapping[str, tuple[Source, ...]] = field(default_factory=dict)
    resource: Mapping[str, tuple[Source, ...]] = field(default_factory=dict)  # the same for resource attributes
    names: tuple[Name, ...] = ()  # what its span names tell
    shares_names: bool = False  # they tell it in other dialects too
    own_name: tuple[Kind, ...] = ()  # agents, tools: their name is the span's when no attribute has it
    suffixes: tuple[str, ...] = ()  # of span names, which are no part of that
    no_names: re.Pattern[str] | None = None  # span names that are not, such as those of classes
    unnamed_agent: Kind = Kind.AGENT  # what an agent span without a name is
    content: tuple[str, ...] = ()  # keys of messages and other large content; a trailing * matches any rest
    ignored: tuple[str, ...] = ()  # keys that are not worth a place in the row; a trailing * matches any rest
    input_excludes_cache: bool = False  # its input tokens leave out what was cached, unless their total says otherwise
    excluding_providers: tuple[str, ...] = ()  # those whose input tokens do so whatever the total says
    messages: Callable[[RawSpan], Conversation] | None = None


class Plan(NamedTuple):
    """What is done with the attributes of one key."""

    key: str
    sources: tuple[tuple[str, int, Reader], ...]
    small: bool
    cached: bool
    always: tuple[Claim, ...]  # what the key says whatever its value
    fixed: tuple[Claim, ...] | None  # all that it says, when the value need not be read


_NOTHING: tuple[Claim, ...] = ()
_CACHED_ATTRIBUTES, _CACHED_KEYS = 16_384, 4_096
_CACHED_SIZE = 160  # bytes of an attribute worth caching
_MAX_SMALL_TEXT = 256
_MAX_SMALL_KEY = 128
_MAX_SMALL_ITEMS = 16


class Table:
    """All dialects as one of them ranks them."""

    def __init__(self, dialect: Dialect | None, order: tuple[Dialect, ...], *, resource: bool = False) -> None:
        """Rank the sources of `order`; `dialect` is the one that is spoken, None when no scope told."""
        self.dialect = dialect
        self._order = order
        self._claims: dict[bytes, tuple[Claim, ...]] = {}
        self._plans: dict[bytes, Plan] = {}
        self._sources: dict[str, list[tuple[str, int, Source]]] = {}
        self._exact: dict[str, str] = {}
        self._prefixes: list[tuple[str, str]] = []
        self._marks = {} if dialect else {key: d for d in reversed(order) for key in d.keys}
        ranks: dict[str, int] = {}
        for one in order:
            for name, sources in (one.resource if resource else one.sources).items():
                for source in sources:
                    if source.local and one is not dialect:
                        continue
                    rank = ranks[name] = ranks.get(name, -1) + 1
                    listed = self._sources.setdefault(source.key, [])
                    if all(name != other or source.reader is not theirs.reader for other, _, theirs in listed):
                        listed.append((name, rank, source))
            for use, keys in ((CONTENT, one.content), ("ignored", one.ignored)):
                for key in keys:
                    if key.endswith("*"):
                        self._prefixes.append((key[:-1], use))
                    else:
                        self._exact.setdefault(key, use)

    def collect(self, attributes: Iterable[bytes]) -> tuple[dict[str, Claim], dict[str, Value]]:
        """The winning claim of each field, and the small attributes that no field took."""
        won: dict[str, Claim] = {}
        small: dict[str, Value] = {}
        cached = self._claims.get
        for raw in attributes:
            claims = cached(raw) if len(raw) <= _CACHED_SIZE else None  # hashing a message costs a microsecond
            if claims is None:
                claims = self._read(raw)
            for claim in claims:
                name = claim[0]
                if name == "":
                    small[claim[3]] = claim[2]  # type: ignore[assignment]  # _small_value made it
                    continue
                current = won.get(name)
                if current is None:
                    won[name] = claim
                elif claim[1] <= current[1]:  # of a repeated key the last counts
                    won[name] = claim
                    _keep_loser(small, current, claim)
                else:
                    _keep_loser(small, claim, current)
        return won, small

    def knows(self, key: str) -> bool:
        """Whether any dialect says something of that key."""
        return key in self._sources or key in self._marks or bool(self._use(key))

    def _read(self, raw: bytes) -> tuple[Claim, ...]:
        try:
            length = raw[1]
            prefix = raw[: 2 + length] if raw[0] == 0x0A and length < 0x80 else _long_prefix(raw)
        except (IndexError, Malformed):
            return _NOTHING
        plan = self._plans.get(prefix) or self._plan(prefix, raw)
        if plan.fixed is not None:
            return plan.fixed
        value = values.value_at(raw, len(prefix)) if prefix else values.key_value(raw)[1]
        claims = _claims(plan, value)
        if plan.cached and len(raw) <= _CACHED_SIZE:
            if len(self._claims) >= _CACHED_ATTRIBUTES:
                self._claims.clear()
            self._claims[raw] = claims
        return claims

    def _plan(self, prefix: bytes, raw: bytes) -> Plan:
        key = values.key_value(raw)[0]
        sources = self._sources.get(key, ())
        use = self._use(key)
        small = all(source.keep for _, _, source in sources) and not use and 0 < len(key) <= _MAX_SMALL_KEY
        marked = self._marks.get(key)
        mark: tuple[Claim, ...] = ((DIALECT, self._order.index(marked), marked, key),) if marked else ()
        content: tuple[Claim, ...] = ((CONTENT, 0, True, key),) if use == CONTENT else ()
        plan = Plan(
            key=key,
            sources=tuple((name, rank, source.reader) for name, rank, source in sources),
            small=small,
            cached=not any(source.unique for _, _, source in sources),
            always=mark + content,
            fixed=None if sources or small else mark + content,
        )
        if prefix and len(prefix) <= _CACHED_SIZE:
            if len(self._plans) >= _CACHED_KEYS:
                self._plans.clear()
            self._plans[prefix] = plan
        return plan

    def _use(self, key: str) -> str:
        """ "content", "ignored" or "" for a key that no field takes."""
        exact = self._exact.get(key)
        return exact or next((use for prefix, use in self._prefixes if key.startswith(prefix)), "")


def _claims(plan: Plan, value: Value) -> tuple[Claim, ...]:
    claims: list[Claim] = []
    filled: set[str] = set()
    for name, rank, reader in plan.sources:  # best first, and one claim a field
        if name not in filled:
            read = reader(value)
            if read is not None:
                claims.append((name, rank, read, plan.key))
                filled.add(name)
    if plan.small:
        small = small_value(value)
        if small is not None:
            claims.append((SMALL, 0, small, plan.key))
    return (*claims, *plan.always)


def small_value(value: Value) -> Value:
    """The value when it is small enough for a row, its text cut; None for what is left to the whole span."""
    if isinstance(value, str):
        return value if len(value) <= _MAX_SMALL_TEXT else value[: _MAX_SMALL_TEXT - 1] + "…"
    if isinstance(value, list):
        if 0 < len(value) <= _MAX_SMALL_ITEMS and not any(isinstance(item, list | dict) for item in value):
            return [small_value(item) for item in value]
        return None
    return None if isinstance(value, dict) else value


def _keep_loser(small: dict[str, Value], loser: Claim, winner: Claim) -> None:
    """A name that lost to another one is still worth filtering by."""
    if isinstance(loser[2], str) and loser[2] != winner[2] and loser[3] != winner[3]:
        small[loser[3]] = loser[2]


def _long_prefix(raw: bytes) -> bytes:
    """The bytes up to the end of the key, or none when the key does not come first."""
    if raw[0] != 0x0A:
        return b""
    length, position = varint(raw, 1, len(raw))
    return raw[: position + length]


class Tables:
    """The tables of a set of dialects, one for each that can be spoken."""

    def __init__(self, dialects: tuple[Dialect, ...]) -> None:
        self.unknown = Table(None, dialects)
        self.resource = Table(None, dialects, resource=True)
        self._spoken = {d.name: Table(d, _ranked(d, dialects)) for d in dialects}
        scopes = [(name, self._spoken[d.name]) for d in dialects for name in d.scopes]
        shared = tuple(name for d in dialects if d.shares_names for name in d.names)
        self._names = {d.name: Names((*d.names, *shared)) for d in dialects}
        self._shared_names = Names(shared)
        self._scopes = {name: table for name, table in scopes if not name.endswith("*")}
        self._prefixes = [(name[:-1], table) for name, table in scopes if name.endswith("*")]
        self._seen: dict[str, Table] = {}

    def of_scope(self, scope: str) -> Table:
        """The table for spans of that instrumentation scope."""
        table = self._seen.get(scope)
        if table is None:
            table = self._scopes.get(scope) or next(
                (table for prefix, table in self._prefixes if scope.startswith(prefix)), self.unknown
            )
            if len(self._seen) >= _CACHED_KEYS:
                self._seen.clear()
            self._seen[scope] = table
        return table

    def named(self, dialect: Dialect | None, name: str) -> Match:
        """What a span's name tells in that dialect."""
        return (self._shared_names if dialect is None else self._names[dialect.name]).match(name)

    def collect(self, span: RawSpan) -> tuple[Dialect | None, dict[str, Claim], dict[str, Value]]:
        """The dialect of a span, by its scope, else by its keys; its winning claims; its small attributes."""
        table = self.of_scope(span.scope.name)
        won, small = table.collect(span.raw_attributes)
        told = won.get(DIALECT)
        if told is not None:
            dialect = told[2]
            assert isinstance(dialect, Dialect)
            table = self._spoken[dialect.name]
            won, small = table.collect(span.raw_attributes)
        return table.dialect, won, small


def _ranked(spoken: Dialect, dialects: tuple[Dialect, ...]) -> tuple[Dialect, ...]:
    """The order in which they are believed when one is spoken."""
    first = tuple(dialect for dialect in dialects if dialect.first)
    rest = (spoken, *(dialect for dialect in dialects if dialect is not spoken))
    return (*first, *(dialect for dialect in rest if not dialect.first))
