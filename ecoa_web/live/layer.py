"""The channel layer inside one process: bounded, the latest message of each kind wins.

Channels' own in-memory layer drops messages at 100, copies each message for every member and forgets members after
a day. Pages need less: to know that something changed since they last looked. So a channel keeps one message for each
group, the newest, and a slow socket costs one dictionary entry.
"""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

from channels.layers import BaseChannelLayer

Message = dict[str, Any]  # what Channels passes around


class Mailbox:
    """The newest message of each sender, in order of arrival, and who waits for one."""

    def __init__(self) -> None:
        self.messages: dict[str, Message] = {}
        self.waiter: asyncio.Future[None] | None = None

    def put(self, sender: str, message: Message) -> None:
        self.messages[sender] = message
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)

    async def take(self) -> Message:
        while not self.messages:
            self.waiter = asyncio.get_running_loop().create_future()
            await self.waiter
        return self.messages.pop(next(iter(self.messages)))


class LatestValueLayer(BaseChannelLayer):  # type: ignore[misc]  # channels has no types
    """A Channels layer for one event loop in which a newer message of a group replaces the older."""

    extensions = ("groups",)

    def __init__(self, expiry: int = 60, capacity: int = 100, channel_capacity: dict[str, int] | None = None) -> None:
        super().__init__(expiry=expiry, capacity=capacity, channel_capacity=channel_capacity)
        self._mailboxes: dict[str, Mailbox] = {}
        self._groups: dict[str, set[str]] = {}

    async def new_channel(self, prefix: str = "specific") -> str:
        return f"{prefix}.process!{uuid4().hex}"

    async def send(self, channel: str, message: Message) -> None:
        self._mailbox(channel).put(channel, message)

    async def receive(self, channel: str) -> Message:
        mailbox = self._mailbox(channel)
        try:
            return await mailbox.take()
        finally:
            if not mailbox.messages:  # read, or never to be read: the socket may be gone
                self._mailboxes.pop(channel, None)

    async def group_add(self, group: str, channel: str) -> None:
        self._groups.setdefault(group, set()).add(channel)

    async def group_discard(self, group: str, channel: str) -> None:
        """Leave a group. With its last group a channel leaves behind what it has not read, too."""
        members = self._groups.get(group, set())
        members.discard(channel)
        if not members:
            self._groups.pop(group, None)
        if not any(channel in others for others in self._groups.values()):
            self._mailboxes.pop(channel, None)

    async def group_send(self, group: str, message: Message) -> None:
        for channel in self._groups.get(group, ()):
            self._mailbox(channel).put(group, message)

    def groups(self) -> list[str]:
        """Every group that has a member."""
        return list(self._groups)

    def _mailbox(self, channel: str) -> Mailbox:
        return self._mailboxes.setdefault(channel, Mailbox())
