"""Agents that end as no agent should: the failure stays the agent's own."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import pytest

from ecoa.agent import Agent
from ecoa.orchestrator import Pipeline

if TYPE_CHECKING:
    from collections.abc import Callable


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


class Stop(BaseException):
    pass


def leaves(x: int) -> int:
    sys.exit(3)


def stops(x: int) -> int:
    raise Stop("here")


def leaks_a_cancel(x: int) -> int:
    raise asyncio.CancelledError


async def leaves_the_loop(x: int) -> int:
    sys.exit(3)


async def awaits_what_was_cancelled(x: int) -> int:
    other: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    other.cancel()
    return await other


@pytest.mark.parametrize(
    ("odd", "kind"),
    [
        (leaves, "SystemExit"),
        (stops, "Stop"),
        (leaks_a_cancel, "CancelledError"),
        (leaves_the_loop, "SystemExit"),
        (awaits_what_was_cancelled, "CancelledError"),
    ],
)
async def test_what_leaves_an_agent_ends_only_its_call(odd: Callable[[int], Any], kind: str) -> None:
    """sys.exit() or a cancel that leaked is an error of the agent: neither the process nor the run hangs or ends."""
    agent = Agent(f"odd {odd.__name__}", odd)

    alone = await agent.run(1)
    in_a_run = await Pipeline(f"odd {odd.__name__}", agent).run(1)

    for result in (alone, in_a_run):
        assert (result.status, result.error and result.error.type) == ("error", kind)


async def test_a_cancel_of_the_caller_still_cancels() -> None:
    """Who cancels the task that awaits an agent gets CancelledError, not a Result."""
    begun = asyncio.Event()

    async def waits(x: int) -> None:
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(Agent("waits", waits).run(1))
    await begun.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_without_words_is_an_error() -> None:
    """An exception whose own str() fails is told by its type."""

    def fails(x: int) -> int:
        raise Unspeakable

    result = await Agent("unspeakable", fails).run(1)

    assert result.status == "error"
    assert result.error is not None and "Unspeakable" in result.error.message
