"""What a window's tokens and cost are the sum of: by model and bucket, with the prices of its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from traces.prices.rates import BUCKETS, dollars
from traces.queries.models import model_figures
from traces.queries.pricing import PriceRow, book_of, price_row

if TYPE_CHECKING:
    from traces.filters import Filter
    from traces.prices.rates import Price
    from traces.queries.models import ModelRow
    from traces.queries.window import Window

MOST_MODELS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SpentBucket:
    """Tokens of one bucket, and what they would cost at today's price."""

    bucket: str
    tokens: int
    usd_per_mtok: float | None
    cost_usd: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """The counted calls of one model."""

    row: ModelRow
    buckets: list[SpentBucket]
    price: PriceRow | None  # at the end of the window, without service tier
    at_price_usd: float | None  # all tokens at that price
    differs: bool  # the calls' own days, tiers and sizes gave other prices


def spending(project_id: int, *, window: Window, filter: Filter | None) -> list[Spent]:
    """What was spent on each model, most first."""
    book = book_of(project_id)
    found = []
    for row in model_figures(project_id, window=window, filter=filter, limit=MOST_MODELS):
        price = book.price(
            project_id, provider=row.provider, models=(row.model, None), tier=None, start_ns=window.end_ns - 1
        )
        found.append(_spent(row, price))
    return sorted(found, key=lambda one: (-(one.row.cost_usd or 0), -one.row.calls, one.row.model))


def _spent(row: ModelRow, price: Price | None) -> Spent:
    buckets = [_bucket(name, tokens, price) for name, tokens in _tokens(row).items() if tokens]
    priced = [bucket.cost_usd for bucket in buckets if bucket.cost_usd is not None]
    at_price = sum(priced) if priced else None
    return Spent(
        row=row,
        buckets=buckets,
        price=price_row(price) if price else None,
        at_price_usd=at_price,
        differs=at_price is not None
        and row.cost_usd is not None
        and abs(at_price - row.cost_usd) > 1e-9 + row.cost_usd / 1000,
    )


def _tokens(row: ModelRow) -> dict[str, int]:
    read, written, reasoning = row.cache_read_tokens or 0, row.cache_write_tokens or 0, row.reasoning_tokens or 0
    counts = (
        (row.input_tokens or 0) - read - written,
        read,
        written,
        (row.output_tokens or 0) - reasoning,
        reasoning,
    )
    return dict(zip(BUCKETS, counts, strict=True))


def _bucket(name: str, tokens: int, price: Price | None) -> SpentBucket:
    rate = getattr(price.rates, name) if price else None
    per_million = dollars(rate)
    cost = None if per_million is None else tokens * per_million / 1e6
    return SpentBucket(bucket=name, tokens=tokens, usd_per_mtok=per_million, cost_usd=cost)
