"""The table of models, sorted by its address."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from traces.pages.agents_table import BAD_RATE, WARN_RATE, Column, Heading, heading
from traces.queries.models import ModelRow

COLUMNS = (
    Column(key="model", word="Model", look="", first_down=False),
    Column(key="calls", word="Calls", look="w-n"),
    Column(key="errors", word="Errors", look="w-n"),
    Column(key="input", word="Input", look="w-n"),
    Column(key="cached", word="Cached", look="w-n"),
    Column(key="written", word="Written", look="w-n"),
    Column(key="output", word="Output", look="w-n"),
    Column(key="reasoning", word="Reasoning", look="w-r"),
    Column(key="cost", word="Cost", look="w-n"),
    Column(key="unpriced", word="Unpriced", look="w-r"),
    Column(key="p50", word="p50", look="w-n"),
    Column(key="p95", word="p95", look="w-n"),
    Column(key="ttft", word="First token p50 / p95", look="w-t"),
)
MOST_COSTLY = "-cost"
SORTS = frozenset(column.key for column in COLUMNS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One model with what its cells say."""

    row: ModelRow
    ident: str  # of its row in the page, so that a pull finds it again wherever it is sorted to
    state: str  # of its errors: bad, warn or none

    @property
    def uncached_tokens(self) -> int | None:
        """Input tokens that no cache spared."""
        return uncached(self.row)

    @property
    def text_tokens(self) -> int | None:
        """Output tokens without reasoning."""
        return text_output(self.row)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsTable:
    """Lines in order, the headings, and how many models there are."""

    lines: list[Line]
    headings: list[Heading]
    total: int


def models_table(rows: list[ModelRow], *, sort: str, find: str = "") -> ModelsTable:
    """The models whose name or provider holds `find`, sorted by a column's key (-key: largest first)."""
    if sort.removeprefix("-") not in SORTS:
        sort = MOST_COSTLY
    wanted = find.casefold()
    shown = [row for row in rows if wanted in row.model.casefold() or wanted in (row.provider or "").casefold()]
    return ModelsTable(
        lines=[_line(row) for row in _ordered(shown, sort.removeprefix("-"), down=sort.startswith("-"))],
        headings=[heading(column, sort) for column in COLUMNS],
        total=len(rows),
    )


def state(row: ModelRow) -> str:
    """Whether its errors are many, worth a look, or neither."""
    rate = row.errors / max(row.calls, row.errors, 1)
    if rate >= BAD_RATE:
        return "bad"
    return "warn" if rate >= WARN_RATE else ""


def uncached(row: ModelRow) -> int | None:
    """Input tokens that no cache spared."""
    if row.input_tokens is None:
        return None
    return row.input_tokens - (row.cache_read_tokens or 0) - (row.cache_write_tokens or 0)


def text_output(row: ModelRow) -> int | None:
    """Output tokens without reasoning."""
    return None if row.output_tokens is None else row.output_tokens - (row.reasoning_tokens or 0)


def _line(row: ModelRow) -> Line:
    name = f"{row.model}\x1f{row.provider or ''}".encode()
    return Line(row=row, ident=f"model-{blake2b(name, digest_size=6).hexdigest()}", state=state(row))


def _ordered(rows: list[ModelRow], key: str, *, down: bool) -> list[ModelRow]:
    """Sorted; unknown values come last either way, and equal ones by name."""
    by_name = sorted(rows, key=lambda row: (row.model.casefold(), row.provider or ""), reverse=down and key == "model")
    if key == "model":
        return by_name
    values = {id(row): _value(row, key) for row in rows}
    known = [row for row in by_name if values[id(row)] is not None]
    unknown = [row for row in by_name if values[id(row)] is None]
    return sorted(known, key=lambda row: values[id(row)] or 0, reverse=down) + unknown


def _value(row: ModelRow, key: str) -> float | None:
    found: dict[str, float | None] = {
        "calls": row.calls,
        "errors": row.errors,
        "input": uncached(row),
        "cached": row.cache_read_tokens,
        "written": row.cache_write_tokens,
        "output": text_output(row),
        "reasoning": row.reasoning_tokens,
        "cost": row.cost_usd,
        "unpriced": row.unpriced_calls,
        "p50": row.p50_ms,
        "p95": row.p95_ms,
        "ttft": row.ttft_p50_ms,
    }
    return found[key]
