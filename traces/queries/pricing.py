"""How a cost came about: the tokens of each bucket, the price row that holds for them, what they come to."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import orjson

from ecoa_web.db.named_sql import named_sql
from traces.ids import span_hex
from traces.prices.book import TIER_KEYS, PriceBook, service_tier
from traces.prices.own import override
from traces.prices.rates import A_DOLLAR, FEMTO, NO_RATES, cost, dollars, parts, rates_for
from traces.queries.rows import fetch
from traces.settle import IS_MODEL, PENDING, USAGE_COUNTED
from traces.span import Kind, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from traces.prices.override import Override
    from traces.prices.rates import Part, Price, Rates
    from traces.queries.trace import SpanRow
    from traces.queries.traces import TraceRow

SQL = named_sql(__file__)
NO_USAGE = Usage()
MOST_CALLS = 500  # of a trace, listed one by one
FIELDS = {  # which field of the mapping a bucket was read from
    "input": "input_tokens",
    "cache_read": "cache_read_tokens",
    "cache_write": "cache_write_tokens",
    "output": "output_tokens",
    "reasoning": "reasoning_tokens",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """The tokens of one bucket and what they cost. Buckets share no token."""

    bucket: str  # input (uncached), cache_read, cache_write, output (without reasoning), reasoning
    tokens: int
    usd_per_mtok: float | None
    cost_usd: float | None
    key: str | None  # where the tokens were read from


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRow:
    """The row of prices that holds for a call."""

    source: str
    provider: str | None
    model: str
    valid_from: str | None
    valid_until: str | None
    service_tier: str | None
    override_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pricing:
    """How the cost of one span came about."""

    counted: bool
    why_not: str | None
    service_tier: str | None
    buckets: list[Bucket]
    price: PriceRow | None
    formula: str | None
    computed_usd: float | None
    reported_usd: float | None
    difference_usd: float | None  # reported less computed
    cost_usd: float | None  # as stored: what the sums hold
    outdated: bool  # the stored cost is not what today's prices come to


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedCall:
    """A model call whose usage is in its trace's sums."""

    span_id: str  # as in addresses
    name: str
    agent: str | None
    model: str | None
    provider: str | None
    pricing: Pricing


def span_pricing(project_id: int, trace_id: str, row: SpanRow, *, mapping: Mapping[str, str]) -> Pricing | None:
    """How the cost of a span came about; None when it tells of no tokens and no cost."""
    usage = Usage(
        uncached=row.tokens_in,
        cache_read=row.tokens_cache_read,
        cache_write=row.tokens_cache_write,
        output_text=row.tokens_out,
        reasoning=row.tokens_reasoning,
    )
    if row.cost is None and usage == NO_USAGE:
        return None
    found = fetch(SQL.span, trace=trace_id, project=project_id, span=row.span_id, tier_keys=list(TIER_KEYS))
    reported, response_key, attributes = found[0] if found else (None, None, "{}")
    call = _Call(
        kind=row.kind,
        provider=row.provider,
        model=row.model,
        request_model=row.request_model,
        tier=_tier(attributes),
        start_ns=row.start_ns,
        usage=usage,
        cost=row.cost,
        reported=reported,
    )
    why_not = None if row.flags & USAGE_COUNTED else _why_not(project_id, trace_id, row, response_key)
    return _explained(book_of(project_id), project_id, call, why_not=why_not, mapping=mapping)


def trace_calls(project_id: int, summary: TraceRow) -> list[CountedCall]:
    """The model calls that a trace's tokens and cost are the sum of, by start."""
    found = fetch(
        SQL.calls,
        trace=summary.trace_id,
        project=project_id,
        first_day=summary.first_day,
        last_day=summary.last_day,
        counted=USAGE_COUNTED,
        tier_keys=list(TIER_KEYS),
        limit=MOST_CALLS,
    )
    book = book_of(project_id)
    return [_counted_call(book, project_id, columns) for columns in found]


def book_of(project_id: int) -> PriceBook:
    """The prices that hold for a project now."""
    book = PriceBook()
    book.learn({project_id: own_of(project_id)})
    return book


def own_of(project_id: int) -> list[Override]:
    """A project's own prices."""
    return [override(list(row)) for row in fetch(SQL.own, project=project_id)]


