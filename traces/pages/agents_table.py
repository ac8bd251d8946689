"""The table of agents, as the overview and the agents page show it."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from traces.pages.distribution import Picture, Scale, picture
from traces.queries.agents import AgentRow

BAD_RATE, WARN_RATE = 0.05, 0.02
FEW = 20  # calls: p99 of fewer says nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its heading and the key of ?sort=, or none for the picture."""

    key: str
    word: str
    look: str  # the class of its width
    first_down: bool = True  # the first click sorts the largest first


COLUMNS = (
    Column(key="agent", word="Agent", look="", first_down=False),
    Column(key="calls", word="Calls", look="w-calls"),
    Column(key="errors", word="Errors", look="w-err"),
    Column(key="timeouts", word="Timeouts", look="w-to"),
    Column(key="", word="", look="w-dist"),
    Column(key="p50", word="p50", look="w-p"),
    Column(key="p95", word="p95", look="w-p"),
    Column(key="p99", word="p99", look="w-p"),
    Column(key="tokens", word="Tokens in / out", look="w-tok"),
    Column(key="cost", word="Cost", look="w-cost"),
    Column(key="critical", word="Critical", look="w-crit"),
)
HURT = "hurt"
SORTS = frozenset(column.key for column in COLUMNS if column.key) | {HURT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One agent with what its cells say."""

    row: AgentRow
    ident: str  # of its row in the page, so that a pull finds it again wherever it is sorted to
    state: str  # of its error rate: bad, warn or none
    picture: Picture
    few: bool
    critical_width: float  # of 28


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A column's heading with where it leads and how the table is sorted by it now."""

    column: Column
    sort: str  # the value of ?sort= that a click asks for
    aria: str  # ascending, descending or none


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentsTable:
    """Lines in order, the axis of their pictures, and the headings."""

    lines: list[Line]
    scale: Scale
    headings: list[Heading]
    total: int


def agents_table(rows: list[AgentRow], *, sort: str = HURT, find: str = "") -> AgentsTable:
    """The agents whose name holds `find`, sorted by a column's key (-key: largest first) or by what hurts most."""
    key = sort.removeprefix("-")
    if key not in SORTS:
        sort = key = HURT
    shown = [row for row in rows if find.casefold() in row.agent.casefold()]
    scale = Scale.over(row.histogram for row in rows)
    return AgentsTable(
        lines=[line(row, scale) for row in ordered(shown, key, down=sort.startswith("-"))],
        scale=scale,
        headings=[heading(column, sort) for column in COLUMNS],
        total=len(rows),
    )


def line(row: AgentRow, scale: Scale) -> Line:
    """One agent's cells."""
    return Line(
        row=row,
        ident=f"agent-{blake2b(row.agent.encode(), digest_size=6).hexdigest()}",
        state=state(row),
        picture=picture(row.histogram, scale=scale, p50_ms=row.p50_ms, p95_ms=row.p95_ms),
        few=row.calls < FEW,
        critical_width=round(28 * max(0.0, row.critical_share or 0), 1),
    )


def state(row: AgentRow) -> str:
    """Whether an error rate is bad, worth a look, or neither."""
    if row.error_rate >= BAD_RATE:
        return "bad"
    return "warn" if row.error_rate >= WARN_RATE else ""


def heading(column: Column, sort: str) -> Heading:
    """A click sorts by the column, a second one turns the order around."""
    if not column.key:
        return Heading(column=column, sort="", aria="none")
    here, down = sort.removeprefix("-") == column.key, sort.startswith("-")
    next_down = not down if here else column.first_down
    aria = ("descending" if down else "ascending") if here else "none"
    return Heading(column=column, sort=("-" if next_down else "") + column.key, aria=aria)


def ordered(rows: list[AgentRow], key: str, *, down: bool) -> list[AgentRow]:
    """Sorted; unknown values come last either way, and equal ones by name."""
    by_name = sorted(rows, key=lambda row: row.agent.casefold(), reverse=down and key == "agent")
    if key == "agent":
        return by_name
    if key == HURT:
        return sorted(by_name, key=hurt, reverse=True)
    values = {id(row): value(row, key) for row in rows}
    known = [row for row in by_name if values[id(row)] is not None]
    unknown = [row for row in by_name if values[id(row)] is None]
    return sorted(known, key=lambda row: values[id(row)] or 0, reverse=down) + unknown


def value(row: AgentRow, key: str) -> float | None:
    """What a column sorts by."""
    if key == "tokens":
        parts = [part for part in (row.input_tokens, row.output_tokens) if part is not None]
        return sum(parts) if parts else None
    found: dict[str, float | None] = {
        "calls": row.calls,
        "errors": row.error_rate,
        "timeouts": row.timeouts,
        "p50": row.p50_ms,
        "p95": row.p95_ms,
        "p99": row.p99_ms,
        "cost": row.cost_usd,
        "critical": row.critical_share,
    }
    return found[key]


def hurt(row: AgentRow) -> tuple[int, float, int]:
    """Failing agents first, then those that people wait for, then the busy ones."""
    tier = {"bad": 2, "warn": 1}.get(state(row), 0)
    return (tier, row.critical_share or 0.0, row.calls)
