"""One LISTEN task a process: passes the database's hints on to the channel layer."""

from __future__ import annotations

import asyncio
import json
import random
import time
from typing import Any

import psycopg
import structlog
from channels.layers import get_channel_layer
from django.conf import settings

from ecoa_web.db.dsn import direct_conninfo
from ecoa_web.live.publish import CHANNEL, group, hint

log = structlog.get_logger(__name__)
RECONNECT_S = (0.2, 2.0)


class Listener:
    """Listens for as long as its event loop runs. While the database is away, sockets are told so and end; those that
    are open after a reconnect are told to look again."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self.lost = False  # it has had no connection since it last tried

    def ensure_started(self) -> None:
        """Start listening unless Redis carries the hints or this loop's task runs already."""
        if settings.CONFIG.redis_url:
            return
        loop = asyncio.get_running_loop()
        if self._task is None or self._task.done() or self._task.get_loop() is not loop:
            self._task = loop.create_task(self._run(), name="live-listener")

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except (psycopg.Error, OSError) as error:
                log.warning("live_listener_lost", error=type(error).__name__)
                self.lost = True
                await self._tell_all({"type": "lost"})
                await asyncio.sleep(random.uniform(*RECONNECT_S))  # noqa: S311  # jitter, not a secret

    async def _listen(self) -> None:
        conninfo = direct_conninfo(settings.CONFIG)
        async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True, connect_timeout=5) as conn:
            await conn.execute(f"LISTEN {CHANNEL}")
            self.lost = False
            await self._everything_may_have_changed()
            async for notify in conn.notifies():
                await pass_on(json.loads(notify.payload))

    async def _everything_may_have_changed(self) -> None:
        layer, cursor = get_channel_layer(), time.time_ns() // 1_000_000
        for name in layer.groups():
            await layer.group_send(name, hint(int(name.removeprefix("project-")), cursor))

    async def _tell_all(self, message: dict[str, Any]) -> None:
        layer = get_channel_layer()
        for name in layer.groups():
            await layer.group_send(name, message)


async def pass_on(payload: dict[str, Any]) -> None:
    """Send one notification's projects to their groups."""
    layer = get_channel_layer()
    for project_id in payload["projects"]:
        await layer.group_send(group(project_id), hint(project_id, payload["cursor"]))


listener = Listener()
