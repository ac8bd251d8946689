"""Prices of a project's own: which one holds for a call. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from traces.prices.rates import Price, Rates, rate

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SOURCE = "override"


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A row of traces_price. Dollars per million tokens; what is None costs as input or as output does."""

    id: int
    provider: str  # empty: any
    model: str  # exact, or with a final * any that begins so
    input: Decimal
    cache_read: Decimal | None
    cache_write: Decimal | None
    output: Decimal
    reasoning: Decimal | None
    valid_from: date | None
    valid_until: date | None  # the first day without it

    def covers(self, provider: str | None, model: str, day: date) -> bool:
        """Whether it is a price of this model on this day."""
        return (
            (not self.provider or self.provider == (provider or "").lower())
            and (self.valid_from is None or self.valid_from <= day)
            and (self.valid_until is None or day < self.valid_until)
            and self._names(model.lower())
        )

    def price(self) -> Price:
        """It, as calls are priced."""
        into, out = rate(self.input), rate(self.output)
        return Price(
            rates=Rates(
                input=into,
                cache_read=into if self.cache_read is None else rate(self.cache_read),
                cache_write=into if self.cache_write is None else rate(self.cache_write),
                output=out,
                reasoning=out if self.reasoning is None else rate(self.reasoning),
            ),
            source=SOURCE,
            provider=self.provider,
            model=self.model,
            id=self.id,
            valid_from=self.valid_from.isoformat() if self.valid_from else None,
            valid_until=self.valid_until.isoformat() if self.valid_until else None,
        )

    def _names(self, model: str) -> bool:
        pattern = self.model.lower()
        return model.startswith(pattern[:-1]) if pattern.endswith("*") else model == pattern

    def rank(self) -> tuple[bool, int, bool, date, int]:
        """The greatest one holds: exact before prefix, long prefix before short, a named provider before any, then
        the one that began last, then the newest."""
        exact = not self.model.endswith("*")
        return exact, len(self.model), bool(self.provider), self.valid_from or date.min, self.id


def override_for(overrides: Iterable[Override], provider: str | None, model: str, day: date) -> Override | None:
    """The project's own price of a model on a day."""
    found: Sequence[Override] = [one for one in overrides if one.covers(provider, model, day)]
    return max(found, key=Override.rank, default=None)
