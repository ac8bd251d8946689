"""What the prices page asks: own prices with the built-in ones beside them, what has none, and how far a job is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ecoa_web.db.named_sql import named_sql
from traces.prices import builtin
from traces.prices.own import override
from traces.prices.rates import Rates, dollars
from traces.queries.models import MODEL
from traces.queries.rows import fetch
from traces.queries.sums import NOTHING, Rollups, Sums
from traces.queries.window import Window

if TYPE_CHECKING:
    from traces.prices.override import Override

SQL = named_sql(__file__)
LOOK_BACK = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dollars:
    """What a million tokens of each bucket cost."""

    input: float | None
    cache_read: float | None
    cache_write: float | None
    output: float | None
    reasoning: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPrice:
    """A price of a project's own."""

    price: Override
    shown: Dollars
    ended: bool
    builtin: Dollars | None  # what genai-prices says today; None: nothing, or the row is for several models
    changed_by: str
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpriced:
    """A model without a price, as it was called."""

    model: str
    provider: str | None
    unpriced_calls: int
    input_tokens: int | None
    output_tokens: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Repricing:
    """A project's newest job of pricing stored calls again."""

    reason: str
    asked_by: str
    asked_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    traces: int
    done: int
    changed: int


def own_prices(project_id: int, *, now: datetime) -> list[OwnPrice]:
    """A project's own prices, those that have ended last."""
    found = []
    for *columns, changed_by, changed_at in fetch(SQL.own, project=project_id, today=now.date()):
        price = override(columns)
        found.append(
            OwnPrice(
                price=price,
                shown=of_rates(price.price().rates),
                ended=price.valid_until is not None and price.valid_until <= now.date(),
                builtin=builtin_price(price.provider, price.model, now=now),
                changed_by=changed_by,
                changed_at=changed_at,
            )
        )
    return found


def unpriced_models(project_id: int, *, now: datetime) -> list[Unpriced]:
    """Models that were called in the last 30 days and have no price, most such calls first."""
    window = Window.between(now - LOOK_BACK, now + timedelta(days=1))
    total: dict[str, Sums] = {}
    for (model, _), sums in Rollups.of(project_id, window=window, filter=None).sums(MODEL).items():
        total[model] = total.get(model, NOTHING) + sums
    rows = [_unpriced(*model.split("\x1f"), sums=sums) for model, sums in total.items() if sums.unpriced > 0]
    return sorted(rows, key=lambda row: (-row.unpriced_calls, row.model, row.provider or ""))


def builtin_price(provider: str | None, model: str, *, now: datetime) -> Dollars | None:
    """What genai-prices says of a model today."""
    if not model or model.endswith("*"):
        return None
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    turns = builtin.segments(provider or None, model, None, day)
    return of_rates(turns[-1][1].rates) if turns else None


def latest_repricing(project_id: int) -> Repricing | None:
    """How far the newest job is; None when there never was one."""
    found = fetch(SQL.latest_job, project=project_id)
    return Repricing(**dict(zip(Repricing.__slots__, found[0], strict=True))) if found else None


def of_rates(rates: Rates) -> Dollars:
    """Rates in dollars."""
    return Dollars(**{name: dollars(getattr(rates, name)) for name in Dollars.__slots__})


def _unpriced(model: str, provider: str, *, sums: Sums) -> Unpriced:
    return Unpriced(
        model=model,
        provider=provider or None,
        unpriced_calls=sums.unpriced,
        input_tokens=sums.input_tokens,
        output_tokens=sums.output_tokens,
    )
