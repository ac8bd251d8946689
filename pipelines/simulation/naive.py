"""The chain that anybody would write: one call after the other, one timeout for all, and some callers try again."""

from __future__ import annotations

import asyncio
import json

from pipelines.simulation.world import World

TIMEOUT = 30.0  # seconds, of every call
REPLAYS = 0.35  # of callers whose request failed send it again


async def chain(world: World, request: int) -> None:
    """Four agents, one after the other."""
    for agent in ("classify", "extract", "check"):
        json.loads(await asyncio.wait_for(world.ask(request, agent), TIMEOUT))
    json.loads(await asyncio.wait_for(world.place_order(request, key=None), TIMEOUT))


async def handle(world: World, request: int) -> bool:
    """Whether the request succeeded."""
    for _ in range(2 if world.replays(request, share=REPLAYS) else 1):
        try:
            await chain(world, request)
        except Exception:  # noqa: S112  # that is what makes it naive
            continue
        return True
    return False
