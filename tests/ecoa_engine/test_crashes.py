"""Whatever the graph and wherever its worker dies, the outcome is the same and no effect happens twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecoa.agent import Agent
from ecoa.calling.context import CallContext
from ecoa.engine import Engine
from ecoa.engine.ids import uuid7
from ecoa.engine.plan import enter, locate
from ecoa.orchestrator import Pipeline
from ecoa.store.base import TERMINAL, Finish, Finished, NewRun
from ecoa.store.memory import MemoryStore
from tests.ecoa_engine.cast import double, inc

MOST_CRASHES = 2  # of one node: the third takeover holds it


@dataclass
class World:
    """A remote that honours keys, and its own books."""

    acts: Counter[str] = field(default_factory=Counter)  # by key
    answers: dict[str, int] = field(default_factory=dict)

    async def act(self, x: int, *, ctx: CallContext) -> int:
        """Act once a key; the same key gets the same answer."""
        key = ctx.idempotency_key
        if key not in self.answers:
            self.acts[key] += 1
            self.answers[key] = (x + 7) % 1000
        return self.answers[key]


class Died(BaseException):
    """The worker is gone: nothing after this line ran."""


class MortalStore(MemoryStore):
    """Kills whoever writes at the moments it was told: before the write, or after it."""

    def __init__(self, deaths: dict[int, str]) -> None:
        super().__init__()
        self.deaths = deaths
        self.writes = 0

    async def finish(self, turn: Finish, *, worker: str) -> Finished:
        """Or die."""
        self.writes += 1
        when = self.deaths.get(self.writes)
        if when == "before" and self._may_die(worker):
            raise Died
        finished = await super().finish(turn, worker=worker)
        if when == "after" and self._may_die(worker):
            raise Died
        return finished

    def _may_die(self, worker: str) -> bool:
        """One more death and what it holds would be poison."""
        held = self.workers.get(worker, ())
        return all(self.runs[run].nodes[path].takeovers < MOST_CRASHES for run, path in held)


total = Agent[Any, Any]("total", lambda xs: sum(xs) % 1000)


def _fan(branches: list[Callable[[World], Any]]) -> Callable[[World], Any]:
    return lambda world: Pipeline([]).parallel(*(branch(world) for branch in branches), join=total)


async def _third(x: int, *, ctx: CallContext) -> int:
    """Negative in the third round: every loop ends."""
    return -1 if ctx.path.rpartition("@")[2].startswith("3.") else x


def _rounds(body: Callable[[World], Any]) -> Callable[[World], Any]:
    return lambda world: Pipeline([]).loop(Pipeline([body(world), third]), until=lambda x: x < 0)


third = Agent[Any, Any]("third", _third)


def _graphs() -> st.SearchStrategy[Callable[[World], Any]]:
    """Steps by what they are made of, so that every play has agents of its own."""
    leaves: list[Callable[[World], Any]] = [
        lambda world: inc,
        lambda world: double,
        lambda world: Agent("act", world.act, effect="keyed"),
    ]
    steps = st.sampled_from(leaves)

    def inner(step: st.SearchStrategy[Callable[[World], Any]]) -> st.SearchStrategy[Callable[[World], Any]]:
        chain = st.lists(step, min_size=1, max_size=3).map(
            lambda made: lambda world: Pipeline([one(world) for one in made])
        )
        fan = st.lists(chain, min_size=1, max_size=3).map(_fan)
        each = st.tuples(chain, st.integers(1, 3)).map(
            lambda made: (
                lambda world: Pipeline([]).each(lambda x: range(x % 5), made[0](world), limit=made[1]).then(total)
            )
        )
        when = st.tuples(chain, chain).map(
            lambda made: lambda world: Pipeline([]).when(lambda x: x % 2, made[0](world), made[1](world))
        )
        alone = chain.map(lambda made: lambda world: Pipeline([]).when(lambda x: x % 2, made(world)))
        loop = chain.map(_rounds)
        sub = chain.map(lambda made: lambda world: Pipeline("sub", made(world)))
        return st.one_of(chain, fan, each, when, alone, loop, sub)

    return st.recursive(steps, inner, max_leaves=8)


async def play(build: Callable[[World], Any], deaths: dict[int, str]) -> tuple[Any, World, MortalStore]:
    """Run the graph to its end, with a new worker whenever one dies."""
    world, store = World(), MortalStore(deaths)
    pipeline = Pipeline("random", build(world)).ready()
    run = NewRun(
        id="018f0000-0000-7000-8000-000000000001",
        pipeline=pipeline.name,
        definition_hash=pipeline.definition_hash,
        input="3",
        trace_id=uuid7().replace("-", ""),
        first=enter(pipeline.chain, 0, "", "3", "ready"),
    )
    await store.start(run, worker=None)
    for n in range(10_000):
        engine = Engine(store, worker=f"w{n}", pipelines=[pipeline.name])
        await store.enroll(engine.worker, host="here", pid=n, pipelines=engine.pipelines(), slots=1)
        try:
            await _work(engine, store, run.id)
        except Died:
            store.lose(engine.worker)
            await store.reap(lease=1e9)
            continue
        row = await store.run(run.id)
        return (row.status, row.result, row.error), world, store
    raise AssertionError("it never ends")


async def _work(engine: Engine, store: MortalStore, run_id: str) -> None:
    while (await store.run(run_id)).status not in TERMINAL:
        leases = await store.claim(engine.worker, pipelines=engine.pipelines(), queues=["default"], limit=3)
        assert leases, "a run that is not over has something to do"
        while leases:
            leases = [*leases[1:], *await engine.turn(leases[0])]


@pytest.mark.slow  # a hundred graphs, each played twice
@settings(max_examples=100, deadline=None)
@given(
    _graphs(),
    st.dictionaries(st.integers(1, 60), st.sampled_from(["before", "after"]), max_size=8),
)
def test_crashes_change_nothing(build: Callable[[World], Any], deaths: dict[int, str]) -> None:
    """The same result, the same nodes, and every effect once, as without them."""
    calm, quiet, smooth = asyncio.run(play(build, {}))
    shaken, world, store = asyncio.run(play(build, deaths))

    assert calm[0] == "success" and shaken == calm
    assert world.acts == quiet.acts and set(world.acts.values()) <= {1}
    assert _shape(store) == _shape(smooth)


@settings(max_examples=60, deadline=None)
@given(_graphs())
def test_every_path_leads_back(build: Callable[[World], Any]) -> None:
    """What a path names is found in the graph alone."""
    _, _, store = asyncio.run(play(build, {}))
    (run,) = store.runs.values()
    pipeline = Pipeline("random", build(World())).ready()

    for path, node in run.nodes.items():
        place = locate(pipeline.chain, path)
        assert path.startswith(place.path)
        assert place.role != "node" or node.kind == place.node.kind


def _shape(store: MortalStore) -> dict[str, tuple[str, str | None]]:
    (run,) = store.runs.values()
    return {path: (node.status, node.output) for path, node in run.nodes.items()}
