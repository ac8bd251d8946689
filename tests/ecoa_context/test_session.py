"""SessionContext: what a user's requests remember of each other, on both stores."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from ecoa.agent import Agent
from ecoa.context import SessionContext, owner_of
from ecoa.errors import ResultNotSerializable
from ecoa.store.base import Store
from ecoa.store.bridge import close_bridge

pytestmark = pytest.mark.usefixtures("store")


async def committed(store: Store, owner: str = "ada") -> dict[str, str]:
    return {key: text for key, (text, _) in (await store.read_session(owner)).items()}


async def test_the_next_request_finds_what_the_last_one_wrote() -> None:
    """Plain set and get, and closing."""
    first = SessionContext("ada")
    first.set("intent", "return")
    first.set("amount", Decimal("12.50"))
    first.close()

    second = SessionContext("ada")

    assert (second.get("intent"), second.get("amount"), second.get("none", 7)) == ("return", Decimal("12.50"), 7)


async def test_own_writes_are_seen_at_once(store: Store) -> None:
    """Before anything is committed, and nobody else sees them."""
    context = SessionContext("ada")
    context.set("intent", "order")

    assert context.get("intent") == "order"
    assert await committed(store) == {}


async def test_a_context_keeps_its_snapshot() -> None:
    """What others commit later is not seen half-way."""
    context, other = SessionContext("ada"), SessionContext("ada")
    assert context.get("step") is None
    await other.aset("step", 2)

    assert context.get("step") is None
    assert SessionContext("ada").get("step") == 2


async def test_writes_of_two_requests_merge_per_key() -> None:
    """Neither wipes out what the other wrote beside it."""
    one, two = SessionContext("ada"), SessionContext("ada")
    for context, key in ((one, "a"), (two, "b")):
        context.get(key)
        context.set(key, 1)
    one.close()
    two.close()

    after = SessionContext("ada")
    assert (after.get("a"), after.get("b")) == (1, 1)


async def test_an_update_runs_again_when_another_came_first() -> None:
    """Twenty requests that count one up at the same time count to twenty."""

    async def request() -> None:
        async with SessionContext("ada") as context:
            await asyncio.sleep(0)
            context.update("count", lambda count: (count or 0) + 1)

    await asyncio.gather(*(request() for _ in range(20)))

    assert SessionContext("ada").get("count") == 20


async def test_updates_follow_each_other_in_one_context() -> None:
    """Several changes of one key, after a set and before it."""
    context = SessionContext("ada")
    context.set("list", [1])
    assert context.update("list", lambda items: [*items, 2]) == [1, 2]
    await context.flush()
    context.update("list", lambda items: [*items, 3])
    context.update("list", lambda items: [*items, 4])
    await context.flush()

    assert SessionContext("ada").get("list") == [1, 2, 3, 4]


async def test_an_exception_takes_the_writes_with_it(store: Store) -> None:
    """Leaving `async with` by an exception commits nothing."""
    with pytest.raises(ValueError, match="no"):
        async with SessionContext("ada") as context:
            context.set("intent", "order")
            raise ValueError("no")

    assert await committed(store) == {}


async def test_clear_forgets_everything(store: Store) -> None:
    """The stored and the new."""
    await SessionContext("ada").aset("old", 1)
    async with SessionContext("ada") as context:
        context.set("new", 2)
        context.clear()
        assert (context.get("old"), context.get("new")) == (None, None)

    assert await committed(store) == {}


async def test_users_and_conversations_are_apart() -> None:
    """Another user, another session of the same user."""
    await SessionContext("ada").aset("x", 1)
    await SessionContext("ada", session="chat-1").aset("x", 2)

    assert SessionContext("bob").get("x") is None
    assert SessionContext("ada").get("x") == 1
    assert SessionContext("ada", session="chat-1").get("x") == 2
    assert owner_of("a/b") != owner_of("a", "b")


async def test_a_shared_context_hides_nothing() -> None:
    """Every get sees what is committed now, every set is committed at once."""
    one, two = SessionContext("room", shared=True), SessionContext("room", shared=True)
    one.set("topic", "tea")
    assert two.get("topic") == "tea"
    two.set("topic", "coffee")
    assert one.get("topic") == "coffee"


async def test_a_value_is_a_copy() -> None:
    """Changing what get returned changes nothing stored."""
    context = SessionContext("ada")
    context.set("list", [1])
    context.get("list").append(2)

    assert context.get("list") == [1]


async def test_what_has_no_json_form_is_refused_at_once() -> None:
    """At the line that sets it."""
    with pytest.raises(ResultNotSerializable):
        SessionContext("ada").set("handle", object())


async def test_the_next_agent_call_commits(store: Store) -> None:
    """What an agent is told may lean on what the session says."""
    seen: list[dict[str, str]] = []

    async def look(_: str) -> None:
        seen.append(await committed(store))

    context = SessionContext("ada")
    context.set("last_message", "hello")
    looking: Agent[str, None] = Agent("look-at-session", look)
    await looking.run("x")

    assert seen == [{"last_message": '"hello"'}]


def test_a_plain_script_needs_no_loop(store: Store) -> None:
    """get, set and close where nothing is asynchronous."""
    context = SessionContext("ada")
    context.set("x", 1)
    context.close()

    assert SessionContext("ada").get("x") == 1


def test_what_a_loop_left_behind_is_not_lost(store: Store) -> None:
    """`asyncio.run` that ends before the second is over."""

    async def request() -> None:
        SessionContext("eve").set("x", 1)

    asyncio.run(request())
    close_bridge(store)  # as when the process ends

    assert SessionContext("eve").get("x") == 1
