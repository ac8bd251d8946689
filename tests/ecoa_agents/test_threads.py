"""Plain functions run in threads and never block the loop."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from contextvars import ContextVar

import pytest

from ecoa.agent import Agent, agent
from ecoa.calling.context import CallContext
from ecoa.calling.threads import Threads
from ecoa.testing.clock import virtual_time

tenant: ContextVar[str] = ContextVar("tenant")


async def test_the_loop_goes_on_beside_a_plain_function() -> None:
    """It is set free by what the loop does meanwhile."""
    gate = threading.Event()

    @agent
    def blocks(x: int) -> str:
        gate.wait()
        return threading.current_thread().name

    call = asyncio.create_task(blocks.run(1))
    await asyncio.sleep(0)
    gate.set()

    assert (await call).unwrap().startswith("ecoa-agent")


async def test_context_variables_are_kept() -> None:
    """Those of the caller."""
    tenant.set("acme")

    assert (await Agent("a", lambda x: tenant.get()).run(1)).data == "acme"


async def test_many_can_block_at_once() -> None:
    """As many threads as calls, up to the limit."""
    barrier = threading.Barrier(40)

    results = await asyncio.gather(*(Agent("a", lambda x: barrier.wait()).run(1) for _ in range(40)))

    assert sorted(result.unwrap() for result in results) == list(range(40))


async def test_a_plain_function_that_hangs_is_left_behind() -> None:
    """The call ends at its timeout; the thread, which nobody can kill, keeps neither others nor the program waiting."""
    gate = threading.Event()
    hangs = Agent("a", lambda x: gate.wait(), timeout=0.01)

    results = [await hangs.run(1) for _ in range(3)]
    fine = await Agent("b", lambda x: x).run(2)
    gate.set()

    assert [result.status for result in results] == ["timeout"] * 3
    assert fine.data == 2


async def test_a_plain_function_may_call_agents() -> None:
    """run_sync goes to the loop that waits for it, within the same call: path, deadline and trace."""
    loops = []

    @agent
    async def inner(x: int, ctx: CallContext) -> tuple[str, float | None, str]:
        loops.append(asyncio.get_running_loop())
        return ctx.path, ctx.remaining(), ctx.trace_id

    @agent(timeout=30)
    def outer(x: int) -> object:
        return inner.run_sync(x)

    result = await outer.run(1)
    path, left, trace_id = result.unwrap()

    assert path == "outer/inner#1"
    assert 0 < (left or 0) <= 30
    assert trace_id == result.trace_id
    assert loops == [asyncio.get_running_loop()]


async def test_a_plain_function_may_answer_with_an_awaitable() -> None:
    """It is awaited on the loop."""

    async def later(x: int) -> int:
        return x + 1

    assert (await Agent("a", lambda x: later(x + 0)).run(1)).data == 2


async def test_virtual_time_waits_for_threads() -> None:
    """It does not jump over what a thread is doing."""
    with virtual_time():
        gate = threading.Event()
        threading.Timer(0.02, gate.set).start()

        result = await Agent("a", lambda x: gate.wait(), timeout=30).run(1)

        assert result.status == "success"


def test_no_more_threads_than_allowed() -> None:
    """Further calls wait for one, and none is lost."""
    pool, gate = Threads(most=3), threading.Event()

    futures = [pool.submit(lambda n=n: (gate.wait(), n)[1]) for n in range(20)]  # type: ignore[misc]
    assert pool.alive == 3
    gate.set()

    assert [future.result(10) for future in futures] == list(range(20))
    assert pool.alive == 3


def test_idle_threads_are_used_again() -> None:
    """One after the other needs but one."""
    pool = Threads()

    names = set()
    for _ in range(20):
        names.add(pool.submit(lambda: threading.current_thread().name).result(10))
        while pool._idle == 0:
            threading.Event().wait(0.001)

    assert len(names) == 1


def test_what_a_function_raises_is_raised_where_it_is_waited_for() -> None:
    """Whatever it is."""

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Threads().submit(stop).result(10)


FORKS = """
import os, sys, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # threads and fork: that is the point
from ecoa.agent import Agent

double = Agent("double", lambda x: 2 * x)
assert double.run_sync(1).data == 2
child = os.fork()
if child == 0:
    os._exit(double.run_sync(4).data)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.slow  # a process of its own
def test_a_forked_worker_has_threads_of_its_own() -> None:
    """Servers that fork after an agent was called: the child begins anew."""
    assert subprocess.run([sys.executable, "-c", FORKS], timeout=30, check=False).returncode == 8
