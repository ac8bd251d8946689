"""What a log record says of a model call: its tokens, its cost, its model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from traces.dialects import TABLES
from traces.dialects.engine import Table
from traces.dialects.providers import settled
from traces.logs.events import as_span
from traces.logs.rules import FAMILIES, family_of
from traces.normalise import usage_of
from traces.span import Usage

if TYPE_CHECKING:
    from traces.dialects.engine import Claim, Dialect
    from traces.logs.record import Record

_OF_FAMILY = {family.prefix: Table(family.dialect, (family.dialect,)) for family in FAMILIES}


@dataclass(slots=True, kw_only=True)
class Facts:
    """Of one record; None is unknown."""

    session: str | None
    model: str | None
    provider: str | None
    response_key: int | None
    usage: Usage | None
    cost: float | None  # US dollars, as its sender said

    def tells(self) -> bool:
        """Whether it says tokens or cost."""
        return self.usage is not None or self.cost is not None


def facts(record: Record) -> Facts:
    """Never raises."""
    dialect, won = _won(record)
    held: dict[str, Any] = {name: claim[2] for name, claim in won.items()}
    model = held.get("model") or held.get("request_model")
    told = settled(held.get("provider"), held.get("server_address"), model) if model or "provider" in held else None
    return Facts(
        session=held.get("session"),
        model=model,
        provider=told,
        response_key=held.get("response_key"),
        usage=usage_of(held, dialect, []),
        cost=held.get("cost"),
    )


def _won(record: Record) -> tuple[Dialect | None, dict[str, Claim]]:
    family, _ = family_of(record.event, record.scope.name)
    if family is not None:
        won, _ = _OF_FAMILY[family.prefix].collect(record.raw_attributes)
        return family.dialect, won
    dialect, won, _ = TABLES.collect(as_span(record))
    return dialect, won
