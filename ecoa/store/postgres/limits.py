"""Breakers and limiters of the whole fleet. Whoever asks has an answer of their own when the database is away."""

from __future__ import annotations

from collections.abc import Mapping

from ecoa.store.base import BreakerRow
from ecoa.store.postgres.database import SHORT_S
from ecoa.store.postgres.named import named_sql
from ecoa.store.postgres.part import Part

SQL = named_sql(__file__)


class Limits(Part):
    """One statement each."""

    async def breaker(self, name: str) -> BreakerRow | None:
        """As everybody sees it; None when it never opened."""
        row = await self.db.row(SQL.breaker, await self._named(name), patience=SHORT_S)
        if row is None:
            return None
        name, state, opened_at_s, retry_in, wait, version = row
        return BreakerRow(
            name=name, state=state, opened_at_s=opened_at_s, retry_in=retry_in, wait=wait, version=version
        )

    async def trip(self, name: str, *, wait: float, reason: str) -> BreakerRow:
        """Open it for `wait` seconds; one that is open stays as it is."""
        opened = {**await self._named(name), "wait": wait, "reason": reason}
        await self.db.rows(SQL.trip, opened, patience=SHORT_S)
        row = await self.breaker(name)
        assert row
        return row

    async def probe(self, name: str, *, worker: str, lease: float) -> bool:
        """Take the one half-open probe, when its time has come."""
        asked = {**await self._named(name), "worker": worker, "lease": lease}
        return bool(await self.db.rows(SQL.probe, asked, patience=SHORT_S))

    async def close_breaker(self, name: str, *, by: str) -> None:
        """Let calls through again."""
        await self.db.rows(SQL.close, {**await self._named(name), "by": by}, patience=SHORT_S)

    async def reserve(self, name: str, *, limits: Mapping[str, float], amounts: Mapping[str, float]) -> float:
        """Take the amounts and return 0, or take nothing and return seconds to wait. Limits are a minute."""
        asked = {
            **await self._named(name),
            "dimensions": list(limits),
            "capacities": [float(limit) for limit in limits.values()],
            "amounts": [float(amounts.get(dimension, 0)) for dimension in limits],
        }
        if not limits:
            return 0.0
        while True:
            row = await self.db.row(SQL.reserve, asked, patience=SHORT_S)
            if row is not None and row[1] == len(limits):
                return float(row[0])
            await self.db.rows(SQL.fill, asked, patience=SHORT_S)

    async def adjust(self, name: str, *, amounts: Mapping[str, float]) -> None:
        """Correct what was taken by what was used (may be negative)."""
        values = [float(amount) for amount in amounts.values()]
        asked = {**await self._named(name), "dimensions": list(amounts), "amounts": values}
        await self.db.rows(SQL.adjust, asked, patience=SHORT_S)

    async def block(self, name: str, *, seconds: float) -> None:
        """Nobody takes anything for so long (Retry-After)."""
        await self.db.rows(SQL.block, {**await self._named(name), "seconds": seconds}, patience=SHORT_S)

    async def _named(self, name: str) -> dict[str, object]:
        return {"project": await self.db.project_id(), "name": name}
