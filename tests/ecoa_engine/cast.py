"""Agents of these tests, and a shop that remembers what was done to it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from ecoa.agent import Agent
from ecoa.calling.context import CallContext


async def _inc(x: int) -> int:
    return x + 1


async def _double(x: int) -> int:
    return 2 * x


async def _total(xs: list[int]) -> int:
    return sum(xs)


async def _forever(x: Any) -> Any:
    await asyncio.sleep(1e9)


async def _fail(x: Any) -> Any:
    raise ValueError(f"no to {x}")


inc = Agent("inc", _inc)
double = Agent("double", _double)
total = Agent("total", _total)
forever = Agent("forever", _forever)
fail = Agent("fail", _fail)


@dataclass
class Shop:
    """Somebody else's server: it honours idempotency keys, and its own books tell what was done."""

    shipped: dict[str, Any] = field(default_factory=dict)  # by key
    calls: int = 0

    async def ship(self, order: Any, *, ctx: CallContext) -> str:
        """Ship once a key."""
        self.calls += 1
        if ctx.idempotency_key not in self.shipped:
            self.shipped[ctx.idempotency_key] = order
        return f"shipped {order}"

    def agent(self, **options: Any) -> Agent[Any, str]:
        """What ships there."""
        return Agent("ship", self.ship, **{"effect": "keyed", **options})
