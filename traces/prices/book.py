"""The price of every call: looked up once for a model and a day, then remembered.

Pure, but for genai-prices, which is loaded at the first question.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from traces.prices import builtin
from traces.prices.override import Override, override_for
from traces.prices.rates import cost
from traces.span import MODEL_KINDS, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from traces.prices.rates import Price
    from traces.span import Span

DAY_NS = 86_400 * 10**9
FIRST_DAY = date(1970, 1, 1)
LAST_DAY = (date.max - FIRST_DAY).days - 1
MOST_REMEMBERED = 20_000
# Where clients say which service tier a call had, then which they asked for: the first of these that is there.
TIER_KEYS = (
    "openai.response.service_tier",
    "gen_ai.openai.response.service_tier",
    "anthropic.response.service_tier",
    "gen_ai.response.service_tier",
    "openai.request.service_tier",
    "gen_ai.openai.request.service_tier",
    "gen_ai.request.service_tier",
)
TOLD = frozenset(TIER_KEYS)
NO_TIER = frozenset(("auto", "standard", "standard_only", "on_demand"))  # the list price
IS_MODEL = tuple(kind in MODEL_KINDS for kind in sorted(Kind))

type Asked = tuple[int, str | None, str, str | None, str | None, int]  # project, provider, models, tier, day
type Turns = list[tuple[int, Price]]  # from which nanosecond of the day on


class PriceBook:
    """The prices of all projects. One a worker's connection; not for several threads."""

    def __init__(self) -> None:
        self._overrides: dict[int, tuple[Override, ...]] = {}
        self._turns: dict[Asked, Turns | None] = {}

    def learn(self, overrides: Mapping[int, Iterable[Override]]) -> None:
        """These are now the own prices of these projects."""
        for project_id, rows in overrides.items():
            known = tuple(rows)
            if self._overrides.get(project_id, ()) != known:
                self._overrides[project_id] = known
                self._turns = {asked: turns for asked, turns in self._turns.items() if asked[0] != project_id}

    def price(
        self, project_id: int, *, provider: str | None, models: tuple[str, str | None], tier: str | None, start_ns: int
    ) -> Price | None:
        """The price of a model at a time: of what answered, else of what was asked for. None: there is none."""
        return self._price(project_id, provider, models[0], models[1], tier, start_ns)

    def apply(self, project_id: int, spans: Iterable[Span]) -> None:
        """Set what each model call cost, where there is a price; else what its sender said it cost stands."""
        for span in spans:
            span.cost = self.cost(project_id, span) if IS_MODEL[span.kind] else None
            if span.cost is None:
                span.cost = span.reported_cost

    def cost(self, project_id: int, span: Span) -> float | None:
        """What a model call cost by its price; None without one."""
        model, usage = span.model, span.usage
        if model is None or usage is None:
            return None
        tier = None if TOLD.isdisjoint(span.attributes) else service_tier(span.attributes)
        price = self._price(project_id, span.provider, model, span.request_model, tier, span.start_ns)
        return None if price is None else cost(price, usage)

    def _price(
        self, project_id: int, provider: str | None, model: str, request: str | None, tier: str | None, start_ns: int
    ) -> Price | None:
        day = start_ns // DAY_NS
        asked = (project_id, provider, model, request, tier, day)
        turns = self._turns[asked] if asked in self._turns else self._look_up(asked)
        if turns is None:
            return None
        if len(turns) == 1:
            return turns[0][1]
        into = start_ns - day * DAY_NS
        return next(price for begins, price in reversed(turns) if begins <= into)

    def _look_up(self, asked: Asked) -> Turns | None:
        if len(self._turns) >= MOST_REMEMBERED:
            self._turns.clear()
        turns = self._turns[asked] = self._found(asked)
        return turns

    def _found(self, asked: Asked) -> Turns | None:
        project_id, provider, model, request_model, tier, number = asked
        day = FIRST_DAY + timedelta(days=min(max(number, 0), LAST_DAY))
        names = [model] if request_model is None else [model, request_model]
        own = self._overrides.get(project_id, ())
        for name in names:
            if override := override_for(own, provider, name, day):
                return [(0, override.price())]
        begins = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return next((turns for name in names if (turns := builtin.segments(provider, name, tier, begins))), None)


def service_tier(attributes: Mapping[str, object]) -> str | None:
    """The service tier that a call's attributes tell, when it is another than the list price's."""
    for key in TIER_KEYS:
        if key in attributes:
            value = attributes[key]
            return tier_of(value) if isinstance(value, str) else None
    return None


def tier_of(value: str) -> str | None:
    """A tier's name as prices know it; None for the list price."""
    name = value.lower()
    return None if name in NO_TIER or len(name) > 40 else name
