"""Workers that die, freeze or are doubled: the run goes on, and what it does to the world happens once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from ecoa.agent import Agent
from ecoa.errors import Overloaded
from ecoa.graph.pipeline import Pipeline
from ecoa.resilience import RetryPolicy
from ecoa.testing import PipelineHarness


@pytest.fixture
def harness() -> Iterator[PipelineHarness]:
    """A harness on a store in memory."""
    with PipelineHarness() as made:
        yield made


def order(harness: PipelineHarness, **review: Any) -> Pipeline[int, str]:
    """price → (review) → charge → mail, told apart by what the remote counts."""

    async def price(amount: int) -> int:
        return amount * 2

    async def charge(amount: int, *, ctx: Any) -> str:
        return harness.remote.do("charge", key=ctx.idempotency_key)

    async def mail(receipt: str) -> str:
        return f"mailed {receipt}"

    flow: Pipeline[int, str] = Pipeline("harnessed order", Agent("price", price))
    if review:
        flow = flow.review(**review)
    return flow.then(Agent("charge", charge, effect="keyed"), Agent("mail", mail))


@pytest.mark.parametrize("path", ["price", "charge", "mail"])
@pytest.mark.parametrize("moment", ["", ":after"])
async def test_a_crash_anywhere_loses_nothing_and_doubles_nothing(
    harness: PipelineHarness, path: str, moment: str
) -> None:
    """Whether the worker dies before or after the node's code, another one ends the run."""
    trial = await harness.run(order(harness), 5, crash_at=path + moment)

    assert trial.result.data == "mailed charge-1"
    assert len(trial.of("takeover")) == 1
    harness.assert_once("charge")


@pytest.mark.parametrize("path", ["price", "charge", "mail"])
async def test_a_worker_that_freezes_and_wakes_writes_nothing(harness: PipelineHarness, path: str) -> None:
    """Its node was taken over meanwhile: its own answer comes too late and is dropped."""
    trial = await harness.run(order(harness), 5, freeze_at=path)

    assert trial.result.data == "mailed charge-1"
    harness.assert_once("charge")


@pytest.mark.parametrize("path", ["price", "charge", "mail"])
async def test_a_node_that_runs_twice_at_once_counts_once(harness: PipelineHarness, path: str) -> None:
    """Two hands do the same; one write counts, and the remote knows the key."""
    trial = await harness.run(order(harness), 5, duplicate=path)

    assert trial.result.data == "mailed charge-1"
    harness.assert_once("charge")


async def test_all_at_once(harness: PipelineHarness) -> None:
    """Faults at several nodes of one run."""
    trial = await harness.run(order(harness), 5, crash_at="charge:after", freeze_at="mail", duplicate="price")

    assert trial.result.data == "mailed charge-1"
    harness.assert_once("charge")


async def test_without_a_key_the_harness_sees_the_second_time(harness: PipelineHarness) -> None:
    """assert_once fails when the remote was told twice and had no key to know it by."""

    async def charge(amount: int) -> str:
        return harness.remote.do("charge")

    await harness.run(Pipeline("careless", Agent("charge", charge)), 5, crash_at="charge:after")

    with pytest.raises(AssertionError, match="2 times"):
        harness.assert_once("charge")
    with pytest.raises(AssertionError, match="never"):
        harness.assert_once("refund")


async def test_people_decide_at_once(harness: PipelineHarness) -> None:
    """Approve with an edit, reject, or let the time pass: the run goes on from there."""
    flow = order(harness, expires=timedelta(days=2), on_expire="reject")

    paused = [await harness.run(flow, amount) for amount in (1, 2, 3)]
    reviews = [trial.result.review for trial in paused]
    assert [trial.result.status for trial in paused] == ["paused"] * 3
    assert reviews[0] and reviews[1] and reviews[2]
    approved = await harness.approve(reviews[0], by="ann", edit=7)
    rejected = await harness.reject(reviews[1], by="ann", reason="too much")
    expired = await harness.expire(reviews[2])

    assert approved.result.data == "mailed charge-1"
    assert rejected.result.status == "rejected"
    assert expired.result.status == "rejected"
    harness.assert_once("charge")


async def test_long_waits_take_no_time(harness: PipelineHarness) -> None:
    """Back-off that is stored, and a day's sleep, are jumped over."""
    calls = 0

    async def flaky(_: int) -> str:
        nonlocal calls
        calls += 1
        if calls < 4:
            raise Overloaded
        return "up again"

    policy = RetryPolicy(initial=30, jitter="none")
    flow = Pipeline("patient", Agent("flaky", flaky, retry_policy=policy)).sleep(timedelta(days=1))

    trial = await harness.run(flow, 1)

    assert trial.result.data == "up again"
    assert trial.waits == [30, 60, 60]
    assert trial.result.duration == pytest.approx(86400 + 150, abs=5)
