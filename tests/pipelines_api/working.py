"""A worker for tests: claims and runs what is ready until nothing is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ecoa.agent import agent
from ecoa.engine.engine import Engine
from ecoa.orchestrator import Pipeline
from ecoa.store import django_dsn
from ecoa.store.postgres import PostgresStore

if TYPE_CHECKING:
    from ecoa_web.accounts.models import Project

shipped: list[str] = []


@agent
async def price(sku: str) -> int:
    return len(sku)


@agent(effect="keyed")
async def ship(amount: int) -> str:
    if amount == 13:
        raise ValueError("unlucky")
    shipped.append(f"{amount}")
    return f"shipped {amount}"


pay: Pipeline[Any, Any] = Pipeline("api-pay", price).review(by="reviewers").then(ship)
direct: Pipeline[Any, Any] = Pipeline("api-direct", price, ship)
gated: Pipeline[Any, Any] = Pipeline("api-gated", price).wait_for("paid").then(ship)


def work(project: Project) -> int:
    """Do everything that is ready; how many turns."""
    return asyncio.run(_work(project.slug))


async def _work(slug: str) -> int:
    store = PostgresStore(django_dsn() or "", project=slug)
    engine = Engine(store, worker="tests")
    turns = 0
    try:
        await store.enroll("tests", host="here", pid=1, pipelines=engine.pipelines(), slots=1)
        while leases := await store.claim("tests", pipelines=engine.pipelines(), queues=["default"], limit=10):
            while leases:
                leases += await engine.turn(leases.pop())
                turns += 1
        await store.leave("tests")
    finally:
        await store.close()
    return turns
