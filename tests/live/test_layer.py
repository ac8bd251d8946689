"""The channel layer keeps what a page needs to know, and no more."""

from __future__ import annotations

import asyncio

from ecoa_web.live.layer import LatestValueLayer


async def test_a_slow_socket_gets_the_newest_hint_only() -> None:
    """Hints that a socket has not read yet are replaced, so that a flood costs it one message."""
    layer = LatestValueLayer()
    channel = await layer.new_channel()
    await layer.group_add("project-1", channel)

    for cursor in range(1000):
        await layer.group_send("project-1", {"type": "hint", "cursor": cursor})

    assert await layer.receive(channel) == {"type": "hint", "cursor": 999}
    waiting = asyncio.ensure_future(layer.receive(channel))
    await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()


async def test_hints_of_different_projects_do_not_replace_each_other() -> None:
    """Latest wins within a group only."""
    layer = LatestValueLayer()
    channel = await layer.new_channel()
    await layer.group_add("project-1", channel)
    await layer.group_add("project-2", channel)

    await layer.group_send("project-1", {"type": "hint", "project": 1})
    await layer.group_send("project-2", {"type": "hint", "project": 2})

    received = [await layer.receive(channel), await layer.receive(channel)]
    assert [message["project"] for message in received] == [1, 2]


async def test_a_waiting_socket_is_woken() -> None:
    """A message that comes while a socket waits is delivered at once."""
    layer = LatestValueLayer()
    channel = await layer.new_channel()
    await layer.group_add("project-1", channel)
    waiting = asyncio.ensure_future(layer.receive(channel))
    await asyncio.sleep(0)

    await layer.group_send("project-1", {"type": "hint", "cursor": 7})

    assert await waiting == {"type": "hint", "cursor": 7}


async def test_a_closed_socket_leaves_nothing_behind() -> None:
    """After its receive is cancelled and its group left, neither mailbox nor group remains."""
    layer = LatestValueLayer()
    channel = await layer.new_channel()
    await layer.group_add("project-1", channel)
    waiting = asyncio.ensure_future(layer.receive(channel))
    await asyncio.sleep(0)

    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await layer.group_discard("project-1", channel)

    assert layer.groups() == []
    assert layer._mailboxes == {}


async def test_a_message_to_a_socket_that_just_closed_is_not_kept() -> None:
    """Between the end of a receive and the goodbye to its group a hint may come; it goes with the group."""
    layer = LatestValueLayer()
    channel = await layer.new_channel()
    await layer.group_add("project-1", channel)
    waiting = asyncio.ensure_future(layer.receive(channel))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)

    await layer.group_send("project-1", {"type": "hint", "cursor": 7})
    await layer.group_discard("project-1", channel)

    assert layer._mailboxes == {}
