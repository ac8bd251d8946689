"""The socket of an open page: it gets hints, never state, and may only say that it is alive."""

from __future__ import annotations

import asyncio
import time
from typing import Any
from urllib.parse import parse_qs

import structlog
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.contrib.auth import get_user
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest

from ecoa_web.accounts.access import visible_project
from ecoa_web.accounts.models import Project
from ecoa_web.live.listener import listener
from ecoa_web.live.publish import group

HINT_EVERY_S = 0.25  # a busy project rings a page at most four times a second
RECHECK_S = 30.0  # a page keeps its socket no longer than its right to see the project
CLIENT_MESSAGES_A_MINUTE = 30
NOT_ALLOWED, TOO_MUCH, TRY_LATER = 4403, 4429, 4503

log = structlog.get_logger(__name__)


class LiveConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]  # channels has no types
    """/ws/live/?project=SLUG: sends {"type": "hint", "project": id, "cursor": milliseconds}."""

    project_id: int | None = None
    recheck: asyncio.Task[None] | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # ASGI's own shapes
        """One socket from its first message to its last. However it ends, it leaves nothing behind."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            if self.recheck is not None:
                self.recheck.cancel()
            if self.project_id is not None:
                await self.channel_layer.group_discard(group(self.project_id), self.channel_name)

    async def connect(self) -> None:
        if listener.lost:  # without asking: while the database is away every open page tries again and again
            await self.close(code=TRY_LATER)
            return
        project = await self._project_or_close()
        if project is None:
            return
        self.project_id = project.pk
        self.sent_at = 0.0
        self.window_began, self.heard = time.monotonic(), 0
        listener.ensure_started()
        await self.channel_layer.group_add(group(project.pk), self.channel_name)
        await self.accept()
        self.recheck = asyncio.create_task(self._keep_checking())

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **_: Any) -> None:
        """Only the fact that the page is there counts; what it says is not read."""
        now = time.monotonic()
        if now - self.window_began > 60:
            self.window_began, self.heard = now, 0
        self.heard += 1
        if self.heard > CLIENT_MESSAGES_A_MINUTE:
            await self.close(code=TOO_MUCH)

    async def hint(self, message: dict[str, Any]) -> None:
        """Pass a hint on; those that come meanwhile replace each other in the channel layer."""
        await asyncio.sleep(max(0.0, self.sent_at + HINT_EVERY_S - time.monotonic()))
        self.sent_at = time.monotonic()
        await self.send_json({"type": "hint", "project": message["project"], "cursor": message["cursor"]})

    async def lost(self, message: dict[str, Any]) -> None:
        """No hints come for now: the page says so, and comes back."""
        await self.close(code=TRY_LATER)

    async def _keep_checking(self) -> None:
        while True:
            await asyncio.sleep(RECHECK_S)
            if await self._project_or_close() is None:
                return

    async def _project_or_close(self) -> Project | None:
        """The project; without a right to see it, or a database that can tell, the socket ends."""
        try:
            project = await self._project()
        except (OperationalError, InterfaceError) as error:
            log.warning("live_without_database", error=type(error).__name__)
            await self.close(code=TRY_LATER)
            return None
        if project is None:
            await self.close(code=NOT_ALLOWED)
        return project

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
