"""Reviews: a run stops for people, and goes on exactly once, with what they decided."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from ecoa.agent import Agent
from ecoa.errors import EditInvalid, ReviewConflict, ReviewExpired
from ecoa.orchestrator import Pipeline, RunHandle
from ecoa.result import Result
from ecoa.review import Approve, Edit, NeedsReview, Reject, Review, decide
from ecoa.store.memory import MemoryStore
from tests.ecoa_engine.cast import Shop, double, inc


class Order(BaseModel):
    """What is placed."""

    sku: str
    confidence: float


async def read(text: str) -> Order:
    """A reader that is not always sure."""
    return Order(sku=text, confidence=0.9 if text == "clear" else 0.4)


async def place(order: Order) -> str:
    """The next step."""
    return f"placed {order.sku}"


def order(**review: Any) -> Pipeline:
    """The pipeline of the documents."""
    return Pipeline("order", read).review(when=lambda r: (r.confidence or 0) < 0.8, **review).then(place)


async def answer(result: Result[Any], decision: Approve | Edit | Reject, *, by: str = "ann") -> Result[Any]:
    """Decide, and wait for the run's end."""
    assert result.review is not None and result.run_id is not None
    await decide(result.review.id, version=result.review.version, by=by, decision=decision)
    handle: RunHandle[Any] = await Pipeline.resume(result.run_id)
    return await handle.result()


async def test_a_request_says_what_it_is_about_and_why(store: MemoryStore) -> None:
    """`title` from the value, the reason from `when`; a title that fails keeps nobody from being asked."""
    told = Pipeline("told", inc).review(when=lambda r: r.unwrap() > 1 and "over the limit of 1", title="Pay {}".format)
    fails = Pipeline("fails", inc).review(title=lambda value: value["sum"])

    asked = [await told.run(1), await fails.run(1)]

    assert all(one.review is not None for one in asked)
    rows = [await store.review(one.review.id) for one in asked if one.review is not None]
    assert [(row.title, row.reason) for row in rows] == [
        ("Pay 2", "over the limit of 1"),
        ("fails: inc", "every one is looked at"),
    ]
    assert (await Pipeline("small", inc).review(when=lambda r: r.unwrap() > 9 and "large").run(1)).status == "success"


async def test_only_what_is_doubtful_is_asked_about() -> None:
    """`when` sees the result of the step before, its confidence included."""
    assert (await order().run("clear")).data == "placed clear"

    asked = await order().run("smudged")
    assert asked.status == "paused" and asked.review is not None and asked.review.path == "review"
    assert (await answer(asked, Approve())).data == "placed smudged"


async def test_an_edit_is_checked_before_it_goes_on() -> None:
    """Against what the next step takes; what does not fit decides nothing."""
    asked = await order().run("smudged")
    with pytest.raises(EditInvalid):
        await answer(asked, Edit({"sku": 3}))

    assert (await answer(asked, Edit({"sku": "fixed", "confidence": 1.0}))).data == "placed fixed"


async def test_a_decision_counts_once() -> None:
    """Of racing decisions one, and what it leads to happens once."""
    shop = Shop()
    asked = await Pipeline("once", inc).review().then(shop.agent()).run(1)
    assert asked.review is not None and asked.run_id is not None

    answers = await asyncio.gather(
        *(decide(asked.review.id, version=1, by=f"p{n}", decision=Approve()) for n in range(10)),
        return_exceptions=True,
    )
    result = await (await Pipeline.resume(asked.run_id)).result()

    assert sum(isinstance(one, ReviewConflict) for one in answers) == 9
    assert (result.data, shop.calls) == ("shipped 2", 1)


async def test_a_double_click_never_opens_the_next_gate() -> None:
    """The second gate has a review of its own."""
    two = Pipeline("two", inc).review().then(inc).review().then(inc)
    first = await two.run(1)
    assert first.review is not None and first.run_id is not None
    await decide(first.review.id, version=1, by="ann", decision=Approve())
    with pytest.raises(ReviewConflict):
        await decide(first.review.id, version=1, by="ann", decision=Approve())

    second = await (await Pipeline.resume(first.run_id)).outcome()

    assert second.status == "paused" and second.review is not None
    assert (second.review.path, second.review.id != first.review.id) == ("review#2", True)


