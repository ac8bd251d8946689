"""Days played through, one arm and one seed each, in at most two processes."""

from __future__ import annotations

import multiprocessing
import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from ecoa.testing import virtual_time
from pipelines.simulation.faults import Mix
from pipelines.simulation.figures import Figures, figures
from pipelines.simulation.orchestrated import Setup
from pipelines.simulation.world import Day, Served, World, serve

PROCESSES = 2
KEEP_FINISHED = 1000  # runs that the store remembers
SLICE = 600.0  # seconds of the day in one point of its course


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """A day to play: with the naive chain, or with the orchestrated one set up like this."""

    seed: int
    setup: Setup | None  # None: naive
    duration: float = 86400.0
    mix: Mix = field(default_factory=Mix)
    course: bool = False  # how the day went, hour by hour, is wanted too


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A slice of the day."""

    at: float  # seconds of the day
    requests: int
    succeeded: int
    latency: float  # mean seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """How it went."""

    play: Play
    figures: Figures
    course: Sequence[Point] = ()
    outages: Sequence[tuple[float, float]] = ()  # of the primary provider, seconds of the day


def play(what: Play) -> Played:
    """Play a day, in virtual time."""
    with virtual_time() as clock:
        return clock.run(_play(what))


def play_all(plays: Sequence[Play], *, told: Callable[[Played], None] = lambda _: None) -> list[Played]:
    """Play them in as many processes as are allowed; tells each as it is done. In the order of the plays."""
    return list(_told(_played(plays), told))


def _played(plays: Sequence[Play]) -> Iterator[Played]:
    if len(plays) == 1:
        yield play(plays[0])
        return
    with ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(play, plays)


def _told(played: Iterator[Played], told: Callable[[Played], None]) -> Iterator[Played]:
    for one in played:
        told(one)
        yield one


async def _play(what: Play) -> Played:
    random.seed(f"waits {what.seed}")  # the jitter of retries
    world = World(Day(seed=what.seed, duration=what.duration, mix=what.mix))
    served = await (_naive(world) if what.setup is None else _orchestrated(world, what.setup))
    return Played(
        play=what,
        figures=figures(served, duplicates=world.orders.duplicates, calls=world.calls),
        course=_course(served) if what.course else (),
        outages=world.schedule.windows if what.course else (),
    )


async def _naive(world: World) -> list[Served]:
    from pipelines.simulation import naive

    return await serve(world, lambda request: naive.handle(world, request))


async def _orchestrated(world: World, setup: Setup) -> list[Served]:
    from ecoa.store import use
    from ecoa.store.memory import MemoryStore
    from pipelines.simulation import orchestrated

    with use(MemoryStore(keep_finished=KEEP_FINISHED)):
        return await serve(world, orchestrated.handler(orchestrated.pipeline(world, setup)))


def _course(served: Sequence[Served]) -> list[Point]:
    slices: dict[int, list[Served]] = {}
    for one in served:
        slices.setdefault(int(one.arrived // SLICE), []).append(one)
    return [
        Point(
            at=n * SLICE,
            requests=len(those),
            succeeded=sum(one.succeeded for one in those),
            latency=sum(one.took for one in those) / len(those),
        )
        for n, those in sorted(slices.items())
    ]