def price_row(price: Price) -> PriceRow:
    """A price as it is shown."""
    return PriceRow(
        source=price.source,
        provider=price.provider or None,
        model=price.model,
        valid_from=price.valid_from,
        valid_until=price.valid_until,
        service_tier=price.service_tier,
        override_id=price.id,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """What the cost of a span depends on, and the cost that is stored."""

    kind: int
    provider: str | None
    model: str | None
    request_model: str | None
    tier: str | None
    start_ns: int
    usage: Usage
    cost: float | None
    reported: float | None


def _counted_call(book: PriceBook, project_id: int, columns: tuple[Any, ...]) -> CountedCall:
    span_id, name, agent, model, request_model, provider, kind, start_ns, cost, reported, *tokens, attributes = columns
    call = _Call(
        kind=kind,
        provider=provider,
        model=model,
        request_model=request_model,
        tier=_tier(attributes),
        start_ns=start_ns,
        usage=Usage(**dict(zip(Usage.__slots__, tokens, strict=True))),
        cost=cost,
        reported=reported,
    )
    pricing = _explained(book, project_id, call, why_not=None, mapping={})
    return CountedCall(
        span_id=span_hex(span_id), name=name, agent=agent, model=model, provider=provider, pricing=pricing
    )


def _explained(
    book: PriceBook, project_id: int, call: _Call, *, why_not: str | None, mapping: Mapping[str, str]
) -> Pricing:
    price = None
    if call.model is not None and IS_MODEL[call.kind]:
        models = (call.model, call.request_model)
        price = book.price(project_id, provider=call.provider, models=models, tier=call.tier, start_ns=call.start_ns)
    rates = rates_for(price, call.usage) if price else NO_RATES
    made = parts(rates, call.usage)
    computed = None if price is None else cost(price, call.usage)
    known = call.reported is not None and computed is not None
    return Pricing(
        counted=why_not is None,
        why_not=why_not,
        service_tier=call.tier,
        buckets=[_bucket(part, mapping) for part in made],
        price=price_row(price) if price and computed is not None else None,
        formula=_formula(made, rates, computed),
        computed_usd=computed,
        reported_usd=call.reported,
        difference_usd=(call.reported or 0) - (computed or 0) if known else None,
        cost_usd=call.cost,
        outdated=call.cost != (call.reported if computed is None else computed),
    )


def _bucket(part: Part, mapping: Mapping[str, str]) -> Bucket:
    return Bucket(
        bucket=part.bucket,
        tokens=part.tokens,
        usd_per_mtok=dollars(part.rate),
        cost_usd=None if part.rate is None else part.femto / FEMTO,
        key=mapping.get(FIELDS[part.bucket]),
    )


def _formula(made: Sequence[Part], rates: Rates, computed: float | None) -> str | None:
    """1,000 x $0.25 + 200 x $2, per million tokens, = $0.00065."""
    if computed is None:
        return None
    terms = [
        f"{part.tokens:,} \N{MULTIPLICATION SIGN} ${_plain(part.rate / A_DOLLAR)}"
        for part in made
        if part.rate and part.tokens
    ]
    shown = f"({' + '.join(terms) or '0'}) / 1,000,000"
    if rates.call:
        shown += f" + ${_plain(rates.call / FEMTO)} a call"
    return f"{shown} = ${_plain(computed)}"


def _plain(number: float) -> str:
    """A number without an exponent."""
    return f"{Decimal(repr(number)):f}".removesuffix(".0")


def _tier(attributes: str) -> str | None:
    """The service tier that attributes tell; Django leaves jsonb as text."""
    return service_tier(orjson.loads(attributes))


def _why_not(project_id: int, trace_id: str, row: SpanRow, response_key: int | None) -> str:
    """Why a span's tokens are not in the sums."""
    if row.flags & PENDING:
        return "It has not ended."
    if not IS_MODEL[row.kind]:
        return f"Only model calls count; this is of the kind {Kind(row.kind).name.lower()}."
    if response_key is not None:
        twin = fetch(SQL.twin, trace=trace_id, project=project_id, response_key=response_key, counted=USAGE_COUNTED)
        if twin:
            return f"The span {span_hex(twin[0][0])} tells of the same call."
    return "A model call below it tells of the same tokens."
