"""A run's session: prefetched values, writes that go with the node's completion."""

from __future__ import annotations

from ecoa.context import SessionContext
from ecoa.store.memory import MemoryStore


def of_run(**values: tuple[str, int]) -> SessionContext:
    return SessionContext.of_run("ada", values, store=MemoryStore())


async def test_writes_are_handed_to_the_completion() -> None:
    """With the versions that updates were made from; nothing is written before."""
    context = of_run(count=("1", 4))
    assert context.writes() is None
    context.set("intent", "order")
    context.update("count", lambda count: count + 1)
    await context.flush()

    writes = context.writes()

    assert writes is not None
    assert (writes.owner, writes.values) == ("ada", {"intent": '"order"', "count": "2"})
    assert writes.expect == {"count": 4}


async def test_a_failed_attempts_writes_vanish() -> None:
    """Those of before stay."""
    context = of_run()
    context.set("kept", 1)
    mark = context.mark()
    context.set("kept", 2)
    context.set("lost", 2)
    context.rollback(mark)

    assert (context.get("kept"), context.get("lost")) == (1, None)


async def test_an_overtaken_update_runs_again() -> None:
    """On the values of the commit that came first; plain sets stay."""
    context = of_run(count=("1", 4))
    context.set("intent", "order")
    context.update("count", lambda count: count + 1)
    context.rebase({"count": ("10", 5)})

    writes = context.writes()

    assert writes is not None
    assert writes.values == {"intent": '"order"', "count": "11"}
    assert writes.expect == {"count": 5}
