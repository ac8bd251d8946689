"""One play of the test: start, wait until all are paused, race under kills, let every run end, judge."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import chain
from random import Random
from statistics import quantiles
from typing import Any, Literal

import httpx

from bench.racing.cast import Cast, cast_of
from bench.racing.kills import Kills
from bench.racing.people import Choice, Decider, Person, Robot, Said
from bench.racing.refunds import LEDGER, PIPELINE, Ledger
from bench.racing.verdict import SQL, verdict
from bench.stack import KEY, Stack, running_stack, stack_environment
from tests.platform.running import PATIENCE_S, temporary_folder

PEOPLE = 3  # and as many keys; five of the six decide a review, each twice
DECISIONS: tuple[Literal["approve", "edit", "reject"], ...] = ("approve", "edit", "reject", "approve", "edit")
LOOK_S = 0.05
MODULE = "bench.racing.refunds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was done, what came of it."""

    seconds: float  # from the first race until the last run had ended
    answers: Sequence[float] = field(repr=False)  # seconds of every decision's answer
    counts: Counter[str]
    broken: list[str]

    def report(self) -> str:
        """As a table of counts."""
        cuts = quantiles(self.answers, n=100)
        lines = [
            f"{self.seconds:.1f} s; answers to decisions p50 {1000 * cuts[49]:.0f} ms, p99 {1000 * cuts[98]:.0f} ms",
            *(f"  {count:>6,}  {what}" for what, count in sorted(self.counts.items())),
            f"Promises broken: {len(self.broken)}",
            *(f"  {sentence}" for sentence in self.broken[:50]),
        ]
        return "\n".join(lines)


def play(*, reviews: int, seconds: float, kills: int, seed: int) -> Outcome:
    """All of it, on a stack of its own."""
    with temporary_folder() as folder:
        ledger = Ledger(folder / "ledger.sqlite")
        ledger.make()
        environment = stack_environment(folder / "data", ECOA_PIPELINES=MODULE, **{LEDGER: str(ledger.path)})
        with running_stack(environment) as stack:
            cast = cast_of(stack, PEOPLE)
            asked = asyncio.run(_begin(stack, reviews))
            begun = time.monotonic()
            with Kills(stack, most=kills, seed=seed) as killed:
                said = asyncio.run(_race(stack, cast, asked, seconds=seconds, seed=seed))
                _wait_ended(stack)
            took = time.monotonic() - begun
            found = verdict(stack, ledger, said, reviews=reviews)
    found.counts["workers killed with -9 amid payments"] = killed.done
    found.must(killed.done > 0, "no worker was killed")
    return Outcome(seconds=took, answers=[one.seconds for one in said], counts=found.counts, broken=found.broken)


async def _begin(stack: Stack, count: int) -> dict[str, dict[str, Any]]:
    """Start runs, wait until all are paused; what each review is about."""
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(base_url=stack.web, headers=headers, timeout=PATIENCE_S, verify=False) as client:
        for number in range(count):
            refund = {"refund": f"R-{number:03}", "cents": 10_000 + number}
            (await client.post("/api/v1/runs", json={"pipeline": PIPELINE, "input": refund})).raise_for_status()
    deadline = time.monotonic() + PATIENCE_S
    while len(found := stack.get("/api/v1/reviews", pipeline=PIPELINE, limit=count)["results"]) < count:
        assert time.monotonic() < deadline, f"{len(found)} of {count} runs paused"
        await asyncio.sleep(LOOK_S)
    return {row["id"]: stack.get(f"/api/v1/reviews/{row['id']}")["payload"] for row in found}


async def _race(stack: Stack, cast: Cast, asked: dict[str, dict[str, Any]], *, seconds: float, seed: int) -> list[Said]:
    """A race for every review, begun one after the other over the time."""
    random = Random(seed)
    async with _deciders(stack, cast) as (robots, people):
        races = []
        for number, (review, refund) in enumerate(asked.items()):
            few, many = (robots, people) if number % 2 else (people, robots)
            field = [*many, *few[:-1]]
            races.append(asyncio.create_task(_race_for(review, refund, random.sample(field, len(field)), number)))
            await asyncio.sleep(seconds / len(asked))
        return list(chain.from_iterable(await asyncio.gather(*races)))


async def _race_for(review: str, refund: dict[str, Any], field: Sequence[Decider], number: int) -> list[Said]:
    """Everybody at the same moment, each with an opinion of their own."""
    start = asyncio.Barrier(len(field))
    choices = [_choice(refund, number=number, at=at) for at in range(len(field))]
    told = await asyncio.gather(
        *(one.decide_twice(review, choice, start) for one, choice in zip(field, choices, strict=True))
    )
    return list(chain.from_iterable(told))


def _choice(refund: dict[str, Any], *, number: int, at: int) -> Choice:
    decision = DECISIONS[(number + at) % len(DECISIONS)]
    goes_on = {**refund, "cents": 100 * refund["cents"] + at} if decision == "edit" else refund
    return Choice(decision=decision, refund=goes_on)


@asynccontextmanager
async def _deciders(stack: Stack, cast: Cast) -> AsyncIterator[tuple[list[Robot], list[Person]]]:
    """Everybody, people signed in."""
    robots = [Robot(stack.web, name, key=key) for name, key in cast.keys.items()]
    people = [Person(stack.web, name) for name in cast.people]
    async with AsyncExitStack() as closing:
        for one in [*robots, *people]:
            await closing.enter_async_context(one.client)
        for person in people:
            await person.sign_in()
        yield robots, people


def _wait_ended(stack: Stack) -> None:
    """Until no run goes on."""
    deadline = time.monotonic() + PATIENCE_S
    with stack.database() as session:
        while (session.execute(SQL.unfinished).fetchone() or (0,))[0]:
            assert time.monotonic() < deadline, "runs do not end"
            time.sleep(LOOK_S)
