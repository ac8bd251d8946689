"""Virtual time: waits take none, order and threads stay as they are."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecoa import clock as ecoa_clock
from ecoa.testing import virtual_time

NEW_YEAR = datetime(2030, 1, 1, tzinfo=UTC)


def test_a_year_passes_at_once() -> None:
    """Sleeping moves the clock by exactly as much and takes no real time."""
    began = time.monotonic()

    with virtual_time(NEW_YEAR) as clock:
        clock.run(asyncio.sleep(365 * 86400))

    assert clock.now() - NEW_YEAR == pytest.approx(timedelta(days=365), abs=timedelta(milliseconds=1))
    assert time.monotonic() - began < 60


@given(st.lists(st.integers(0, 10**9).map(lambda ms: ms / 1000), max_size=30))
def test_timers_fire_in_order_at_their_time(delays: list[float]) -> None:
    """Whatever the waits are, each ends at its own time, and they end in the order of their times."""
    ended: list[tuple[float, float]] = []

    async def one(delay: float) -> None:
        await asyncio.sleep(delay)
        ended.append((delay, clock.elapsed))

    async def everyone() -> None:
        await asyncio.gather(*map(one, delays))

    with virtual_time() as clock:
        clock.run(everyone())

    assert [delay for delay, _ in ended] == sorted(delays)
    assert [at for _, at in ended] == pytest.approx(sorted(delays), abs=1e-6)


async def test_a_running_loop_is_taken_along() -> None:
    """Inside an async test the loop that runs it jumps too, and timers set before keep their distance."""
    loop = asyncio.get_running_loop()
    early = asyncio.Event()
    loop.call_later(3600, early.set)

    with virtual_time() as clock:
        await early.wait()

    assert clock.elapsed == pytest.approx(3600, abs=1)
    real = loop.time()
    await asyncio.sleep(0.001)
    assert 0 < loop.time() - real < 60


def test_asyncio_run_is_on_the_clock_too() -> None:
    """Code that starts its own loop needs no change."""
    with virtual_time() as clock:
        asyncio.run(asyncio.sleep(50))

    assert clock.elapsed == pytest.approx(50)


async def test_a_timeout_cuts_a_longer_wait() -> None:
    """asyncio.timeout reads the same clock."""
    with virtual_time() as clock:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30):
                await asyncio.sleep(31)

        assert clock.elapsed == pytest.approx(30)


def test_the_clock_of_ecoa_is_turned_with_it() -> None:
    """ecoa.clock tells the virtual time inside, in every thread, and the machine's afterwards."""

    async def an_hour() -> tuple[float, datetime]:
        began = ecoa_clock.monotonic()
        await asyncio.sleep(3600)
        return ecoa_clock.monotonic() - began, await asyncio.to_thread(ecoa_clock.now)

    with virtual_time(NEW_YEAR) as clock:
        passed, now = clock.run(an_hour())

    assert passed == pytest.approx(3600)
    assert timedelta(hours=1) <= now - NEW_YEAR < timedelta(hours=1, minutes=1)
    assert ecoa_clock.now() < NEW_YEAR


async def test_threads_are_waited_for() -> None:
    """While an executor works, a distant timer does not fire before the work is done."""
    release = threading.Event()

    with virtual_time() as clock:
        work = asyncio.create_task(asyncio.to_thread(release.wait))
        timer = asyncio.create_task(asyncio.sleep(3600))
        asyncio.get_running_loop().call_later(0.01, release.set)
        done, _ = await asyncio.wait({work, timer}, return_when=asyncio.FIRST_COMPLETED)

        assert done == {work}
        assert clock.elapsed < 600
        await timer
        assert clock.elapsed == pytest.approx(3600)


async def test_a_thousand_short_calls_in_threads_never_lose_to_a_timer() -> None:
    """There is no gap between the end of the work and its news in which the clock could jump."""
    with virtual_time():
        for _ in range(1000):
            async with asyncio.timeout(1000):
                await asyncio.to_thread(int)


async def test_a_socket_that_answers_is_waited_for() -> None:
    """An answer that comes within the patience is there before a distant timer."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with virtual_time(patience=60), ours, theirs:
        answer = threading.Timer(0.02, theirs.send, [b"here"])
        answer.start()

        async with asyncio.timeout(3600):
            assert await asyncio.get_running_loop().sock_recv(ours, 10) == b"here"
        answer.join()


async def test_a_silent_socket_does_not_stop_the_clock() -> None:
    """After the patience the clock jumps, so that a timeout on a dead peer needs no waiting."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with virtual_time(patience=0.01) as clock, ours, theirs:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3600):
                await asyncio.get_running_loop().sock_recv(ours, 10)

        assert clock.elapsed == pytest.approx(3600)


async def test_who_polls_the_clock_sees_it_move() -> None:
    """Code that looks at the time again and again without waiting comes to an end, too."""
    with virtual_time() as clock:
        until = clock.time() + 0.01
        while clock.time() < until:
            await asyncio.sleep(0)

        assert clock.elapsed < 1


def test_inside_another_it_is_the_same_clock() -> None:
    """Contexts nest; a second start has no meaning."""
    with virtual_time() as outer, virtual_time() as inner:
        assert inner is outer
        with pytest.raises(RuntimeError, match="already"), virtual_time(NEW_YEAR):
            pass


def test_computing_takes_no_time() -> None:
    """Two runs of the same program see the same times."""

    async def program() -> list[float]:
        seen = []
        for n in range(100):
            sum(range(n * 100))
            await asyncio.sleep(0.1)
            seen.append(round(clock.elapsed, 9))
        return seen

    runs = []
    for _ in range(2):
        with virtual_time() as clock:
            runs.append(clock.run(program()))

    assert runs[0] == runs[1]


def test_it_does_not_go_back() -> None:
    """The clock can be turned on by hand, never back."""
    with virtual_time(NEW_YEAR) as clock:
        clock.advance(5)

        assert clock.now() == NEW_YEAR + timedelta(seconds=5)
        with pytest.raises(ValueError, match="back"):
            clock.advance(-1)
