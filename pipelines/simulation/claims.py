"""Three more claims, each with the condition under which it holds; the shipped policies, in virtual time."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from statistics import NormalDist, quantiles
from typing import Any

from ecoa import clock
from ecoa.agent import Agent
from ecoa.errors import Overloaded
from ecoa.resilience import CircuitBreaker, RetryPolicy
from ecoa.testing import virtual_time

SLOTS = 64  # requests at a time
OFFERED = 60.0  # requests a second at the peak
PEAK = 600.0  # seconds of it
BROWN_OUTS = (0.1, 0.2, 0.3, 0.4)  # of the peak
CLIENTS = ((200, 10), (1000, 20))  # how many, and calls that the server takes each WINDOW
WINDOW = 0.1  # seconds
CALLS = 12  # at most, of each client
MEDIANS = (0.15, 0.45, 1.1, 0.8)  # seconds, of four agents
SIGMA = 0.45
HISTORY = 10_000  # calls of an agent that its timeout is learned from, and as many that it is tried on
_STANDARD = NormalDist()


@dataclass(frozen=True, slots=True, kw_only=True)
class Throughput:
    """Requests finished a second at the peak, while the provider hangs for a share of it."""

    share: float
    without: float
    with_breaker: float

    @property
    def gain(self) -> float:
        """Percent."""
        return 100 * (self.with_breaker / self.without - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """Clients that all call at once and try again until a server with little room has served them."""

    clients: int
    room: int  # calls each 100 ms
    jitter: str
    calls: int
    served: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Percent of calls that meet their timeout."""

    one_for_all: float  # 1 s
    learned: float  # 1.5 x p99.9 of each agent's own history
    seconds: Sequence[float]  # those


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What came of them."""

    throughput: Sequence[Throughput]
    storms: Sequence[Storm]
    timeouts: Timeouts


def claims(pool: Executor, *, seed: int, peak: float = PEAK, history: int = HISTORY) -> Claims:
    """Measure all three; `pool` runs the parts side by side."""
    without = [pool.submit(peak_throughput, share, breaker=False, seed=seed, peak=peak) for share in BROWN_OUTS]
    guarded = [pool.submit(peak_throughput, share, breaker=True, seed=seed, peak=peak) for share in BROWN_OUTS]
    storms = [
        pool.submit(storm, *clients, jitter=jitter, seed=seed) for clients in CLIENTS for jitter in ("none", "full")
    ]
    learned = pool.submit(timeouts, seed=seed, history=history)
    return Claims(
        throughput=[
            Throughput(share=share, without=plain.result(), with_breaker=better.result())
            for share, plain, better in zip(BROWN_OUTS, without, guarded, strict=True)
        ],
        storms=[one.result() for one in storms],
        timeouts=learned.result(),
    )


def peak_throughput(share: float, *, breaker: bool, seed: int, peak: float = PEAK) -> float:
    """Requests finished a second: four calls each, 2 s timeout, then the second provider."""
    with virtual_time() as now:
        return now.run(_peak(share, breaker=breaker, seed=seed, peak=peak))


def storm(clients: int, room: int, *, jitter: Any, seed: int) -> Storm:
    """All clients call at second 0; each makes at most 12 calls."""
    with virtual_time() as now:
        return now.run(_storm(clients, room, jitter=jitter, seed=seed))


def timeouts(*, seed: int, history: int = HISTORY) -> Timeouts:
    """The share of calls over a global timeout of 1 s, and over each agent's own."""
    with virtual_time() as now:
        return now.run(_timeouts(seed=seed, history=history))


async def _peak(share: float, *, breaker: bool, seed: int, peak: float) -> float:
    draw = random.Random(f"peak {seed}")  # noqa: S311  # a simulation
    began = clock.monotonic()
    out = (peak * 0.3, peak * (0.3 + share))

    async def first(_: None) -> None:
        latency = _latency(draw, 0.22)
        if out[0] <= clock.monotonic() - began < out[1]:
            latency = 3600.0
        await asyncio.sleep(latency)

    async def second(_: None) -> None:
        await asyncio.sleep(_latency(draw, 0.22 * 1.3))

    guard = (
        CircuitBreaker(failure_threshold=3, recovery_timeout=60, failure_rate=0.5, shared=False) if breaker else None
    )
    fallback: Agent[None, None] = Agent("second", second)
    step: Agent[None, None] = Agent("first", first, timeout=2, breaker=guard, fallback=fallback)
    finished = 0
    waiting = iter(range(int(peak * OFFERED)))

    async def slot() -> None:
        nonlocal finished
        for request in waiting:
            await asyncio.sleep(max(0.0, request / OFFERED - (clock.monotonic() - began)))
            for _ in range(4):
                await step.run(None)
            if clock.monotonic() - began > peak:
                return
            finished += 1

    await asyncio.gather(*(slot() for _ in range(SLOTS)))
    return finished / peak


async def _storm(clients: int, room: int, *, jitter: Any, seed: int) -> Storm:
    random.seed(f"storm {seed}")
    taken: dict[int, int] = {}
    calls = 0

    async def ask(_: None) -> None:
        nonlocal calls
        calls += 1
        window = int(clock.monotonic() / WINDOW)
        taken[window] = taken.get(window, 0) + 1
        if taken[window] > room:
            raise Overloaded

    client: Agent[None, None] = Agent(
        "client", ask, retry_policy=RetryPolicy(max_attempts=CALLS, backoff_factor=2, jitter=jitter)
    )
    results = await asyncio.gather(*(client.run(None) for _ in range(clients)))
    return Storm(clients=clients, room=room, jitter=jitter, calls=calls, served=sum(map(bool, results)))


async def _timeouts(*, seed: int, history: int) -> Timeouts:
    past, new = (random.Random(f"{part} {seed}") for part in ("past", "new"))  # noqa: S311  # a simulation
    own = [1.5 * quantiles((_latency(past, median) for _ in range(history)), n=1000)[-1] for median in MEDIANS]
    everybody = [await _timed_out(new, median, 1.0, history) for median in MEDIANS]
    each = [await _timed_out(new, median, limit, history) for median, limit in zip(MEDIANS, own, strict=True)]
    total = history * len(MEDIANS)
    return Timeouts(one_for_all=100 * sum(everybody) / total, learned=100 * sum(each) / total, seconds=own)


async def _timed_out(draw: random.Random, median: float, limit: float, calls: int) -> int:
    async def answer(_: None) -> None:
        await asyncio.sleep(_latency(draw, median))

    agent: Agent[None, None] = Agent("agent", answer, timeout=limit)
    results = await asyncio.gather(*(agent.run(None) for _ in range(calls)))
    return sum(result.status == "timeout" for result in results)


def _latency(draw: random.Random, median: float) -> float:
    return median * math.exp(SIGMA * _STANDARD.inv_cdf(max(draw.random(), 1e-12)))
