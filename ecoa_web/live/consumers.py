"""The socket of an open page: it gets hints, never state, and may only say that it is alive."""

from __future__ import annotations

import asyncio
import time
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.contrib.auth import get_user
from django.http import Http404, HttpRequest

from ecoa_web.accounts.access import visible_project
from ecoa_web.accounts.models import Project
from ecoa_web.live.listener import listener
from ecoa_web.live.publish import group

HINT_EVERY_S = 0.25  # a busy project rings a page at most four times a second
RECHECK_S = 30.0  # a page keeps its socket no longer than its right to see the project
CLIENT_MESSAGES_A_MINUTE = 30
NOT_ALLOWED, TOO_MUCH = 4403, 4429


class LiveConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]  # channels has no types
    """/ws/live/?project=SLUG: sends {"type": "hint", "project": id, "cursor": milliseconds}."""

    project_id: int | None = None
    recheck: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        project = await self._project()
        if project is None:
            await self.close(code=NOT_ALLOWED)
            return
        self.project_id = project.pk
        self.sent_at = 0.0
        self.window_began, self.heard = time.monotonic(), 0
        listener.ensure_started()
        await self.channel_layer.group_add(group(project.pk), self.channel_name)
        await self.accept()
        self.recheck = asyncio.create_task(self._keep_checking())

    async def disconnect(self, code: int) -> None:
        if self.recheck is not None:
            self.recheck.cancel()
        if self.project_id is not None:
            await self.channel_layer.group_discard(group(self.project_id), self.channel_name)

    async def receive_json(self, content: Any, **kwargs: Any) -> None:  # anything a client sends
        now = time.monotonic()
        if now - self.window_began > 60:
            self.window_began, self.heard = now, 0
        self.heard += 1
        if self.heard > CLIENT_MESSAGES_A_MINUTE:
            await self.close(code=TOO_MUCH)

    async def decode_json(self, text_data: str) -> Any:
        """Only the fact that the page is there counts; what it says is not read."""
        return None

    async def hint(self, message: dict[str, Any]) -> None:
        """Pass a hint on; those that come meanwhile replace each other in the channel layer."""
        await asyncio.sleep(max(0.0, self.sent_at + HINT_EVERY_S - time.monotonic()))
        self.sent_at = time.monotonic()
        await self.send_json({"type": "hint", "project": message["project"], "cursor": message["cursor"]})

    async def _keep_checking(self) -> None:
        while True:
            await asyncio.sleep(RECHECK_S)
            if await self._project() is None:
                await self.close(code=NOT_ALLOWED)
                return

    async def _project(self) -> Project | None:
        slug = parse_qs(self.scope["query_string"].decode("latin-1")).get("project", [""])[0]
        project: Project | None = await database_sync_to_async(self._visible, thread_sensitive=False)(slug)
        return project

    def _visible(self, slug: str) -> Project | None:
        # The session is read anew each time: a sign-out or a lost membership ends the socket.
        request = HttpRequest()
        request.session = type(self.scope["session"]._wrapped)(self.scope["session"].session_key)
        try:
            return visible_project(get_user(request), slug)
        except Http404:
            return None
