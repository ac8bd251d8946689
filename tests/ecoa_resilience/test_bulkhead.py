"""So many calls at a time, the others in order."""

from __future__ import annotations

import asyncio

import pytest

from ecoa.errors import Overloaded
from ecoa.resilience import Bulkhead


async def test_no_more_than_the_limit_are_inside() -> None:
    """Whoever comes later waits."""
    bulkhead, most = Bulkhead(3), 0

    async def visit() -> None:
        nonlocal most
        async with bulkhead:
            most = max(most, bulkhead.inside)
            await asyncio.sleep(0)

    await asyncio.gather(*(visit() for _ in range(20)))

    assert most == 3
    assert bulkhead.inside == 0 and bulkhead.waiting == 0


async def test_waiting_is_in_order() -> None:
    """Who came first goes first."""
    bulkhead, order = Bulkhead(1), []

    async def visit(name: int) -> None:
        async with bulkhead:
            order.append(name)
            await asyncio.sleep(0)

    await asyncio.gather(*(visit(name) for name in range(10)))

    assert order == list(range(10))


async def test_a_full_queue_refuses() -> None:
    """With queue=1 the third is told at once."""
    bulkhead = Bulkhead(1, queue=1)
    async with bulkhead:
        second = asyncio.create_task(bulkhead.acquire())
        await asyncio.sleep(0)

        with pytest.raises(Overloaded):
            await bulkhead.acquire()

    await second
    bulkhead.release()


async def test_cancelled_waiters_lose_no_place() -> None:
    """Whether they were cancelled while waiting or on the way in."""
    bulkhead = Bulkhead(1)
    await bulkhead.acquire()
    waiting = [asyncio.create_task(bulkhead.acquire()) for _ in range(3)]
    await asyncio.sleep(0)

    waiting[0].cancel()
    bulkhead.release()  # goes to the second, who is cancelled before it wakes
    waiting[1].cancel()
    await waiting[2]
    bulkhead.release()
    await asyncio.gather(*waiting, return_exceptions=True)

    assert bulkhead.inside == 0
    async with bulkhead:
        assert bulkhead.inside == 1


async def test_loops_of_other_threads_may_share_it() -> None:
    """A place that one loop gives back wakes who waits on another."""
    bulkhead = Bulkhead(1)
    await bulkhead.acquire()

    async def visit() -> str:
        async with bulkhead:
            return "was inside"

    other = asyncio.create_task(asyncio.to_thread(asyncio.run, visit()))
    while not bulkhead.waiting:
        await asyncio.sleep(0.001)
    bulkhead.release()

    assert await other == "was inside"


def test_it_has_room() -> None:
    """A bulkhead of nothing is a mistake."""
    with pytest.raises(ValueError):
        Bulkhead(0)


async def test_a_place_that_was_given_to_a_cancelled_waiter_is_not_lost() -> None:
    """It had its place already when it was cancelled."""
    bulkhead = Bulkhead(1)
    await bulkhead.acquire()
    waiting = asyncio.create_task(bulkhead.acquire())
    await asyncio.sleep(0)
    bulkhead.release()
    asyncio.get_running_loop().call_soon(waiting.cancel)  # after the place was handed over, before it wakes
    await asyncio.gather(waiting, return_exceptions=True)

    assert waiting.cancelled()
    assert repr(bulkhead) == "Bulkhead(1, inside=0, waiting=0)"


async def test_loops_that_ended_are_passed_over() -> None:
    """Who waited there does not wait any more."""
    bulkhead = Bulkhead(1)
    await bulkhead.acquire()
    loop = asyncio.new_event_loop()
    loop.close()
    bulkhead._waiting.append((loop, asyncio.get_running_loop().create_future()))

    bulkhead.release()

    assert (bulkhead.inside, bulkhead.waiting) == (0, 0)
