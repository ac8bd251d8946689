"""Compensation, forks and definitions that changed."""

from __future__ import annotations

from typing import Any

import pytest

from ecoa.agent import Agent
from ecoa.errors import Misuse
from ecoa.orchestrator import Pipeline
from ecoa.review import Approve, decide
from ecoa.store.memory import MemoryStore
from tests.ecoa_engine.cast import Shop, double, fail, inc, total


class Ledger:
    """What was reserved and given back, in order."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def reserves(self, name: str, *, undo: Any = None) -> Agent[Any, Any]:
        """A step that can be undone."""

        async def reserve(x: Any) -> str:
            self.lines.append(f"+{name}")
            return name

        async def give_back(x: str) -> None:
            self.lines.append(f"-{x}")

        return Agent(name, reserve, compensate=undo or Agent(f"undo_{name}", give_back))


async def test_what_was_done_is_undone_backwards(store: MemoryStore) -> None:
    """Each as a node of its own; the run ends with the failure that it began with."""
    ledger = Ledger()

    handle = await Pipeline("trip", ledger.reserves("flight"), ledger.reserves("hotel"), fail).start(1)
    result = await handle.result()

    assert ledger.lines == ["+flight", "+hotel", "-hotel", "-flight"]
    assert (result.status, str(result.error)) == ("error", "no to hotel")
    assert [row.path for row in await store.nodes(handle.id)][-3:] == ["$compensate", "undo:hotel", "undo:flight"]


async def test_what_cannot_be_undone_is_held() -> None:
    """Somebody has to look; released, it goes on with the others."""
    ledger, broken = Ledger(), True

    async def stubborn(x: str) -> None:
        if broken:
            raise ValueError("no")
        ledger.lines.append(f"-{x}")

    flow = Pipeline("stuck", ledger.reserves("a"), ledger.reserves("b", undo=Agent("stubborn", stubborn)), fail)
    handle = await flow.start(1)
    held = await handle.outcome()
    broken = False
    await handle.release("undo:b", decision="again")
    result = await handle.result()

    assert (held.status, result.status) == ("held", "error")
    assert ledger.lines == ["+a", "+b", "-b", "-a"]


async def test_a_run_that_was_undone_does_not_go_on() -> None:
    """The same key tells its failure: its steps are gone."""
    ledger = Ledger()
    flow = Pipeline("undone", ledger.reserves("a"), fail)
    await flow.run(1, idempotency_key="k")

    again = await flow.run(1, idempotency_key="k")

    assert (again.status, again.replayed, ledger.lines) == ("error", True, ["+a", "-a"])


async def test_a_doubtful_effect_waits_for_a_word() -> None:
    """A guarded call that may have happened is never repeated by itself."""
    calls = 0

    async def pay(x: int) -> int:
        nonlocal calls
        calls += 1
        raise ConnectionError("reset by peer")

    flow = Pipeline("doubt", Agent("pay", pay, effect="guarded"), inc)
    handle = await flow.start(1)
    unknown = await handle.outcome()
    await handle.release("pay", decision="done", output=41)

    assert (unknown.status, calls) == ("unknown", 1)
    assert (await handle.result()).data == 42


async def test_a_fork_asks_about_every_effect() -> None:
    """Reuse its result, or do it again with another key; nothing is assumed."""
    shop = Shop()
    flow = Pipeline("forked", inc, shop.agent(), Agent("same", lambda x: x))
    handle = await flow.start(1)
    await handle.result()

    with pytest.raises(Misuse, match="ship"):
        await handle.fork("inc")
    reused = await (await handle.fork("inc", effects={"ship": "reuse"}, input=5)).result()
    again = await (await handle.fork("inc", effects={"ship": "again"}, input=5)).result()
    later = await (await handle.fork("same")).result()

    assert (reused.data, again.data, later.data) == ("shipped 2", "shipped 6", "shipped 2")
    assert list(shop.shipped.values()) == [2, 6]


async def test_a_fork_is_at_a_step_of_its_own() -> None:
    """Branches belong together."""
    fan = Pipeline("fan").parallel(inc, double, name="fan").then(total)
    handle = await Pipeline("forks", inc, fan).start(1)
    await handle.result()

    with pytest.raises(Misuse, match="inside"):
        await handle.fork("fan/fan[inc].inc")
    assert (await (await handle.fork("fan/fan")).result()).data == 7


async def test_a_paused_run_goes_on_under_new_code() -> None:
    """Where the node and what follows it are still there."""
    handle = await Pipeline("deployed", inc).review().then(double).start(1)
    asked = await handle.outcome()
    del handle._pipeline  # the old code is gone
    Pipeline("deployed", inc, inc.with_()).review().then(double, inc)

    assert asked.review is not None
    await decide(asked.review.id, version=1, by="ann", decision=Approve())
    result = await handle.result()

    assert (result.status, result.data) == ("success", 5)
    assert "migrated" in [event.kind for event in await handle.store.events(handle.id)]


@pytest.mark.parametrize("how", ["gone", "hold"])
async def test_a_run_that_does_not_fit_is_held(how: str) -> None:
    """Never finished silently: a person decides."""
    name = f"held-{how}"
    handle = await Pipeline(name, inc).review().then(double).start(1)
    asked = await handle.outcome()
    del handle._pipeline
    if how == "gone":
        Pipeline(name, inc).review().then(inc)
    else:
        Pipeline(name, inc, on_change="hold").review().then(double, inc)

    assert asked.review is not None
    await decide(asked.review.id, version=1, by="ann", decision=Approve())
    result = await handle.outcome()
    while result.status == "paused":
        result = await handle.outcome()

    assert result.status == "held" and result.error is not None and result.error.type == "PipelineChanged"