async def test_a_rejection_stops_compensates_or_goes_another_way() -> None:
    """As on_reject says."""
    undone: list[int] = []
    kept = inc.with_(compensate=Agent("undo", undone.append))
    stop = await answer(await Pipeline("s", kept).review().then(inc).run(1), Reject("no"))
    undo = await answer(await Pipeline("c", kept).review(on_reject="compensate").then(inc).run(1), Reject("no"))
    other = await answer(await Pipeline("o", kept).review(on_reject=double).then(inc).run(1), Reject("no"))

    assert (stop.status, undo.status, other.status, other.data) == ("rejected", "rejected", "success", 5)
    assert undone == [2]
    assert stop.error is not None and stop.error.message == "no"


async def test_an_agents_output_may_be_looked_at() -> None:
    """`require_review`: the agent does not run again after the decision."""
    shop = Shop()
    flow = Pipeline("looked at", shop.agent(require_review=Review(by="ops")), Agent("same", lambda x: x))
    by_test = Pipeline("by test", inc.with_(require_review=lambda r: (r.data or 0) > 5))

    asked = await flow.run("x")

    assert (await answer(asked, Edit("shipped y"))).data == "shipped y"
    assert shop.calls == 1
    assert ((await by_test.run(1)).status, (await by_test.run(7)).status) == ("success", "paused")


async def test_an_agent_may_ask() -> None:
    """By raising, and then the decision is the outcome unless the agent looks at it; or by ctx.review."""

    async def raises(x: int) -> int:
        if x > 5:
            raise NeedsReview("amount over limit")
        return x

    async def asks(x: int, *, ctx: Any) -> str:
        said = await ctx.review("really?", payload={"amount": x})
        return f"{said['decision']} by {said['by']}: {said['output']}"

    one = await Pipeline("raises", raises, inc).run(7)
    two = await Pipeline("raises", raises, inc).run(7)
    three = await Pipeline("asks", asks).run(7)

    assert (await answer(one, Edit(3))).data == 4
    assert (await answer(two, Reject("too much"))).status == "rejected"
    assert (await answer(three, Approve())).data == "approve by ann: {'amount': 7}"


async def test_a_paused_branch_does_not_stop_the_others(store: MemoryStore) -> None:
    """The run is paused when nothing else can run."""
    fan = Pipeline("fan").parallel(Pipeline([inc]).review(), Pipeline([double]).sleep(timedelta(hours=1)))
    handle = await fan.start(3)

    await asyncio.sleep(60)
    early = await handle.status()
    paused = await handle.outcome()

    assert (early, paused.status) == ("running", "paused")
    assert (await answer(paused, Approve())).data == [4, 6]


async def test_nobody_there_never_means_yes() -> None:
    """After its time a review is held or rejected; until then it climbs its ladder."""
    hold = await Pipeline("hold", inc).review(expires=timedelta(hours=1)).start(1)
    reject = await Pipeline("reject", inc).review(expires=timedelta(hours=1), on_expire="reject").start(1)
    climb = await Pipeline("climb", inc).review(escalate=[(timedelta(hours=1), "owners")]).start(1)
    asked = await hold.outcome()
    await asyncio.sleep(7200)

    assert (await reject.result()).status == "rejected"
    assert await hold.status() == "held"
    assert asked.review is not None
    with pytest.raises(ReviewExpired):
        await decide(asked.review.id, version=1, by="ann", decision=Approve())
    climbed = (await climb.outcome()).review
    assert climbed is not None
    assert list((await climb.store.review(climbed.id)).groups) == ["reviewers", "owners"]


async def test_a_condition_that_cannot_be_judged_asks() -> None:
    """Never the other way round."""
    unsure = await Pipeline("unsure", inc).review(when=lambda r: 1 / (r.attempts - 1) > 0).run(1)

    assert unsure.status == "paused"
