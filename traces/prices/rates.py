"""Prices of a model and what a call costs by them, in whole numbers: exact, and the same on every machine.

A rate is a price of a million tokens in billionths of a dollar, so that a token's price is a whole number of 1e-15
dollars. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from traces.span import Usage

A_DOLLAR = 10**9  # a rate of one dollar per million tokens
FEMTO = 10**15  # 1e-15 dollars in a dollar
BUCKETS = ("input", "cache_read", "cache_write", "output", "reasoning")  # as Usage has them


class Rates(NamedTuple):
    """What a million tokens of each bucket cost. None: no price, such tokens add nothing."""

    input: int | None
    cache_read: int | None
    cache_write: int | None
    output: int | None
    reasoning: int | None
    call: int = 0  # of the call itself, in 1e-15 dollars

    def none(self) -> bool:
        """Whether nothing has a price."""
        return not self.call and all(rate is None for rate in self[:5])


class Tier(NamedTuple):
    """The rates of calls with more input tokens than so many, cached ones included."""

    above: int
    rates: Rates


NO_RATES = Rates(None, None, None, None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """One price row, and where it comes from."""

    rates: Rates
    tiers: tuple[Tier, ...] = ()  # from the highest down
    source: str  # genai-prices with its version, or override
    provider: str  # whose price it is, as the source calls it; empty: any
    model: str  # which row: an id, or a pattern such as gpt-4o*
    id: int | None = None  # of an override
    valid_from: str | None = None  # days, UTC
    valid_until: str | None = None
    service_tier: str | None = None  # the tier that it is for, when it is not for all


class Part(NamedTuple):
    """What the tokens of one bucket cost."""

    bucket: str
    tokens: int
    rate: int | None
    femto: int


def cost(price: Price, usage: Usage) -> float | None:
    """What a call with these tokens costs, in dollars; None when nothing of it has a price."""
    rates = price.rates if not price.tiers else rates_for(price, usage)
    femto = rates.call
    priced = femto > 0
    tokens, rate = usage.uncached, rates.input
    if tokens is not None and rate is not None:
        femto += tokens * rate
        priced = True
    tokens, rate = usage.output_text, rates.output
    if tokens is not None and rate is not None:
        femto += tokens * rate
        priced = True
    tokens, rate = usage.cache_read, rates.cache_read
    if tokens is not None and rate is not None:
        femto += tokens * rate
        priced = True
    tokens, rate = usage.cache_write, rates.cache_write
    if tokens is not None and rate is not None:
        femto += tokens * rate
        priced = True
    tokens, rate = usage.reasoning, rates.reasoning
    if tokens is not None and rate is not None:
        femto += tokens * rate
        priced = True
    return femto / FEMTO if priced else None


def rates_for(price: Price, usage: Usage) -> Rates:
    """The rates of a call of this size: a larger one pays the higher tier's for all of its tokens."""
    size = (usage.uncached or 0) + (usage.cache_read or 0) + (usage.cache_write or 0)
    for tier in price.tiers:
        if size > tier.above:
            return tier.rates
    return price.rates


def parts(rates: Rates, usage: Usage) -> list[Part]:
    """The known buckets of a call, each with its rate and what it adds."""
    counts = (usage.uncached, usage.cache_read, usage.cache_write, usage.output_text, usage.reasoning)
    return [
        Part(bucket, tokens, rate, tokens * rate if rate is not None else 0)
        for bucket, tokens, rate in zip(BUCKETS, counts, rates[:5], strict=True)
        if tokens is not None
    ]


def rate(dollars: Decimal | None) -> int | None:
    """A price of a million tokens as a rate, rounded to its billionth of a dollar."""
    return None if dollars is None else round(dollars * A_DOLLAR)


def dollars(rate: int | None) -> float | None:
    """A rate as dollars per million tokens."""
    return None if rate is None else rate / A_DOLLAR
