"""What the workers run: check ▶ review of the costly ones ▶ charge (keyed) ▶ ship (guarded)."""

from __future__ import annotations

import logging
import os
from functools import cache
from typing import Any, TypedDict

import httpx

from ecoa.agent import agent
from ecoa.calling.context import CallContext
from ecoa.errors import AgentTimeout, Overloaded, TransientError
from ecoa.orchestrator import Pipeline, RetryPolicy

BANK = os.environ.get("CHAOS_BANK", "http://127.0.0.1:1")
LIMIT_CENTS = 9_000  # orders above it need a person
PATIENT = RetryPolicy(max_attempts=8, backoff_factor=2, initial=0.2, max_delay=3)
TIMEOUT_S = 3.0
logging.getLogger("httpx").setLevel(logging.WARNING)


class Order(TypedDict):
    """What a customer wants."""

    order: str
    cents: int


@agent(name="check")
async def check(order: Order) -> Order:
    """Everything is in stock."""
    return order


@agent(name="charge", effect="keyed", timeout=TIMEOUT_S, retry_policy=PATIENT)
async def charge(order: Order, *, ctx: CallContext) -> Order:
    """Take the money; the bank honours the key."""
    await _post("/charge", dict(order), key=ctx.idempotency_key)
    return order


@agent(name="ship", effect="guarded", timeout=TIMEOUT_S, retry_policy=PATIENT)
async def ship(order: Order) -> Order:
    """Hand it to a carrier that knows no keys."""
    await _post("/ship", {"order": order["order"]})
    return order


async def _post(path: str, body: dict[str, Any], *, key: str = "") -> None:
    try:
        answer = await _client().post(BANK + path, json=body, headers={"Idempotency-Key": key})
    except httpx.TimeoutException as cause:
        raise AgentTimeout(str(cause)) from cause
    except httpx.TransportError as cause:
        raise TransientError(str(cause) or "no answer") from cause
    if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        raise Overloaded("the bank is busy")
    answer.raise_for_status()


@cache
def _client() -> httpx.AsyncClient:
    """One for the process: making one takes longer than asking."""
    return httpx.AsyncClient(timeout=TIMEOUT_S, verify=False, limits=httpx.Limits(max_keepalive_connections=0))


orders = (
    Pipeline("chaos-orders", check)
    .review(when=lambda result: result.unwrap()["cents"] > LIMIT_CENTS)
    .then(charge, ship)
)
