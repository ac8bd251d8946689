"""The same chain on ecoa as it is shipped: agents, retries, a breaker, a second provider, a key, a durable pipeline."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from ecoa.agent import Agent
from ecoa.errors import MalformedOutput
from ecoa.orchestrator import CircuitBreaker, Pipeline, RetryPolicy
from pipelines.simulation.faults import PRIMARY, SECONDARY
from pipelines.simulation.world import AGENTS, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What the chain is given; the ablation takes one thing away at a time."""

    retries: bool = True
    breaker: bool = True
    fallback: bool = True
    keyed: bool = True
    timeouts: tuple[float, ...] = (2.0, 2.0, 2.0, 3.0)  # seconds, of the agents in order


ABLATION = {
    "all of it": Setup(),
    "no fallback": Setup(fallback=False),
    "no breaker": Setup(breaker=False),
    "no idempotency": Setup(keyed=False),
    "no retries": Setup(retries=False),
    "30 s timeouts": Setup(timeouts=(30.0,) * 4),
}


def pipeline(world: World, setup: Setup) -> Pipeline[int, int]:
    """classify → extract → check → place_order."""
    retry = RetryPolicy(max_attempts=5, backoff_factor=2) if setup.retries else None
    breaker = CircuitBreaker(failure_threshold=3, recovery_timeout=60, failure_rate=0.5) if setup.breaker else None
    steps = [
        _agent(world, name, timeout, setup=setup, retry=retry, breaker=breaker)
        for name, timeout in zip(AGENTS, setup.timeouts, strict=True)
    ]
    return Pipeline("simulated orders", *steps)


def handler(flow: Pipeline[int, int]) -> Callable[[int], Awaitable[bool]]:
    """Runs a request through the pipeline; tells whether it succeeded."""

    async def handle(request: int) -> bool:
        return bool(await flow.run(request))

    return handle


def _agent(
    world: World,
    name: str,
    timeout: float,
    *,
    setup: Setup,
    retry: RetryPolicy | None,
    breaker: CircuitBreaker | None,
) -> Agent[int, int]:
    effect: Any = "keyed" if name == "place_order" and setup.keyed else "none"
    ask = _placing if name == "place_order" else _asking
    second = Agent(
        f"{name}_second",
        ask(world, name, SECONDARY, keyed=setup.keyed),
        timeout=timeout,
        retry_policy=retry,
        effect=effect,
    )
    return Agent(
        name,
        ask(world, name, PRIMARY, keyed=setup.keyed),
        timeout=timeout,
        retry_policy=retry,
        breaker=breaker,
        effect=effect,
        fallback=second if setup.fallback else None,
    )


def _asking(world: World, name: str, provider: str, *, keyed: bool) -> Callable[..., Awaitable[int]]:
    async def ask(request: int) -> int:
        _read(await world.ask(request, name, provider=provider))
        return request

    return ask


def _placing(world: World, name: str, provider: str, *, keyed: bool) -> Callable[..., Awaitable[int]]:
    async def place(request: int, *, ctx: Any) -> int:
        key = ctx.idempotency_key if keyed else None
        _read(await world.place_order(request, key=key, provider=provider))
        return request

    return place


def _read(answer: str) -> None:
    try:
        json.loads(answer)
    except ValueError as error:
        raise MalformedOutput(str(error)) from error
