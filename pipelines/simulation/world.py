"""The world both arms work in: two model providers, an order database that counts for itself, a stream of requests."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from ecoa import clock
from ecoa.errors import Overloaded
from pipelines.simulation.faults import PRIMARY, Mix, Schedule, arrivals, chance, fate

AGENTS = ("classify", "extract", "check", "place_order")
SILENCE = 3600.0  # seconds that a provider which hangs keeps a connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What is simulated."""

    seed: int
    duration: float = 86400.0  # seconds
    rate: float = 0.35  # requests a second
    mix: Mix = field(default_factory=Mix)


@dataclass(frozen=True, slots=True)
class Served:
    """One request and what came of it."""

    arrived: float  # second of the day
    took: float  # seconds until its caller knew
    succeeded: bool


class OrderDatabase:
    """Where orders are placed. With a key, an order that is there is answered again; without, it is placed again."""

    def __init__(self) -> None:
        self.placed: Counter[int] = Counter()
        self._by_key: dict[str, str] = {}

    def place(self, request: int, *, key: str | None) -> str:
        """The number of the order."""
        if key is not None and key in self._by_key:
            return self._by_key[key]
        self.placed[request] += 1
        number = f"order-{request}-{self.placed[request]}"
        if key is not None:
            self._by_key[key] = number
        return number

    @property
    def duplicates(self) -> int:
        """Requests whose order stands in the books more than once."""
        return sum(1 for times in self.placed.values() if times > 1)


class World:
    """One day of it."""

    def __init__(self, day: Day) -> None:
        self.day = day
        self.schedule = Schedule(day.mix, seed=day.seed, duration=day.duration)
        self.orders = OrderDatabase()
        self.calls = 0
        self._attempts: Counter[tuple[int, str, str]] = Counter()
        self._began = clock.monotonic()

    @property
    def second(self) -> float:
        """The second of the day."""
        return clock.monotonic() - self._began

    async def ask(self, request: int, agent: str, *, provider: str = PRIMARY) -> str:
        """A model's answer, which may be an error, junk or nothing for an hour."""
        answer, _ = await self._answer(request, agent, provider)
        return answer

    async def place_order(self, request: int, *, key: str | None, provider: str = PRIMARY) -> str:
        """Have the model place the order: it stands in the books even if the answer is lost."""
        answer, lost = await self._answer(request, "place_order", provider)
        if answer != JUNK:
            self.orders.place(request, key=key)
            if lost:
                await asyncio.sleep(SILENCE)
        return answer

    async def _answer(self, request: int, agent: str, provider: str) -> tuple[str, bool]:
        mix, seed = self.day.mix, self.day.seed
        self.calls += 1
        nth = self._attempts[request, agent, provider] = self._attempts[request, agent, provider] + 1
        if agent == AGENTS[0] and chance(mix.invalid, seed, "invalid", request):
            await asyncio.sleep(mix.refusal)
            raise ValueError("no such product")  # a 4xx: the request itself is wrong
        outage = self.schedule.outage(provider, self.second)
        drawn = fate(mix, seed, request, agent, nth, provider)
        if outage == "hanging" or (outage is None and drawn.fault == "hang"):
            await asyncio.sleep(SILENCE)
        if outage is not None or drawn.fault in ("error", "hang"):
            await asyncio.sleep(mix.refusal)
            raise Overloaded(f"{provider} answers 503")
        await asyncio.sleep(drawn.latency)
        return (JUNK if drawn.fault == "malformed" else '{"ok": true}'), drawn.lost

    def replays(self, request: int, *, share: float) -> bool:
        """Whether the caller of this request tries again after a failure."""
        return chance(share, self.day.seed, "replay", request)


JUNK = '{"ok": tr'


async def serve(world: World, handle: Callable[[int], Awaitable[bool]]) -> list[Served]:
    """Let a day's requests arrive and be handled side by side; `handle` tells whether one succeeded."""
    served: list[Served] = []

    async def one(request: int, arrived: float) -> None:
        began = clock.monotonic()
        succeeded = await handle(request)
        served.append(Served(arrived, clock.monotonic() - began, succeeded))

    async with asyncio.TaskGroup() as tasks:
        for request, at in enumerate(arrivals(world.day.rate, seed=world.day.seed, duration=world.day.duration)):
            await asyncio.sleep(max(0.0, at - world.second))
            tasks.create_task(one(request, at))
    return served
